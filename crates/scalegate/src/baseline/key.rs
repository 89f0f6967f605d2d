//! The key that counts are valid under.

use crate::measure::KEY_FIELDS;
use crate::record::Series;

/// The key of counts that came without any of the fields, from another tool.
const OF_ANOTHER_TOOL: &str = "imported";

/// What the counts of a series depend on beside the code, as the name of a directory:
/// `x86_64-rustc-1.95.0-opt-level-3-valgrind-3.19.0-fma-glibc-2.36`.
pub fn count_key(series: &Series) -> String {
    let part = |field: &&str| {
        let value = series.protocol.get(*field)?;
        Some(match *field {
            "rustc" | "valgrind" => format!("{field} {value}"),
            _ => value.clone(),
        })
    };
    let text = KEY_FIELDS.iter().filter_map(part).collect::<Vec<_>>().join(" ");
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { ' ' };
    let key = text.chars().map(plain).collect::<String>().split_whitespace().collect::<Vec<_>>().join("-");
    if key.chars().all(|c| c == '.') { OF_ANOTHER_TOOL.to_owned() } else { key }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Axis;
    use crate::metric::Metric;

    fn series(protocol: &[(&str, &str)]) -> Series {
        Series {
            protocol: protocol.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
            unavailable: Some("a test".to_owned()),
            ..Series::new("llm/decode", Axis::TOKENS, Metric::Instructions)
        }
    }

    #[test]
    fn a_key_names_what_counts_depend_on_and_nothing_else() {
        let instructions = series(&[
            ("architecture", "x86_64"),
            ("kernels", "fma"),
            ("libc", "glibc 2.36"),
            ("optimisation", "opt-level 3"),
            ("prompt_seed", "2512"),
            ("rustc", "1.95.0"),
            ("valgrind", "3.19.0"),
        ]);
        assert_eq!(count_key(&instructions), "x86_64-rustc-1.95.0-opt-level-3-valgrind-3.19.0-fma-glibc-2.36");
        let heap = series(&[("architecture", "aarch64"), ("kernels", "neon"), ("rustc", "1.95.0")]);
        assert_eq!(count_key(&heap), "aarch64-rustc-1.95.0-neon");
    }

    #[test]
    fn compiler_flags_cannot_lead_out_of_the_directory() {
        let key = count_key(&series(&[("optimisation", "opt-level 3 -C target-cpu=native ../x")]));
        assert_eq!(key, "opt-level-3-C-target-cpu-native-..-x");
    }
}
