//! What counts depend on beside the code.

use std::collections::BTreeMap;
use std::process::Command;

use super::Valgrind;

/// The fields of a protocol that counts are valid for, of those that a series has: another value is another key, and is
/// never compared.
///
/// The processor is not among them: Valgrind shows every one of an architecture the same features, and at the sizes of the
/// test models no product is large enough for tract to block it by the sizes of the caches.
pub const KEY_FIELDS: [&str; 6] = ["architecture", "rustc", "optimisation", "valgrind", "kernels", "libc"];

/// What instruction counts of this build depend on below this Valgrind; `program` is what the program says of it there.
pub fn count_environment(valgrind: &Valgrind, program: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut environment = heap_environment(program);
    environment.extend([
        ("optimisation".to_owned(), env!("SCALEGATE_OPTIMISATION").to_owned()),
        ("valgrind".to_owned(), valgrind.version.clone()),
        ("libc".to_owned(), libc_version()),
    ]);
    environment
}

/// What instruction counts of a program depend on below this Valgrind, whoever compiled the program.
pub(crate) fn program_environment(valgrind: &Valgrind) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("architecture".to_owned(), std::env::consts::ARCH.to_owned()),
        ("valgrind".to_owned(), valgrind.version.clone()),
        ("libc".to_owned(), libc_version()),
    ])
}

/// What heap allocations of this build depend on: the layout of types, and what the program says of itself, as the tiles that
/// kernels pack their operands into.
pub fn heap_environment(program: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let rustc = env!("SCALEGATE_RUSTC");
    let mut environment = program;
    environment.extend([
        ("architecture".to_owned(), std::env::consts::ARCH.to_owned()),
        ("rustc".to_owned(), rustc.split_whitespace().nth(1).unwrap_or(rustc).to_owned()),
    ]);
    environment
}

/// The C library, whose `memcpy` is counted too, as `glibc 2.36`.
fn libc_version() -> String {
    Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .filter(|version| !version.is_empty())
        .unwrap_or_else(|| crate::record::UNKNOWN.to_owned())
}
