//! Names of functions as two builds share them.

/// Suffixes that compilers and linkers give to parts and copies of a function.
const COPIES: [&str; 7] = ["part", "constprop", "isra", "cold", "llvm", "lto_priv", "localalias"];

/// A name without what differs between builds or multiplies one function: the level of a recursion, hashes, arguments of generics, the
/// closures within it, copies that a compiler made.
///
/// Valgrind has taken the mangling of Rust (legacy and v0) and C++ away.
pub(super) fn normalized(name: &str) -> String {
    let name = without_recursion(name);
    let name = folded_generics(name).unwrap_or_else(|| name.to_owned());
    let name = without_hash(&name);
    let name = without_closures(name);
    without_copies(name).to_owned()
}

/// `f'2` is `f` below itself.
fn without_recursion(name: &str) -> &str {
    match name.rsplit_once('\'') {
        Some((name, level)) if !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    }
}

/// Legacy mangling ends with `::h` and 16 digits.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => name,
    }
}

/// `f::{{closure}}` and `f::{closure#0}` are parts of `f`.
fn without_closures(name: &str) -> &str {
    let at = [name.find("::{{closure}}"), name.find("::{closure#")].into_iter().flatten().min();
    at.map_or(name, |at| &name[..at])
}

fn without_copies(name: &str) -> &str {
    let is_copy = |at: &usize| {
        let rest = &name[at + 1..];
        COPIES.iter().any(|copy| rest.strip_prefix(copy).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    let copy = name.match_indices('.').map(|(at, _)| at).find(is_copy);
    copy.filter(|at| *at > 0).map_or(name, |at| &name[..at])
}

/// Arguments of generics as `<_>`, and none in a path's turbofish; `None` if brackets don't pair, as in C++'s `operator<`.
fn folded_generics(name: &str) -> Option<String> {
    let mut folded = String::with_capacity(name.len());
    let mut rest = name;
    // For each open bracket that is kept: a qualified path, as `<Type as Trait>`.
    let mut kept = 0_usize;
    while let Some(at) = rest.find(['<', '>']) {
        let (before, from) = rest.split_at(at);
        folded.push_str(before);
        if let Some(after) = from.strip_prefix('>') {
            rest = after;
            // The arrow of a function's type.
            if folded.ends_with('-') {
                folded.push('>');
                continue;
            }
            kept = kept.checked_sub(1)?;
            folded.push('>');
            continue;
        }
        let is_arguments = folded.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '}');
        let is_turbofish = folded.ends_with("::") && !from[1..].starts_with("impl ");
        if is_arguments || is_turbofish {
            rest = &from[closing(from)? + 1..];
            if is_turbofish {
                folded.truncate(folded.len() - 2);
            } else {
                folded.push_str("<_>");
            }
        } else {
            kept += 1;
            folded.push('<');
            rest = &from[1..];
        }
    }
    folded.push_str(rest);
    (kept == 0).then_some(folded)
}

/// Where the bracket that `text` begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_function_has_one_name_in_every_build() {
        let names = [
            "own_code::count_words",
            "own_code::count_words::h61fbf0562252e164",
            "own_code::fib'2",
            "own_code::neighbours::{{closure}}::{{closure}}",
            "own_code::neighbours::{closure#0}",
            "own_code::S<T>::go",
            "<own_code::S<alloc::vec::Vec<u8>> as own_code::Tr<fn(u8) -> u8>>::f",
            "core::slice::sort::<u64>::run",
            "hashbrown::rustc_entry::<impl hashbrown::map::HashMap<K,V,S,A>>::rustc_entry",
            "<&mut F as core::ops::function::FnOnce<(A, B)>>::call_once",
            "core::ptr::drop_in_place<alloc::vec::Vec<(u32, &str)>>",
            "std::vector<int, std::allocator<int> >::push_back(int const&)",
            "operator<(A const&, B const&)",
            "memcpy.part.0",
            "f.constprop.0.isra.1",
            "0x0000000004838030",
            "___rust_alloc",
            ".cold",
        ];
        let said: Vec<String> = names.iter().map(|name| format!("{name}\n  {}", normalized(name))).collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
