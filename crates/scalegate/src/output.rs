//! Printing results.

use std::io::Write;

use crate::{Error, Result};

/// Prints to standard output; a closed pipe, as `head` leaves behind, is not an error.
///
/// # Errors
/// Standard output that cannot be written to.
pub fn print(text: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new("standard output", error, "check where the output goes"))
        }
        _ => Ok(()),
    }
}
