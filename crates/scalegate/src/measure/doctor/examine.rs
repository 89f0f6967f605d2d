//! What the facts come to; pure.

use super::{Facts, Power};
use crate::measure::disturbance::{flags_now, flags_since_start};

/// A load of others above this disturbs a measurement; the same as what a window tolerates by default.
const LOAD: f64 = 0.5;

/// The models of the default suite and their runtime take well below this.
const LEAST_MEMORY_GIB: f64 = 1.0;

/// Raspberry Pis and laptops throttle from about 80 °C on; from here on a long run may get there.
const WARM_C: f64 = 70.0;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// To be known: something can't be measured, or isn't reported.
    Note,
    /// Disturbs, and measuring is possible.
    Warning,
    /// What would be measured now could not be used.
    Unusable,
}

/// One thing about a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is about.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// How it is.
    pub words: String,
    /// What to do about it, unless it is as it should be.
    pub remedy: Option<&'static str>,
}

/// What can be measured, and what would disturb it.
pub fn examine(facts: &Facts) -> (Vec<Item>, Vec<Item>) {
    (measurable(facts), disturbing(facts))
}

fn good(name: &'static str, words: impl Into<String>) -> Item {
    Item { name, level: Level::Good, words: words.into(), remedy: None }
}

fn bad(name: &'static str, level: Level, words: impl Into<String>, remedy: &'static str) -> Item {
    Item { name, level, words: words.into(), remedy: Some(remedy) }
}

fn not_told(name: &'static str) -> Item {
    Item { name, level: Level::Note, words: "not reported by this host".to_owned(), remedy: None }
}

fn measurable(facts: &Facts) -> Vec<Item> {
    // The reasons say what would help.
    let unavailable = |name, reason: &String| Item { name, level: Level::Note, words: reason.clone(), remedy: None };
    vec![
        good("wall_time", "by Criterion"),
        good("cpu_time", "by the system's clock of a process"),
        good("rss_auc", "by sampling"),
        good("heap_bytes", "by the allocator"),
        facts.valgrind.as_ref().map_or_else(
            |reason| unavailable("instructions", reason),
            |version| good("instructions", format!("by valgrind {version}")),
        ),
        facts.counter.as_ref().map_or_else(
            |reason| unavailable("instructions_hw", reason),
            |()| good("instructions_hw", "by the processor's counter"),
        ),
        facts.meter.as_ref().map_or_else(|reason| unavailable("energy", reason), |meter| good("energy", meter)),
    ]
}

fn disturbing(facts: &Facts) -> Vec<Item> {
    vec![
        throttling(facts),
        temperature(facts),
        governor(facts),
        frequencies(facts),
        cores(facts),
        load(facts),
        memory(facts),
        power(facts),
        low_power_mode(facts),
    ]
}

fn throttling(facts: &Facts) -> Item {
    const NAME: &str = "throttling";
    const REMEDY: &str = "fix power supply and cooling; what is measured meanwhile is inconclusive";
    let conditions = &facts.conditions;
    if let Some(percent) = facts.speed_limit.filter(|percent| *percent < 100) {
        return bad(NAME, Level::Unusable, format!("macOS limits the processor to {percent} % of its speed"), REMEDY);
    }
    let flags = conditions.firmware_flags.unwrap_or(0);
    let (now, before) = (flags_now(flags), flags_since_start(flags));
    if !now.is_empty() {
        return bad(NAME, Level::Unusable, format!("the firmware reports {} now", now.join(", ")), REMEDY);
    }
    if !before.is_empty() {
        let words = format!("the firmware has seen {} since the start, and not now", before.join(", "));
        return bad(NAME, Level::Warning, words, "fix power supply and cooling, and start the machine anew");
    }
    match (conditions.throttle_events, conditions.firmware_flags.is_some() || facts.speed_limit.is_some()) {
        (Some(0), _) | (None, true) => good(NAME, "never since the start"),
        (Some(events), _) => {
            bad(NAME, Level::Warning, format!("{events} times since the start"), "see to the cooling of the machine")
        }
        (None, false) => not_told(NAME),
    }
}

