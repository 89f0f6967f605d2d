//! Running Average Power Limit: the energy counters of x86 processors, in Linux's powercap. Not yet run on hardware.

use std::path::{Path, PathBuf};

use super::readings::Collected;
use super::{EnergySource, Readings};

/// One counter. Its kernel file counts microjoules from 0 to `range_uj` and then begins again.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    range_uj: u64,
    last_uj: u64,
    total_uj: u64,
}

impl Zone {
    /// A counter that stands at `now_uj`.
    pub fn new(range_uj: u64, now_uj: u64) -> Self {
        Self { range_uj, last_uj: now_uj, total_uj: 0 }
    }

    /// Takes what the counter shows now, and gives the microjoules since the first time. It may have begun again once:
    /// at 100 W that takes the better part of an hour, and a reading comes several times a second.
    pub fn advance(&mut self, now_uj: u64) -> u64 {
        self.total_uj += if now_uj >= self.last_uj {
            now_uj - self.last_uj
        } else {
            self.range_uj.saturating_sub(self.last_uj) + now_uj
        };
        self.last_uj = now_uj;
        self.total_uj
    }
}

/// The package and memory counters of all sockets.
#[derive(Debug)]
pub struct Rapl {
    zones: Vec<(PathBuf, Zone)>,
    names: Vec<String>,
    readings: Collected,
}

impl Rapl {
    /// The counters below a root directory.
    ///
    /// # Errors
    /// There are none, or they cannot be read and what permits it.
    pub fn find(root: &Path) -> Result<Self, String> {
        let directory = root.join("sys/class/powercap");
        let entries = std::fs::read_dir(&directory)
            .map_err(|error| format!("{}: {error}, so that there is no RAPL", directory.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let mut found = Self { zones: Vec::new(), names: Vec::new(), readings: Collected::new() };
        for path in paths {
            // Other zones are parts of these (`core`, `uncore`) or contain them (`psys`).
            let name = std::fs::read_to_string(path.join("name")).unwrap_or_default().trim().to_owned();
            if name.starts_with("package-") || name == "dram" {
                let zone = Zone::new(number(&path.join("max_energy_range_uj"))?, number(&path.join("energy_uj"))?);
                found.zones.push((path.join("energy_uj"), zone));
                found.names.push(name);
            }
        }
        if found.names.iter().any(|name| name.starts_with("package-")) {
            Ok(found)
        } else {
            Err(format!("{}: no package counter of RAPL", directory.display()))
        }
    }

    fn total_j(&mut self) -> Result<f64, String> {
        let mut total_uj = 0;
        for (path, zone) in &mut self.zones {
            total_uj += zone.advance(number(path)?);
        }
        Ok(total_uj as f64 / 1e6)
    }
}

fn number(path: &Path) -> Result<u64, String> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => format!(
            "{}: only root may read it; `sudo chmod a+r {}` permits it until the next start",
            path.display(),
            path.display()
        ),
        _ => format!("{}: {error}", path.display()),
    })?;
    text.trim().parse().map_err(|error| format!("{}: `{}` is no energy: {error}", path.display(), text.trim()))
}

impl EnergySource for Rapl {
    fn describe(&self) -> String {
        format!("RAPL counters of the machine: {}", self.names.join(" + "))
    }

    fn sample(&mut self, _: u32, unix_s: f64) {
        let reading = self.total_j();
        self.readings.push(unix_s, reading);
    }

    fn readings(&self) -> Result<Readings, String> {
        self.readings.all().map(Readings::Counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The range that a processor with units of 61 µJ shows.
    const RANGE: u64 = 262_143_328_850;

    fn host(zones: &[(&str, &str, u64)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (zone, name, energy) in zones {
            let path = place.path().join("sys/class/powercap").join(zone);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("name"), format!("{name}\n")).unwrap();
            std::fs::write(path.join("max_energy_range_uj"), format!("{RANGE}\n")).unwrap();
            std::fs::write(path.join("energy_uj"), format!("{energy}\n")).unwrap();
        }
        place
    }

    fn set(place: &tempfile::TempDir, zone: &str, energy: u64) {
        let path = place.path().join("sys/class/powercap").join(zone).join("energy_uj");
        std::fs::write(path, format!("{energy}\n")).unwrap();
    }

    /// A message without the name of a temporary directory.
    fn without(place: &tempfile::TempDir, message: &str) -> String {
        message.replace(place.path().to_str().unwrap(), "")
    }

    #[test]
    fn a_counter_that_wraps_goes_on() {
        let mut zone = Zone::new(RANGE, RANGE - 1_000_000);
        assert_eq!(zone.advance(RANGE - 400_000), 600_000);
        assert_eq!(zone.advance(2_000_000), 3_000_000);
        assert_eq!(zone.advance(2_500_000), 3_500_000);
    }

    #[test]
    fn package_and_memory_are_added_and_their_parts_are_not() {
        let place = host(&[
            ("intel-rapl:0", "package-0", 5_000_000),
            ("intel-rapl:0:0", "core", 9_000_000),
            ("intel-rapl:0:1", "dram", RANGE - 500_000),
            ("intel-rapl:1", "psys", 1_000_000),
        ]);
        let mut rapl = Rapl::find(place.path()).unwrap();
        assert_eq!(rapl.describe(), "RAPL counters of the machine: package-0 + dram");
        rapl.sample(0, 100.0);
        set(&place, "intel-rapl:0", 25_000_000);
        set(&place, "intel-rapl:0:1", 1_500_000);
        rapl.sample(0, 101.0);
        let energy = rapl.readings().unwrap().energy_j(100.0, 101.0).unwrap();
        assert!((energy - 22.0).abs() < 1e-9, "{energy}");
    }

    #[test]
    fn a_counter_that_fails_halfway_leaves_no_figure() {
        let place = host(&[("intel-rapl:0", "package-0", 5_000_000)]);
        let mut rapl = Rapl::find(place.path()).unwrap();
        rapl.sample(0, 100.0);
        std::fs::write(place.path().join("sys/class/powercap/intel-rapl:0/energy_uj"), "what\n").unwrap();
        rapl.sample(0, 101.0);
        insta::assert_snapshot!(without(&place, &rapl.readings().unwrap_err()), @"/sys/class/powercap/intel-rapl:0/energy_uj: `what` is no energy: invalid digit found in string");
    }

    #[test]
    fn a_host_with_no_package_counter_says_so() {
        let refused = |place: &tempfile::TempDir| without(place, &Rapl::find(place.path()).unwrap_err());
        insta::assert_snapshot!(refused(&host(&[("intel-rapl:0", "psys", 1)])), @"/sys/class/powercap: no package counter of RAPL");
        insta::assert_snapshot!(refused(&host(&[])), @"/sys/class/powercap: No such file or directory (os error 2), so that there is no RAPL");
    }
}
