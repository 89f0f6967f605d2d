//! The fingerprint of this machine.

use std::collections::BTreeMap;
use std::path::Path;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::record::{Host, UNKNOWN};
use crate::{Error, Result};

/// Names the class of this machine where its product name and processor do not.
const CLASS_VARIABLE: &str = "SCALEGATE_HOST_CLASS";

/// The class that `SCALEGATE_HOST_CLASS` names, if it is set.
///
/// # Errors
/// It is no name of lower-case letters, digits and dashes.
pub fn named_class() -> Result<Option<String>> {
    match std::env::var(CLASS_VARIABLE) {
        Ok(class) if class == slug(&class) && !class.is_empty() => Ok(Some(class)),
        Ok(class) => Err(Error::new(
            CLASS_VARIABLE,
            format!("`{class}` is not a name of lower-case letters, digits and dashes"),
            "set it to a name such as `macbook-m2`, or unset it",
        )),
        Err(_) => Ok(None),
    }
}

/// Reads the fingerprint of this machine.
///
/// # Errors
/// A class of hosts that is named by what is no name.
pub fn host() -> Result<Host> {
    let kinds =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds).map_err(|error| {
        Error::new("this host", format!("its processors cannot be listed: {error}"), "run on Linux or macOS")
    })?;
    let cpu_info = read(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let brand = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default();
    let cpu = describe_cpu(&brand, &cpu_info);
    let product = read(Path::new("/proc/device-tree/model"));
    let cores = system.cpus().len();
    let class = named_class()?.unwrap_or_else(|| class(product.as_deref(), &cpu, cores));
    Ok(Host {
        class,
        cpu,
        architecture: std::env::consts::ARCH.to_owned(),
        cores: core_kinds(&largest_frequencies(Path::new("/sys/devices/system/cpu"), cores)),
        memory_gib: (system.total_memory() as f64 / f64::from(1 << 30)).round() as u64,
        os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
        kernel: System::kernel_version().unwrap_or_else(|_| UNKNOWN.to_owned()),
        governor: read(Path::new("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
    })
}

/// A file's text without white space and NUL at its ends, if it can be read and says anything.
fn read(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// Virtual machines often name a processor only by its family; the numbers tell generations apart.
fn describe_cpu(brand: &str, cpu_info: &str) -> String {
    let field = |name: &str| {
        cpu_info.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    match (field("cpu family"), field("model"), field("stepping")) {
        (Some(family), Some(model), Some(stepping)) => {
            format!("{brand} (family {family}, model {model}, stepping {stepping})")
        }
        _ => match field("CPU part") {
            Some(part) => format!("{brand} (part {part})").trim().to_owned(),
            None => brand.to_owned(),
        },
    }
}

/// The largest frequency of each logical processor in MHz, where the host tells it.
fn largest_frequencies(root: &Path, cores: usize) -> Vec<Option<u64>> {
    (0..cores)
        .map(|core| {
            let kilohertz: u64 = read(&root.join(format!("cpu{core}/cpufreq/cpuinfo_max_freq")))?.parse().ok()?;
            Some(kilohertz / 1000)
        })
        .collect()
}

fn core_kinds(frequencies: &[Option<u64>]) -> Vec<String> {
    let mut kinds: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    for frequency in frequencies {
        *kinds.entry(*frequency).or_default() += 1;
    }
    kinds
        .into_iter()
        .rev()
        .map(|(frequency, count)| match frequency {
            Some(megahertz) => format!("{count} x {megahertz} MHz"),
            None => format!("{count} of a frequency that is not told"),
        })
        .collect()
}

/// A Raspberry Pi says what it is; elsewhere processor and cores name the class.
fn class(product: Option<&str>, cpu: &str, cores: usize) -> String {
    match product {
        Some(product) if product.starts_with("Raspberry Pi") => {
            // "Raspberry Pi 5 Model B Rev 1.0": models and revisions of one generation share their costs.
            slug(&product.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
        }
        _ => slug(&format!("{cpu} {cores} cores")),
    }
}

/// Lower-case letters and digits, with one dash for everything between them.
fn slug(text: &str) -> String {
    let spaced: String = text
        .replace("(R)", " ")
        .replace("(TM)", " ")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU_INFO: &str = "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 167\nmodel name\t: X\nstepping\t: 1\n";

    #[test]
    fn a_raspberry_pi_is_named_by_its_generation() {
        assert_eq!(class(Some("Raspberry Pi 5 Model B Rev 1.0"), "Cortex-A76", 4), "raspberry-pi-5");
    }

    #[test]
    fn another_machine_is_named_by_processor_and_cores() {
        let cpu = describe_cpu("Intel(R) Xeon(R) Processor", CPU_INFO);
        assert_eq!(cpu, "Intel(R) Xeon(R) Processor (family 6, model 167, stepping 1)");
        assert_eq!(class(None, &cpu, 2), "intel-xeon-processor-family-6-model-167-stepping-1-2-cores");
        assert_eq!(class(None, "Apple M2", 8), "apple-m2-8-cores");
    }

    #[test]
    fn cores_are_grouped_by_frequency_with_the_fastest_first() {
        let kinds = core_kinds(&[Some(2400), Some(1800), Some(2400), Some(1800)]);
        assert_eq!(kinds, ["2 x 2400 MHz", "2 x 1800 MHz"]);
        assert_eq!(core_kinds(&[None, None]), ["2 of a frequency that is not told"]);
    }

    #[test]
    fn this_host_has_a_fingerprint() {
        let host = host().unwrap();
        assert!(!host.class.is_empty() && host.memory_gib > 0 && !host.cores.is_empty());
    }
}
