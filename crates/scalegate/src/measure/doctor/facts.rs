//! What this host tells.

use std::path::Path;
use std::process::Command;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::parse;
use crate::measure::disturbance::{Conditions, Sensors};
use crate::measure::placement::{Placement, allowed_cores};
use crate::measure::{energy, find_valgrind, host, instruction_counter};
use crate::record::Host;
use crate::{Error, Result};

/// What was reported; `None` is what this host does not report.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its fingerprint.
    pub host: Host,
    /// Frequencies, temperature, throttling and governors of this moment.
    pub conditions: Conditions,
    /// What the governor may choose among, in MHz; one entry per kind of core.
    pub ranges_mhz: Vec<(u64, u64)>,
    /// Logical processors that this process may use.
    pub allowed: Option<Vec<usize>>,
    /// Where measured processes are put.
    pub placement: Option<Placement>,
    /// Processes that were ready to run, in the mean of the last minute.
    pub load: Option<f64>,
    /// Memory at this moment.
    pub memory: Option<Memory>,
    /// What the machine draws from.
    pub power: Option<Power>,
    /// The Mac's mode of low power.
    pub low_power_mode: Option<bool>,
    /// The speed that macOS limits its processors to, in percent.
    pub speed_limit: Option<u32>,
    /// Valgrind's version, or why it can't count.
    pub valgrind: std::result::Result<String, String>,
    /// Whether the processor's counter of instructions can be read.
    pub counter: std::result::Result<(), String>,
    /// The meter of energy, or why there is none.
    pub meter: std::result::Result<String, String>,
}

/// Bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Free, or to be had from caches.
    pub available: u64,
    /// In the machine.
    pub total: u64,
    /// Swapped out.
    pub swapped: u64,
}

/// What a machine draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// A socket.
    Mains,
    /// A battery.
    Battery,
}

impl Facts {
    /// Asks this host.
    ///
    /// # Errors
    /// It has no fingerprint, or this program's name is not known.
    pub fn here() -> Result<Self> {
        let root = Path::new("/");
        let program =
            std::env::current_exe().map_err(|error| Error::new("this program", error, "start it by its path"))?;
        let pmset = |arguments: &[&str]| answer("pmset", arguments);
        Ok(Self {
            host: host()?,
            conditions: Sensors::here().read(),
            ranges_mhz: ranges(root),
            allowed: allowed_cores(),
            placement: Placement::here(),
            load: System::load_average().ok().map(|load| load.one),
            memory: memory(),
            power: supply(root).or_else(|| parse::power_source(&pmset(&["-g", "batt"])?)),
            low_power_mode: pmset(&["-g"]).and_then(|answer| parse::low_power_mode(&answer)),
            speed_limit: pmset(&["-g", "therm"]).and_then(|answer| parse::speed_limit(&answer)),
            valgrind: match cfg!(target_os = "linux") {
                true => find_valgrind(|command| {
                    command.arg(&program).arg("--version");
                })
                .map(|valgrind| valgrind.version),
                false => {
                    Err("instructions are counted on Linux; elsewhere `instructions_hw` takes their place".to_owned())
                }
            },
            counter: instruction_counter().map(drop),
            meter: energy::choose(None).map(|meter| meter.describe()),
        })
    }
}

/// What a program prints; `None` if it can't be run here or fails.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn memory() -> Option<Memory> {
    let kinds = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let system = System::new_with_specifics(kinds).ok()?;
    (system.total_memory() > 0).then(|| Memory {
        available: system.available_memory(),
        total: system.total_memory(),
        swapped: system.used_swap(),
    })
}

/// The frequencies that Linux may choose among, without repetitions.
fn ranges(root: &Path) -> Vec<(u64, u64)> {
    let policies = std::fs::read_dir(root.join("sys/devices/system/cpu/cpufreq")).into_iter().flatten().flatten();
    let megahertz = |path: &Path, name: &str| -> Option<u64> {
        let kilohertz: u64 = std::fs::read_to_string(path.join(name)).ok()?.trim().parse().ok()?;
        Some(kilohertz / 1000)
    };
    let mut ranges: Vec<(u64, u64)> = policies
        .filter_map(|policy| {
            let path = policy.path();
            Some((megahertz(&path, "scaling_min_freq")?, megahertz(&path, "scaling_max_freq")?))
        })
        .collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}

/// What a Linux laptop draws from. A machine without a battery has only mains, and often nothing that says so.
fn supply(root: &Path) -> Option<Power> {
    let supplies = std::fs::read_dir(root.join("sys/class/power_supply")).ok()?.flatten();
    let mut discharging = None;
    for path in supplies.map(|supply| supply.path()) {
        let says =
            |name: &str, word: &str| std::fs::read_to_string(path.join(name)).is_ok_and(|text| text.trim() == word);
        // The battery of a mouse is a device's and not the system's.
        if says("type", "Battery") && !says("scope", "Device") {
            discharging = Some(discharging.unwrap_or(false) || says("status", "Discharging"));
        }
    }
    discharging.map(|discharging| if discharging { Power::Battery } else { Power::Mains })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn ranges_are_told_once_for_each_kind_of_core() {
        let place = tempfile::tempdir().unwrap();
        for (policy, most) in [(0, 1_800_000), (1, 1_800_000), (4, 2_400_000)] {
            let folder = format!("sys/devices/system/cpu/cpufreq/policy{policy}");
            write(place.path(), &format!("{folder}/scaling_min_freq"), "1500000\n");
            write(place.path(), &format!("{folder}/scaling_max_freq"), &format!("{most}\n"));
        }
        write(place.path(), "sys/devices/system/cpu/cpufreq/boost", "1\n");
        assert_eq!(ranges(place.path()), [(1500, 1800), (1500, 2400)]);
    }

    #[test]
    fn the_battery_of_a_mouse_is_not_that_of_the_machine() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(supply(place.path()), None);
        let mouse = "sys/class/power_supply/hidpp_battery_0";
        write(place.path(), &format!("{mouse}/type"), "Battery\n");
        write(place.path(), &format!("{mouse}/scope"), "Device\n");
        write(place.path(), &format!("{mouse}/status"), "Discharging\n");
        assert_eq!(supply(place.path()), None);
        write(place.path(), "sys/class/power_supply/BAT0/type", "Battery\n");
        write(place.path(), "sys/class/power_supply/BAT0/status", "Charging\n");
        assert_eq!(supply(place.path()), Some(Power::Mains));
        write(place.path(), "sys/class/power_supply/BAT0/status", "Discharging\n");
        assert_eq!(supply(place.path()), Some(Power::Battery));
    }

    #[test]
    fn a_program_that_is_not_there_answers_nothing() {
        assert_eq!(answer("no-such-program-of-scalegate", &[]), None);
    }
}
