//! Reads untrusted files: without waiting for a pipe, and without more memory than a bound.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Of a model's configurations: the files on the Hugging Face hub have a few kB, and a parsed one takes 16 times its length.
pub const MAX_SETTINGS: u64 = 16 << 20;
/// Of a run record or a baseline: a record of the default suite of this repository takes 0.24 MB.
pub const MAX_RECORD: u64 = 64 << 20;

/// Opens a regular file, or the one that a link leads to.
///
/// # Errors
/// It cannot be opened; it is anything else: opening a pipe waits for who writes to it, and a device may never end.
pub fn open(path: &Path) -> Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(Error::new(ErrorKind::InvalidInput, "it is no file"))
    }
}

/// The bytes of a regular file.
///
/// # Errors
/// Those of [`open`]; it has more than `max` bytes.
pub fn bytes(path: &Path, max: u64) -> Result<Vec<u8>> {
    all(open(path)?, max)
}

/// The text of a regular file.
///
/// # Errors
/// Those of [`open`]; it has more than `max` bytes, or is not UTF-8.
pub fn text(path: &Path, max: u64) -> Result<String> {
    utf8(bytes(path, max)?)
}

/// The text of a file that may be a pipe, as `<(zcat run.json.gz)` of a shell.
///
/// # Errors
/// It cannot be read, has more than `max` bytes, or is not UTF-8.
pub fn text_of_pipe(path: &Path, max: u64) -> Result<String> {
    utf8(all(open_pipe(path)?, max)?)
}

/// How long a pipe may stay empty, with nobody who has opened it or who writes to it.
#[cfg(unix)]
const PATIENCE_S: u16 = 5;

/// Opens a file or a pipe; of a pipe it waits for the first byte, and not for ever.
#[cfg(unix)]
fn open_pipe(path: &Path) -> Result<File> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    if !std::fs::metadata(path)?.file_type().is_fifo() {
        return File::open(path);
    }
    let pipe = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let timeout = PollTimeout::from(1000 * PATIENCE_S);
    if poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], timeout)? == 0 {
        return Err(Error::new(ErrorKind::TimedOut, format!("nobody wrote to this pipe within {PATIENCE_S} s")));
    }
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(pipe)
}

#[cfg(not(unix))]
fn open_pipe(path: &Path) -> Result<File> {
    File::open(path)
}

/// The text that a reader has, as standard input.
///
/// # Errors
/// It cannot be read, has more than `max` bytes, or is not UTF-8.
pub fn text_of_reader(reader: impl Read, max: u64) -> Result<String> {
    utf8(up_to(reader, Vec::new(), max)?)
}

/// What is read ends at the bound, whatever length the file is said to have.
fn all(file: File, max: u64) -> Result<Vec<u8>> {
    let told = file.metadata()?.len().min(max);
    // One more, so that the end is met without asking for more memory.
    up_to(file, Vec::with_capacity(told as usize + 1), max)
}

fn up_to(reader: impl Read, mut bytes: Vec<u8>, max: u64) -> Result<Vec<u8>> {
    reader.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= max { Ok(bytes) } else { Err(invalid(format!("it has more than {max} bytes"))) }
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8 text".to_owned()))
}

fn invalid(cause: String) -> Error {
    Error::new(ErrorKind::InvalidData, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_bound() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(text(&path, 5).unwrap(), "12345");
        assert_eq!(text(&path, 4).unwrap_err().to_string(), "it has more than 4 bytes");
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(text(&path, 5).unwrap_err().to_string(), "it is not UTF-8 text");
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(text(&path, 5).unwrap_err().to_string(), "it is no file");
        assert_eq!(text_of_pipe(&path, 5).unwrap_err().to_string(), "it has more than 5 bytes");
        assert_eq!(text(directory.path(), 5).unwrap_err().to_string(), "it is no file");
    }
}
