//! Costs as people write them: a number and a unit, as `500 ms`.

use super::prefixed;

/// Further spellings of units, as a keyboard has them, with what they are a multiple of.
const SPELLINGS: [(&str, &str, f64); 14] = [
    ("s", "us", 1e-6),
    ("s", "min", 60.0),
    ("s", "h", 3600.0),
    ("bytes", "bytes", 1.0),
    ("bytes", "KiB", 1024.0),
    ("bytes", "MiB", 1_048_576.0),
    ("bytes", "GiB", 1_073_741_824.0),
    ("instructions", "instructions", 1.0),
    ("instructions", "k", 1e3),
    ("instructions", "M", 1e6),
    ("instructions", "G", 1e9),
    ("core·s", "core s", 1.0),
    ("byte·s", "byte s", 1.0),
    ("J", "kJ", 1e3),
];

/// The cost that a text names, in `unit`: the unit of a metric, which takes prefixes.
///
/// ```
/// assert_eq!(scalegate::units::parse_cost("500 ms", "s"), Ok(0.5));
/// assert_eq!(scalegate::units::parse_cost("1.5GiB", "bytes"), Ok(1_610_612_736.0));
/// assert!(scalegate::units::parse_cost("500 MB", "s").is_err());
/// ```
///
/// # Errors
/// No number above zero, no unit, or one of something else.
pub fn parse_cost(text: &str, unit: &str) -> Result<f64, String> {
    let text = text.trim();
    let end = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    // `1e3` is a number, and `1 e3` none.
    let split = end.filter(|&at| text[..at].trim().parse::<f64>().is_ok()).max();
    let (number, name) = text.split_at(split.unwrap_or(0));
    let name = name.trim();
    let number: f64 =
        number.trim().parse().map_err(|_| format!("`{text}` is no number with a unit, such as {}", example(unit)))?;
    let known = prefixed(unit).iter().map(|(factor, its)| (*its, *factor));
    let spelled = SPELLINGS.iter().filter(|(of, ..)| *of == unit).map(|(_, its, factor)| (*its, *factor));
    let all: Vec<(&str, f64)> = known.chain(spelled).chain([(unit, 1.0)]).collect();
    let (_, factor) = all.iter().find(|(its, _)| *its == name).ok_or_else(|| {
        let mut names: Vec<&str> = Vec::new();
        for (its, _) in all.iter().filter(|(its, _)| its.is_ascii()) {
            if !names.contains(its) {
                names.push(its);
            }
        }
        let cause = if name.is_empty() { "has no unit".to_owned() } else { format!("is in `{name}`") };
        format!("`{text}` {cause}; here it is one of {}", names.join(", "))
    })?;
    let value = number * factor;
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err(format!("`{text}` is no cost above zero")) }
}

fn example(unit: &str) -> &'static str {
    match unit {
        "s" => "`500 ms`",
        "bytes" => "`200 MB`",
        "instructions" => "`120 M`",
        "J" => "`1.5 J`",
        _ => "`10` and the unit of the metric",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_a_number_with_a_unit() {
        let costs = [
            ("3 s", "s", 3.0),
            ("500ms", "s", 0.5),
            ("20 µs", "s", 2e-5),
            ("20 us", "s", 2e-5),
            ("1e3 ms", "s", 1.0),
            ("2 min", "s", 120.0),
            ("200 MB", "bytes", 2e8),
            ("120 M", "instructions", 1.2e8),
            ("5 kJ", "J", 5000.0),
            ("40 misses", "misses", 40.0),
        ];
        for (text, unit, value) in costs {
            let parsed = parse_cost(text, unit).unwrap();
            assert!((parsed / value - 1.0).abs() < 1e-12, "{text}: {parsed}");
        }
    }

    #[test]
    fn a_unit_that_does_not_fit_is_named_with_those_that_do() {
        let said: Vec<String> = ["3", "3 MB", "s", "", "-3 s", "0 s", "inf s", "NaN s", "3 s s"]
            .map(|text| parse_cost(text, "s").unwrap_err())
            .into();
        insta::assert_snapshot!(said.join("\n"));
    }
}