fn temperature(facts: &Facts) -> Item {
    const NAME: &str = "temperature";
    match facts.conditions.temperature_c {
        None => not_told(NAME),
        Some(celsius) if celsius >= WARM_C => {
            let words = format!("{celsius:.0} °C");
            bad(NAME, Level::Warning, words, "let it cool down, and see to a fan: it throttles at about 80 °C")
        }
        Some(celsius) => good(NAME, format!("{celsius:.0} °C")),
    }
}

fn governor(facts: &Facts) -> Item {
    const NAME: &str = "governor";
    match &*facts.conditions.governors {
        [] => not_told(NAME),
        [one] if one == "performance" => good(NAME, "performance"),
        others => bad(
            NAME,
            Level::Warning,
            others.join(", "),
            "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
        ),
    }
}

fn frequencies(facts: &Facts) -> Item {
    const NAME: &str = "frequency";
    let list: Vec<String> = facts.ranges_mhz.iter().map(|(least, most)| format!("{least} to {most} MHz")).collect();
    if list.is_empty() { not_told(NAME) } else { good(NAME, list.join(", ")) }
}

fn cores(facts: &Facts) -> Item {
    let all = facts.host.cores.join(" + ");
    let allowed = facts.allowed.as_ref().map(|cores| format!("; this process may use {}", cores.len()));
    let words = format!("{all}{}", allowed.unwrap_or_default());
    match &facts.placement {
        None => good("cores", words),
        Some(placement) => good("cores", format!("{words}; measured processes: {placement}")),
    }
}

fn load(facts: &Facts) -> Item {
    const NAME: &str = "load";
    match facts.load {
        None => not_told(NAME),
        Some(load) if load > LOAD => {
            let words = format!("{load:.2} processes in the last minute");
            bad(NAME, Level::Warning, words, "end other programs, and wait for a minute")
        }
        Some(load) => good(NAME, format!("{load:.2}")),
    }
}

fn memory(facts: &Facts) -> Item {
    const NAME: &str = "memory";
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let Some(memory) = facts.memory else { return not_told(NAME) };
    let words = format!(
        "{:.1} of {:.1} GiB to be had, {:.1} GiB swapped out",
        gib(memory.available),
        gib(memory.total),
        gib(memory.swapped)
    );
    if gib(memory.available) < LEAST_MEMORY_GIB {
        bad(NAME, Level::Warning, words, "end other programs: what is swapped out in a run is not the run's own cost")
    } else if memory.swapped > 0 {
        bad(NAME, Level::Warning, words, "turn swap off (sudo swapoff -a) on a machine that is kept for measuring")
    } else {
        good(NAME, words)
    }
}

fn power(facts: &Facts) -> Item {
    const NAME: &str = "power";
    match facts.power {
        None => not_told(NAME),
        Some(Power::Mains) => good(NAME, "mains"),
        Some(Power::Battery) => bad(NAME, Level::Warning, "battery", "plug it in: on battery it runs slower"),
    }
}

