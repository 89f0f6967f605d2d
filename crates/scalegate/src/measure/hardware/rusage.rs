//! macOS: `proc_pid_rusage`, which needs no privilege for one's own process.

/// Words of 64 bits in `rusage_info_v4` after its identifier of 16 bytes (`sys/resource.h` of macOS).
#[cfg(any(target_os = "macos", test))]
const WORDS: usize = 35;

/// Place of `ri_instructions` among the words.
#[cfg(any(target_os = "macos", test))]
const INSTRUCTIONS: usize = 29;

/// The instructions in the bytes of a `rusage_info_v4`; all threads, user and kernel space.
#[cfg(any(target_os = "macos", test))]
fn instructions(bytes: &[u8]) -> Result<u64, String> {
    let word = bytes.get(16..).and_then(|words| words.as_chunks::<8>().0.get(INSTRUCTIONS));
    match word.map(|word| u64::from_ne_bytes(*word)) {
        None => Err(format!("proc_pid_rusage gave {} bytes, which hold no instructions", bytes.len())),
        Some(0) => Err("this Mac counts no instructions; those with Apple silicon do".to_owned()),
        Some(count) => Ok(count),
    }
}

#[cfg(target_os = "macos")]
pub(super) use source::ProcessUsage;

#[cfg(target_os = "macos")]
mod source {
    #![expect(unsafe_code, reason = "libproc has no safe interface of its own")]

    use super::super::InstructionCounter;
    use super::{WORDS, instructions};

    pub(in super::super) struct ProcessUsage {
        start: u64,
    }

    impl ProcessUsage {
        pub(in super::super) fn open() -> Result<Self, String> {
            read().map(|start| Self { start })
        }
    }

    impl InstructionCounter for ProcessUsage {
        fn start(&mut self) -> Result<(), String> {
            self.start = read()?;
            Ok(())
        }

        fn stop(&mut self) -> Result<u64, String> {
            read().map(|now| now.saturating_sub(self.start))
        }
    }

    fn read() -> Result<u64, String> {
        let mut bytes = [0u8; 16 + 8 * WORDS];
        let pid = std::process::id().cast_signed();
        // SAFETY: the buffer has the size of `rusage_info_v4`, which is what this flavour fills.
        let status = unsafe { libc::proc_pid_rusage(pid, libc::RUSAGE_INFO_V4, bytes.as_mut_ptr().cast()) };
        if status != 0 {
            return Err(format!("proc_pid_rusage: {}", std::io::Error::last_os_error()));
        }
        instructions(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(count: u64) -> Vec<u8> {
        let mut words = [7u64; WORDS];
        words[INSTRUCTIONS] = count;
        [vec![0xff; 16], words.iter().flat_map(|word| word.to_ne_bytes()).collect()].concat()
    }

    #[test]
    fn instructions_are_read_from_their_place() {
        assert_eq!(instructions(&usage(123_456_789)), Ok(123_456_789));
    }

    #[test]
    fn a_processor_that_does_not_count_is_no_zero() {
        insta::assert_snapshot!(instructions(&usage(0)).unwrap_err(), @"this Mac counts no instructions; those with Apple silicon do");
        insta::assert_snapshot!(instructions(&[0; 100]).unwrap_err(), @"proc_pid_rusage gave 100 bytes, which hold no instructions");
    }
}
