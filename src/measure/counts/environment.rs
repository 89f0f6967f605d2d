//! What counts depend on beside the code.

use std::collections::BTreeMap;
use std::process::Command;

use super::Valgrind;

/// The fields of a protocol that counts are valid for: another value is another key, and is never compared.
///
/// The processor is not among them: Valgrind shows every one of an architecture the same features, and at the sizes of the
/// test models no product is large enough for tract to block it by the sizes of the caches.
pub const KEY_FIELDS: [&str; 6] = ["architecture", "rustc", "optimisation", "valgrind", "kernels", "libc"];

/// The values of [`KEY_FIELDS`] in this build, below this Valgrind; `valgrind.answer` is the kernel family.
pub fn environment(valgrind: &Valgrind) -> BTreeMap<String, String> {
    let build = crate::measure::build();
    let rustc = build.rustc.split_whitespace().nth(1).unwrap_or(&build.rustc).to_owned();
    let values = [
        std::env::consts::ARCH.to_owned(),
        rustc,
        build.optimisation,
        valgrind.version.clone(),
        valgrind.answer.clone(),
        libc_version(),
    ];
    KEY_FIELDS.into_iter().map(str::to_owned).zip(values).collect()
}

/// The C library, whose `memcpy` and `malloc` are counted too, as `glibc 2.36`.
fn libc_version() -> String {
    Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .filter(|version| !version.is_empty())
        .unwrap_or_else(|| "not told".to_owned())
}
