//! What kernel and firmware say, as numbers; pure.

/// The kernel's unit of CPU time in `/proc/stat`, which is fixed for programs.
const TICKS_PER_S: f64 = 100.0;

/// Seconds that all processors together were not idle, from `/proc/stat`. Time that a hypervisor gave to others counts as
/// busy: the machine did not have it.
pub(super) fn busy_s(stat: &str) -> Option<f64> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let fields: Vec<f64> = line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [user, nice, system, _idle, _iowait, irq, softirq] = *fields.first_chunk()?;
    let steal = fields.get(7).copied().unwrap_or(0.0);
    Some((user + nice + system + irq + softirq + steal) / TICKS_PER_S)
}

/// The bits of `vcgencmd get_throttled`, as in `throttled=0x50000`.
pub(super) fn throttled(answer: &str) -> Option<u32> {
    u32::from_str_radix(answer.trim().strip_prefix("throttled=0x")?, 16).ok()
}

/// What the lower bits of [`throttled`] mean; the same bits 16 higher mean that it happened since the start.
const FIRMWARE_FLAGS: [(u32, &str); 4] =
    [(0, "under-voltage"), (1, "frequency capped"), (2, "throttled"), (3, "soft temperature limit")];

/// The names of the flags that are up.
pub fn flags_now(flags: u32) -> Vec<&'static str> {
    FIRMWARE_FLAGS.iter().filter(|(bit, _)| flags & (1 << bit) != 0).map(|(_, name)| *name).collect()
}

/// The names of the flags that were up at some time since the start.
pub fn flags_since_start(flags: u32) -> Vec<&'static str> {
    flags_now(flags >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_time_is_all_but_idle_and_waiting() {
        let stat = "cpu  1000 20 300 9000 500 6 70 400 50 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 5\n";
        assert_eq!(busy_s(stat), Some(17.96));
        assert_eq!(busy_s("cpu  1000 20 300 9000 500 6 70\n"), Some(13.96), "a kernel without steal");
        assert_eq!(busy_s("cpu  1000 20\n"), None);
        assert_eq!(busy_s("intr 5\n"), None);
    }

    #[test]
    fn firmware_flags_are_hexadecimal() {
        assert_eq!(throttled("throttled=0x50005\n"), Some(0x50005));
        assert_eq!(throttled("throttled=0x0\n"), Some(0));
        assert_eq!(throttled("error=1 error_msg=\"Command not registered\"\n"), None);
    }
}
