//! Which cores measured processes run on: the fast ones, where a machine has two kinds.
//!
//! In: what Linux tells of the capacities of its cores. Out: a [`Placement`], or none where all cores are alike. On macOS,
//! which lets nobody choose a core, it is the class of service that keeps a thread off the efficiency cores. Neither has
//! been run on a machine with two kinds of cores yet.

use std::fmt;
use std::path::Path;

/// Where a measured process is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// On these logical processors.
    Pinned(Vec<usize>),
    /// Wherever macOS runs what a user waits for.
    UserInteractive,
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned(cores) => {
                let names: Vec<String> = cores.iter().map(usize::to_string).collect();
                write!(f, "pinned to {}", names.join(" "))
            }
            Self::UserInteractive => f.write_str("class of service user-interactive"),
        }
    }
}

impl Placement {
    /// What suits this machine; `None` if there is nothing to choose.
    pub fn here() -> Option<Self> {
        if cfg!(target_os = "macos") {
            return Some(Self::UserInteractive);
        }
        let fast = performance_cores(Path::new("/"))?;
        let allowed = allowed_cores()?;
        let cores: Vec<usize> = fast.into_iter().filter(|core| allowed.contains(core)).collect();
        (!cores.is_empty() && cores.len() < allowed.len()).then_some(Self::Pinned(cores))
    }

    /// Puts this thread, and the processes that it starts, there.
    ///
    /// # Errors
    /// The system refused.
    pub fn apply(&self) -> Result<(), String> {
        match self {
            Self::Pinned(cores) => pin(cores),
            Self::UserInteractive => user_interactive(),
        }
    }
}

/// The cores that Linux counts as fast below `root`; `None` if all are alike, or if it does not tell.
pub fn performance_cores(root: &Path) -> Option<Vec<usize>> {
    let text = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    // Intel's hybrid processors show a unit of counters for each kind.
    if let Some(list) = text("sys/devices/cpu_core/cpus") {
        return parse_list(&list);
    }
    let present = parse_list(&text("sys/devices/system/cpu/present")?)?;
    let capacities = present
        .iter()
        .map(|core| text(&format!("sys/devices/system/cpu/cpu{core}/cpu_capacity"))?.trim().parse().ok())
        .collect::<Option<Vec<u64>>>()?;
    fast_ones(&present, &capacities)
}

/// Those of more than half of the largest capacity: a machine may have three kinds, of which two are fast.
fn fast_ones(cores: &[usize], capacities: &[u64]) -> Option<Vec<usize>> {
    let largest = *capacities.iter().max()?;
    let is_fast = |capacity: u64| 2 * capacity > largest;
    let fast: Vec<usize> =
        cores.iter().zip(capacities).filter(|(_, capacity)| is_fast(**capacity)).map(|(core, _)| *core).collect();
    (fast.len() < cores.len()).then_some(fast)
}

/// A list of the kernel's, as `0-3,8`.
pub fn parse_list(text: &str) -> Option<Vec<usize>> {
    let mut list = Vec::new();
    for part in text.trim().split(',') {
        match part.split_once('-') {
            None => list.push(part.parse().ok()?),
            Some((first, last)) => list.extend(first.parse::<usize>().ok()?..=last.parse().ok()?),
        }
    }
    Some(list)
}

/// The logical processors that this process may run on, where the system tells.
#[cfg(target_os = "linux")]
pub fn allowed_cores() -> Option<Vec<usize>> {
    let set = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).ok()?;
    Some((0..nix::sched::CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect())
}

#[cfg(target_os = "linux")]
fn pin(cores: &[usize]) -> Result<(), String> {
    let mut set = nix::sched::CpuSet::new();
    let set_all = cores.iter().try_for_each(|core| set.set(*core));
    set_all
        .and_then(|()| nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set))
        .map_err(|error| format!("sched_setaffinity: {error}"))
}

/// The logical processors that this process may run on, where the system tells.
#[cfg(not(target_os = "linux"))]
pub fn allowed_cores() -> Option<Vec<usize>> {
    None
}

#[cfg(not(target_os = "linux"))]
fn pin(_: &[usize]) -> Result<(), String> {
    Err("cores are chosen on Linux alone".to_owned())
}

#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "there is no safe wrapper of pthread_set_qos_class_self_np")]
fn user_interactive() -> Result<(), String> {
    // SAFETY: it takes two values and changes this thread alone.
    let status = unsafe { libc::pthread_set_qos_class_self_np(libc::qos_class_t::QOS_CLASS_USER_INTERACTIVE, 0) };
    if status == 0 {
        Ok(())
    } else {
        Err(format!("pthread_set_qos_class_self_np: {}", std::io::Error::from_raw_os_error(status)))
    }
}

#[cfg(not(target_os = "macos"))]
fn user_interactive() -> Result<(), String> {
    Err("classes of service are macOS's".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_kernel_have_ranges() {
        assert_eq!(parse_list("0-3,8\n"), Some(vec![0, 1, 2, 3, 8]));
        assert_eq!(parse_list("\n"), None);
        assert_eq!(parse_list("0-x"), None);
    }

    #[test]
    fn the_fast_cores_are_those_of_more_than_half_the_capacity() {
        assert_eq!(fast_ones(&[0, 1, 2, 3], &[446, 446, 1024, 1024]), Some(vec![2, 3]));
        assert_eq!(fast_ones(&[0, 1, 2], &[300, 800, 1024]), Some(vec![1, 2]));
        assert_eq!(fast_ones(&[0, 1], &[1024, 1024]), None, "all alike");
    }

    #[test]
    fn a_machine_that_tells_no_capacities_has_no_fast_cores() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(performance_cores(place.path()), None);
        let cpus = place.path().join("sys/devices/cpu_core");
        std::fs::create_dir_all(&cpus).unwrap();
        std::fs::write(cpus.join("cpus"), "0-11\n").unwrap();
        assert_eq!(performance_cores(place.path()).map(|cores| cores.len()), Some(12));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_can_be_put_on_one_of_the_cores_that_it_may_use() {
        // In a thread of its own, since the others of this program keep what they had.
        std::thread::spawn(|| {
            let first = allowed_cores().unwrap()[0];
            Placement::Pinned(vec![first]).apply().unwrap();
            assert_eq!(allowed_cores(), Some(vec![first]));
        })
        .join()
        .unwrap();
    }
}
