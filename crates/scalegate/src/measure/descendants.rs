//! The processes below a process.

/// All processes that `pid`, or one of them, started and that still run, those above before those below.
///
/// Linux lists the children of each thread (`proc_pid_task_tid_children(5)`), which takes some 10 µs a process; elsewhere all processes of the
/// machine are looked through.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let children = if lists_children() { listed } else { searched };
    let mut found = children(pid);
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let below: Vec<u32> = children(parent).into_iter().filter(|child| !found.contains(child)).collect();
        found.extend(below);
        next += 1;
    }
    found
}

/// Whether the kernel has lists of children (`CONFIG_PROC_CHILDREN`).
fn lists_children() -> bool {
    static LISTS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *LISTS.get_or_init(|| std::path::Path::new("/proc/thread-self/children").exists())
}

fn listed(pid: u32) -> Vec<u32> {
    // A process that is gone has none.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| parse(&list)).collect()
}

fn parse(list: &str) -> Vec<u32> {
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn searched(pid: u32) -> Vec<u32> {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

    let Ok(mut system) = System::new() else { return Vec::new() };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, ProcessRefreshKind::nothing());
    let is_child = |process: &&sysinfo::Process| process.parent() == Some(Pid::from_u32(pid));
    // On Linux sysinfo lists threads as processes.
    let processes = system.processes().values().filter(|process| process.thread_kind().is_none());
    processes.filter(is_child).map(|process| process.pid().as_u32()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn both_ways_see_a_child_and_not_a_process_that_is_gone() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = std::process::id();
        assert!(descendants(own).contains(&child.id()) && searched(own).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(own).contains(&child.id()) && !searched(own).contains(&child.id()));
    }

    #[test]
    fn a_list_of_children_has_spaces_between_them() {
        assert_eq!(parse("12 345 "), [12, 345]);
        assert_eq!(parse(""), [0; 0]);
    }
}
