//! The state of a host as text.

use std::fmt::Write;

use crate::measure::doctor::{Item, Level};
use crate::record::Host;

/// The host, what it can measure, and what would disturb it, with remedies.
pub fn doctor_text(host: &Host, measurable: &[Item], disturbing: &[Item]) -> String {
    let mut text =
        format!("{}: {}, {} GiB, {}, kernel {}\n", host.class, host.cpu, host.memory_gib, host.os, host.kernel);
    for (title, items, worst) in [("can measure", measurable, "no"), ("could disturb", disturbing, "?")] {
        let _ = writeln!(text, "\n{title}");
        for item in items {
            let mark = match item.level {
                Level::Good => "ok",
                Level::Note => worst,
                Level::Warning => "warn",
                Level::Unusable => "STOP",
            };
            let _ = writeln!(text, "  {mark:<4}  {:<15}  {}", item.name, item.words);
            if let Some(remedy) = item.remedy {
                let _ = writeln!(text, "        {:<15}  help: {remedy}", "");
            }
        }
    }
    let stops = disturbing.iter().any(|item| item.level == Level::Unusable);
    let words = if stops { "do not measure here now" } else { "this host can be measured on" };
    let _ = writeln!(text, "\n{words}");
    text
}