fn low_power_mode(facts: &Facts) -> Item {
    const NAME: &str = "low power mode";
    match facts.low_power_mode {
        None => not_told(NAME),
        Some(false) => good(NAME, "off"),
        Some(true) => bad(NAME, Level::Warning, "on", "turn it off: sudo pmset -a lowpowermode 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::disturbance::Conditions;
    use crate::measure::doctor::Memory;
    use crate::record::Provenance;

    /// A host as it should be.
    fn quiet() -> Facts {
        const GIB: u64 = 1 << 30;
        Facts {
            host: Provenance::imported().host,
            conditions: Conditions {
                temperature_c: Some(48.0),
                firmware_flags: Some(0),
                governors: vec!["performance".to_owned()],
                ..Conditions::default()
            },
            ranges_mhz: vec![(1500, 2400)],
            allowed: Some(vec![0, 1, 2, 3]),
            placement: None,
            load: Some(0.1),
            memory: Some(Memory { available: 6 * GIB, total: 8 * GIB, swapped: 0 }),
            power: Some(Power::Mains),
            low_power_mode: Some(false),
            speed_limit: None,
            valgrind: Ok("3.24.0".to_owned()),
            counter: Ok(()),
            meter: Ok("a meter".to_owned()),
        }
    }

    fn levels(facts: &Facts) -> Vec<(&'static str, Level)> {
        let (measurable, disturbing) = examine(facts);
        let all = measurable.into_iter().chain(disturbing);
        all.filter(|item| item.level != Level::Good).map(|item| (item.name, item.level)).collect()
    }

    #[test]
    fn a_quiet_host_has_nothing_to_say() {
        assert_eq!(levels(&quiet()), []);
    }

    #[test]
    fn each_disturbance_is_found_alone_and_has_a_remedy() {
        let memory = |available, swapped| Some(Memory { available, total: 8 << 30, swapped });
        let conditions = |conditions: Conditions| Facts {
            conditions: Conditions { governors: quiet().conditions.governors, temperature_c: Some(48.0), ..conditions },
            ..quiet()
        };
        let cases = [
            (
                "throttling",
                Level::Unusable,
                conditions(Conditions { firmware_flags: Some(0x50005), ..Conditions::default() }),
            ),
            (
                "throttling",
                Level::Warning,
                conditions(Conditions { firmware_flags: Some(0x50000), ..Conditions::default() }),
            ),
            (
                "throttling",
                Level::Warning,
                conditions(Conditions { throttle_events: Some(3), ..Conditions::default() }),
            ),
            ("throttling", Level::Unusable, Facts { speed_limit: Some(85), ..quiet() }),
            (
                "temperature",
                Level::Warning,
                Facts { conditions: Conditions { temperature_c: Some(79.5), ..quiet().conditions }, ..quiet() },
            ),
            (
                "governor",
                Level::Warning,
                Facts {
                    conditions: Conditions { governors: vec!["ondemand".to_owned()], ..quiet().conditions },
                    ..quiet()
                },
            ),
            ("load", Level::Warning, Facts { load: Some(2.5), ..quiet() }),
            ("memory", Level::Warning, Facts { memory: memory(100 << 20, 0), ..quiet() }),
            ("memory", Level::Warning, Facts { memory: memory(6 << 30, 1), ..quiet() }),
            ("power", Level::Warning, Facts { power: Some(Power::Battery), ..quiet() }),
            ("low power mode", Level::Warning, Facts { low_power_mode: Some(true), ..quiet() }),
        ];
        for (name, level, facts) in cases {
            assert_eq!(levels(&facts), [(name, level)]);
            let found = examine(&facts).1.into_iter().find(|item| item.name == name).unwrap();
            assert!(found.remedy.is_some_and(|remedy| !remedy.is_empty()), "{found:?}");
        }
    }

    #[test]
    fn what_is_not_told_is_a_note_and_never_well() {
        let silent = Facts {
            conditions: Conditions::default(),
            ranges_mhz: Vec::new(),
            load: None,
            memory: None,
            power: None,
            low_power_mode: None,
            ..quiet()
        };
        let names: Vec<&str> = levels(&silent).into_iter().map(|(name, _)| name).collect();
        let all = ["throttling", "temperature", "governor", "frequency", "load", "memory", "power", "low power mode"];
        assert_eq!(names, all);
        assert!(levels(&silent).iter().all(|(_, level)| *level == Level::Note));
    }

    #[test]
    fn what_cannot_be_measured_says_why() {
        let facts = Facts {
            valgrind: Err("valgrind is not on PATH".to_owned()),
            counter: Err("no counter".to_owned()),
            meter: Err("no meter".to_owned()),
            ..quiet()
        };
        let words: Vec<String> = examine(&facts).0.into_iter().map(|item| item.words).collect();
        assert_eq!(words[4..], ["valgrind is not on PATH", "no counter", "no meter"]);
    }
}
