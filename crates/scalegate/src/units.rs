//! Numbers with units, as people read them.

mod amount;

pub use amount::parse_cost;

use crate::Axis;

/// A cost with its unit, for instance `1.23 ms` or `4.56 MB`.
pub fn cost(value: f64, unit: &str) -> String {
    match prefixed(unit) {
        [] => format!("{} {unit}", three_digits(value)),
        units => scaled(value, units),
    }
}

/// The unit that costs around `value` are shown in, with the factor that it stands for.
pub(crate) fn cost_unit(value: f64, unit: &str) -> (f64, &str) {
    let units = prefixed(unit);
    units.iter().find(|(factor, _)| value.abs() >= *factor).or(units.last()).copied().unwrap_or((1.0, unit))
}

/// A unit with its prefixes, the largest first; empty if it takes none.
fn prefixed(unit: &str) -> &'static [(f64, &'static str)] {
    match unit {
        "s" => &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
        "bytes" => &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")],
        "instructions" => &[(1e9, "G instr."), (1e6, "M instr."), (1e3, "k instr."), (1.0, "instr.")],
        "byte·s" => &[(1e9, "GB·s"), (1e6, "MB·s"), (1e3, "kB·s"), (1.0, "B·s")],
        "core·s" => &[(1.0, "core·s"), (1e-3, "core·ms"), (1e-6, "core·µs")],
        "J" => &[(1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ")],
        _ => &[],
    }
}

/// A position on an axis, for instance `256 tokens` or `0.200 MP`.
pub fn size(value: f64, axis: &Axis) -> String {
    axis.size(value)
}

/// A position on an axis in a sentence, with no more digits than help: `512 tokens`, `0.20 MP`, `16.0 kB`.
pub(crate) fn rounded_size(value: f64, axis: &Axis) -> String {
    match axis.unit() {
        // Of what nobody has measured no more is known, and an axis may have that name.
        None if axis.name() == "size" => format!("size {}", rounded(value)),
        None => format!("{} {}", rounded(value), axis.name()),
        Some(_) if *axis != Axis::PIXELS => axis.size(value),
        Some(_) if value >= 1e5 => format!("{:.2} MP", value / 1e6),
        Some(_) if value >= 1e3 => format!("{:.3} MP", value / 1e6),
        Some(_) => format!("{} pixels", rounded(value)),
    }
}

/// A number that has no unit and follows no law, as a perplexity.
pub(crate) fn value(value: f64) -> String {
    format!("{value:.2}")
}

/// A share of a whole, as `12.5 %`.
pub(crate) fn share(value: f64) -> String {
    format!("{:.1} %", 100.0 * value)
}

/// A relative change, as `+12.5 %`.
pub(crate) fn percent(value: f64) -> String {
    format!("{:+.1} %", 100.0 * value)
}

/// A relative change in a sentence: from a tenfold on, a factor is easier to read than a percentage.
pub(crate) fn change(value: f64) -> String {
    if value >= 9.0 { format!("×{}", rounded(1.0 + value)) } else { percent(value) }
}

/// Three significant digits without zeros that say nothing, in plain notation where that is short.
pub(crate) fn rounded(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        0.0 => "0".to_owned(),
        _ if !(1e-4..1e7).contains(&magnitude) => format!("{value:.2e}"),
        _ if magnitude >= 100.0 => format!("{value:.0}"),
        _ => {
            let decimals = (2.0 - magnitude.log10().floor()).clamp(0.0, 7.0) as usize;
            let text = format!("{value:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

/// Two significant digits, as an uncertainty has, and not more decimals than two.
pub(crate) fn rounded_to_two(value: f64) -> String {
    let decimals = if value >= 10.0 {
        0
    } else if value >= 1.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

/// A round number as it is written at an axis, for instance `0.05` or `2000`.
pub(crate) fn tick(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) {
        return format!("{value:e}");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What rounds to 1 at three digits.
const ROUNDS_TO_ONE: f64 = 0.9995;

/// What rounds to 0 at three decimals.
const ROUNDS_TO_NOTHING: f64 = 5e-4;

/// The largest unit that leaves at least one digit before the point; the smallest otherwise.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let fitting = units.iter().find(|(factor, _)| value.abs() >= ROUNDS_TO_ONE * factor).or(units.last());
    // What rounds to nothing in the smallest unit is nothing: no byte has a millionth.
    let is_nothing = units.last().is_some_and(|(smallest, _)| value.abs() < ROUNDS_TO_NOTHING * smallest);
    let value = if is_nothing { 0.0 } else { value };
    let plain = || units.iter().find(|(factor, _)| *factor == 1.0).or(units.last());
    let (factor, unit) = if is_nothing { plain() } else { fitting }.copied().unwrap_or((1.0, ""));
    format!("{} {unit}", three_digits(value / factor))
}

/// Three significant digits, or all digits before the point.
pub(crate) fn three_digits(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let decimals = match magnitude {
        m if m >= 100.0 * ROUNDS_TO_ONE || m == 0.0 => 0,
        m if m >= 10.0 * ROUNDS_TO_ONE => 1,
        m if m >= ROUNDS_TO_ONE => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_take_the_unit_that_reads_best() {
        assert_eq!(cost(0.001234, "s"), "1.23 ms");
        assert_eq!(cost(12.3456, "s"), "12.3 s");
        assert_eq!(cost(2.5e-10, "s"), "0.250 ns");
        assert_eq!(cost(64e6, "bytes"), "64.0 MB");
        assert_eq!([cost(0.0, "s"), cost(2.64e-8, "bytes"), cost(-1e-13, "s")], ["0 s", "0 B", "0 s"]);
        assert_eq!(
            [0.9996, 0.99951e-3, 0.9994, 0.09996].map(|s| cost(s, "s")),
            ["1.00 s", "1.00 ms", "999 ms", "100 ms"]
        );
        assert_eq!(cost(-0.00011, "s"), "-110 µs");
    }

    #[test]
    fn ticks_are_written_without_digits_that_say_nothing() {
        assert_eq!([0.05, 2000.0, 1e9, 0.3, 1.0].map(tick), ["0.05", "2000", "1e9", "0.3", "1"]);
    }

    #[test]
    fn sizes_are_tokens_or_megapixels() {
        assert_eq!([16.0, 1024.0, 23.456].map(|n| size(n, &Axis::TOKENS)), ["16 tokens", "1024 tokens", "23.5 tokens"]);
        assert_eq!(size(200_704.0, &Axis::PIXELS), "0.201 MP");
    }
}
