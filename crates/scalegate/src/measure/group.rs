//! Programs that start others, as Cargo starts compilers: all of them end with this process, however that ends.
//!
//! They share a process group, whose leader reads from a pipe that this process alone holds. When this process is gone, killed or
//! not, the pipe is closed, and the leader kills its group. A parent-death signal (prctl(2)) would reach Cargo and no compiler.

use std::process::Command;

/// Has `command`, and all that it starts, end with this process, and on Ctrl-C once that is watched for.
pub(crate) fn end_with_this_process(command: &mut Command) {
    #[cfg(unix)]
    if let Some(leader) = unix::leader() {
        std::os::unix::process::CommandExt::process_group(command, leader);
    }
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills the group, if there is one.
pub(super) fn kill() {
    #[cfg(unix)]
    unix::kill();
}

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};
    use std::sync::OnceLock;

    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    /// Waits for the end of its input, and kills the group that it leads, itself included.
    const LEADER: &str = "read -r _; kill -s KILL 0";

    /// With its end of the pipe. Where no shell can be started, Ctrl-C reaches whatever the terminal sends it to.
    static LEADING: OnceLock<Option<Child>> = OnceLock::new();

    /// The process id of the leader, which is that of the group.
    pub(super) fn leader() -> Option<i32> {
        let start = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", LEADER]).current_dir("/").process_group(0);
            shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        };
        id(LEADING.get_or_init(start).as_ref())
    }

    pub(super) fn kill() {
        if let Some(leader) = id(LEADING.get().and_then(Option::as_ref)) {
            // It may be gone already.
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }

    fn id(leader: Option<&Child>) -> Option<i32> {
        i32::try_from(leader?.id()).ok()
    }
}
