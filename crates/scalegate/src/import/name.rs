//! The size of a benchmark, out of the arguments that a tool writes into its name.

use crate::Axis;

/// A benchmark whose size is no part of its name any more.
#[derive(Debug, PartialEq)]
pub(super) struct SizedName {
    pub(super) workload: String,
    pub(super) size: u64,
    /// What the size counts, if its argument is called so.
    pub(super) axis: Option<Axis>,
}

/// Takes the size out of the parts of a name, as `Sort`, `quick` and `items=64`.
///
/// # Errors
/// No argument is a size, or it is unknown which.
pub(super) fn sized<'a>(parts: impl IntoIterator<Item = &'a str>, axis: Option<&Axis>) -> Result<SizedName, String> {
    let mut parts: Vec<&str> = parts.into_iter().collect();
    let arguments: Vec<(&str, &str)> = parts.iter().map(|part| argument(part)).collect();
    let at = position(&arguments, axis)?;
    let (key, value) = arguments[at];
    let size = size(value).ok_or_else(|| format!("`{}` is no whole number above zero", parts[at]))?;
    parts.remove(at);
    Ok(SizedName { workload: parts.join("/"), size, axis: known_axis(key) })
}

/// Which of some arguments, with their names, is the size: the one that is called as the axis is, the one that is called as an axis
/// that every benchmark may have, or the only one that is a number.
///
/// # Errors
/// None of them, or several.
pub(super) fn position(arguments: &[(&str, &str)], axis: Option<&Axis>) -> Result<usize, String> {
    let is_of_axis = |(key, _): &(&str, &str)| axis.is_some_and(|axis| axis.name() == *key);
    let is_known = |(key, _): &(&str, &str)| known_axis(key).is_some();
    if let Some(at) = arguments.iter().position(is_of_axis).or_else(|| arguments.iter().position(is_known)) {
        return Ok(at);
    }
    let numbers: Vec<usize> = (0..arguments.len()).filter(|at| size(arguments[*at].1).is_some()).collect();
    match numbers[..] {
        [at] => Ok(at),
        [] => Err("none of its arguments is a whole number above zero, and so it has no size".to_owned()),
        _ => {
            let written = |at: &usize| match arguments[*at] {
                ("", value) => value.to_owned(),
                (key, value) => format!("{key}={value}"),
            };
            let all = numbers.iter().map(written).collect::<Vec<_>>().join(", ");
            Err(format!("it is unknown which of its arguments is the size: {all}"))
        }
    }
}

/// What counts the same whoever wrote the benchmark.
pub(super) fn known_axis(name: &str) -> Option<Axis> {
    [Axis::TOKENS, Axis::PIXELS, Axis::BYTES].into_iter().find(|axis| axis.name() == name)
}

/// A size as tools write it: a whole number above zero.
pub(super) fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size| *size > 0)
}

/// The name, if it has one, and the value of an argument such as `64`, `items:64` or `items=64`.
fn argument(part: &str) -> (&str, &str) {
    part.split_once([':', '=']).unwrap_or(("", part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, axis: Option<&str>) -> Result<(String, u64, Option<Axis>), String> {
        let axis = axis.map(|axis| Axis::new(axis.to_owned()));
        sized(name.split('/'), axis.as_ref()).map(|it| (it.workload, it.size, it.axis))
    }

    #[test]
    fn the_size_is_the_argument_called_as_the_axis_or_the_only_number() {
        let found = |workload: &str, size, axis| Ok((workload.to_owned(), size, axis));
        assert_eq!(of("BM_Sort/256", None), found("BM_Sort", 256, None));
        assert_eq!(of("BM_Sort<std::less<int>>/256", None), found("BM_Sort<std::less<int>>", 256, None));
        assert_eq!(of("Sort/quick/n=256", None), found("Sort/quick", 256, None));
        assert_eq!(of("Encode/pixels:200704/batch:8", None), found("Encode/batch:8", 200_704, Some(Axis::PIXELS)));
        assert_eq!(of("Smallest/items:64/k:8", Some("items")), found("Smallest/k:8", 64, None));
        assert_eq!(of("Smallest/items:64/k:8", Some("k")), found("Smallest/items:64", 8, None));
    }

    #[test]
    fn a_name_without_one_size_says_so() {
        let refused = |name: &str, axis| of(name, axis).unwrap_err();
        insta::assert_snapshot!(refused("Prefill", None), @"none of its arguments is a whole number above zero, and so it has no size");
        insta::assert_snapshot!(refused("Prefill/0", None), @"none of its arguments is a whole number above zero, and so it has no size");
        insta::assert_snapshot!(refused("Prefill/64/k:8", None), @"it is unknown which of its arguments is the size: 64, k=8");
        insta::assert_snapshot!(refused("Prefill/tokens:many", None), @"`tokens:many` is no whole number above zero");
    }
}
