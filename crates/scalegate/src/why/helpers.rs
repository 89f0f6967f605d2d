//! Functions that a program calls and that nobody who reads a diff has written: of the standard library, of the C library, of this crate.

use crate::measure::Profile;

/// Crates whose functions work for their callers; the last two run what these give them, by the instruction set at hand, and copy what
/// is behind a pointer.
const CRATES: [&str; 10] = [
    "core",
    "alloc",
    "std",
    "hashbrown",
    "compiler_builtins",
    "__rustc",
    "rustc_demangle",
    "gimli",
    "pulp",
    "dyn_clone",
];

/// How a crate copies its boxed trait objects, which is on account of who wants the copy.
const CLONES_OF_BOXES: &str = "::<impl core::clone::Clone for alloc::boxed::Box<";

/// Parts of this crate that stand between a workload and what it measures: the allocator, and who runs it.
const OF_THIS_CRATE: [&str; 4] =
    ["scalegate::measure::counts::", "scalegate::session::", "scalegate::workload::", "scalegate::bench::"];

/// Libraries of the system, by the beginnings of their names.
const LIBRARIES: [&str; 10] =
    ["libc.", "libc-", "ld-", "ld.", "libm.", "libm-", "libpthread", "libgcc_s", "libstdc++", "vgpreload"];

/// Whether what a function costs is on account of who calls it.
pub(super) fn is_helper(name: &str, profile: &Profile) -> bool {
    let object = profile.functions.get(name).and_then(|its| its.object.as_deref()).unwrap_or_default();
    let file = object.rsplit('/').next().unwrap_or_default();
    LIBRARIES.iter().any(|library| file.starts_with(library))
        || is_unnamed(name)
        || name.contains(CLONES_OF_BOXES)
        || name.starts_with("__rust_")
        || name.starts_with("__rdl_")
        || OF_THIS_CRATE.iter().any(|path| name.trim_start_matches('<').starts_with(path))
        || crate_of(name).is_some_and(|its| CRATES.contains(&its))
}

/// Whether a function has no symbol: callgrind then gives its address.
pub(super) fn is_unnamed(name: &str) -> bool {
    name == "???" || name.starts_with("0x")
}

/// The crate of a Rust path: of `<Type as Trait>::method` that of the type, or that of the trait where the type is a parameter; `None`
/// without one.
pub(super) fn crate_of(name: &str) -> Option<&str> {
    let Some(inner) = name.strip_prefix('<') else {
        let (first, rest) = name.split_once("::")?;
        // What the standard library implements for others, as `alloc::slice::<impl [own::Type]>::to_vec`, is its own.
        return (!rest.is_empty()).then_some(first);
    };
    match inner.split_once(" as ") {
        Some((of_type, of_trait)) => first_of(of_type).or_else(|| first_of(of_trait)),
        None => first_of(inner),
    }
}

/// The first part of the path of a type; `None` of a type without one, as `T` or `u8`.
fn first_of(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['&', '*', '[', '(', '<', ' ']);
    let text = ["mut ", "const ", "dyn "].iter().fold(text, |text, word| text.strip_prefix(word).unwrap_or(text));
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    text[..end].split_once("::").map(|(first, _)| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_its_callers_is_told_by_its_crate() {
        let names = [
            "own_code::count_words",
            "<own_code::S<_> as core::fmt::Display>::fmt",
            "<alloc::vec::Vec<_> as core::iter::Extend<_>>::extend",
            "<T as own_code::Tr>::f",
            "<&mut own_code::S<_>>::go",
            "core::slice::sort::run",
            "alloc::slice::<impl [T]>::to_vec",
            "hashbrown::raw::RawTable<_>::reserve_rehash",
            "pulp::x86::v3::V3::vectorize::imp_fastcall",
            "<T as dyn_clone::DynClone>::__clone_box",
            "tract_core::ops::<impl core::clone::Clone for alloc::boxed::Box<_>>::clone",
            "__rust_alloc",
            "main",
            "0x00ab",
            "scalegate::measure::counts::allocator::x",
        ];
        let said =
            names.map(|name| format!("{name}: {:?}, helper: {}", crate_of(name), is_helper(name, &Profile::default())));
        insta::assert_snapshot!(said.join("\n"));
    }
}
