//! Costs against expected units in words.

#[cfg(feature = "cli")]
use serde_json::{Value, json};

use crate::analysis::SeriesFit;
#[cfg(feature = "cli")]
use crate::analysis::UnitsFit;
use crate::gate::{Finding, Outcome};
#[cfg(feature = "cli")]
use crate::law::Standing;
use crate::law::{NoUnitLaw, UnitCost};
use crate::record::InputUnit;
use crate::units::{change, rounded, rounded_size};
use crate::{Axis, Resolution};

/// What the costs of a series say against its expected units, in a line: the size that is the furthest above what they allow, and how many
/// more there are; or that they are no function of them.
pub(super) fn line(series: &SeriesFit) -> Option<String> {
    let units = series.units.as_ref()?;
    let law = match units.law.as_ref()? {
        Ok(law) => law,
        Err(NoUnitLaw::Disagreement) => {
            return Some(format!("no smooth function of the expected {} fits its costs", units.unit.plural()));
        }
        Err(_) => return None,
    };
    let (worst, count) = law.worst()?;
    let image = units.images.get(&(worst.size as u64)).copied();
    let more = match count {
        1 => String::new(),
        2 => " (another size is dearer than its own allow, too)".to_owned(),
        _ => format!(" ({} more sizes are dearer than their own allow)", count - 1),
    };
    Some(format!("{}{more}", sentence(units.unit, image, &series.axis, &numbers(worst))))
}

/// What of a size is told.
struct Numbers {
    size: f64,
    expected: f64,
    equivalent: Option<f64>,
    excess: f64,
}

fn numbers(its: &UnitCost) -> Numbers {
    Numbers { size: its.size, expected: its.expected, equivalent: its.equivalent, excess: its.excess.estimate }
}

/// `at 2184x1680: expected 256 tokens, cost of about 1,024: is the cap applied?`
fn sentence(unit: InputUnit, image: Option<Resolution>, axis: &Axis, its: &Numbers) -> String {
    let at = image.map_or_else(|| rounded_size(its.size, axis), |image| image.to_string());
    let cost = match its.equivalent {
        Some(units) => format!("cost of about {}", grouped(units)),
        None => format!("cost {} above theirs", change(its.excess).trim_start_matches('+')),
    };
    let question = match unit {
        InputUnit::Tokens | InputUnit::Patches => "is the cap applied?",
        InputUnit::Tiles => "is it cut as the configuration says?",
    };
    format!("at {at}: expected {} {}, {cost}: {question}", grouped(its.expected), words_for(unit, its.expected))
}

fn words_for(unit: InputUnit, count: f64) -> &'static str {
    match unit {
        _ if count != 1.0 => unit.plural(),
        InputUnit::Tokens => "token",
        InputUnit::Patches => "patch",
        InputUnit::Tiles => "tile",
    }
}

/// `1,024`; below ten, one digit after the point.
pub(super) fn grouped(number: f64) -> String {
    if number < 10.0 {
        return rounded((number * 10.0).round() / 10.0);
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What a finding says of its worst size.
pub(super) fn headline(finding: &Finding) -> String {
    let Some((numbers, units)) = of_finding(finding).zip(finding.units) else { return "expected units".to_owned() };
    match finding.outcome {
        Outcome::Regressed => sentence(units.unit, units.image, &finding.axis, &numbers),
        Outcome::Pass | Outcome::Improved => {
            format!("every size costs what its expected {} allow", units.unit.plural())
        }
        Outcome::Inconclusive => {
            let at = units.image.map_or_else(|| rounded_size(numbers.size, &finding.axis), |image| image.to_string());
            format!("cost at {at} against its expected {}", units.unit.plural())
        }
    }
}

/// The same with the span and what is tolerated.
pub(super) fn words(finding: &Finding) -> String {
    let headline = headline(finding);
    let Some((its, tolerance)) = finding.change.zip(finding.tolerance) else { return headline };
    let span = format!("{}, between {} and {}", change(its.estimate), change(its.lower), change(its.upper));
    let tolerated = format!("{} %", rounded(100.0 * tolerance));
    match finding.outcome {
        Outcome::Regressed => format!("{headline} ({span} of what they allow; {tolerated} tolerated)"),
        Outcome::Pass | Outcome::Improved => format!("{headline} (at most {span}; {tolerated} tolerated)"),
        Outcome::Inconclusive => format!(
            "{headline} ({span}): shown to be neither within nor beyond {tolerated}; more rounds, or more sizes around it, would decide"
        ),
    }
}

fn of_finding(finding: &Finding) -> Option<Numbers> {
    let (size, excess) = (finding.range?.largest, finding.change?.estimate);
    Some(Numbers { size, expected: finding.baseline?, equivalent: finding.run, excess })
}

/// Why costs say nothing of units.
pub(super) fn fault(fault: NoUnitLaw) -> &'static str {
    match fault {
        NoUnitLaw::Sizes => "there are too few sizes whose units are expected: measure at least four",
        NoUnitLaw::Zero => "a size costs nothing beside what preprocessing it costs",
        NoUnitLaw::Disagreement => {
            "no smooth function of the expected units fits the costs of half of the sizes: choose sizes below the clamp, or leave \
             `resolutions` out"
        }
    }
}

/// Of a table: the units of a size, and those that its cost stands for.
#[cfg(feature = "cli")]
pub(super) fn cells(units: &UnitsFit, size: f64) -> [String; 2] {
    let expected = units.by_size.get(&(size as u64)).map(|units| grouped(*units as f64));
    let law = units.law.as_ref().and_then(|law| law.as_ref().ok());
    let its = law.and_then(|law| law.sizes.iter().find(|its| its.size == size));
    let cost = its.and_then(|its| its.equivalent).map(grouped);
    [expected, cost].map(|cell| cell.unwrap_or_else(|| "–".to_owned()))
}

/// The units of a series for programs; the form is described in `docs/formats.md`.
#[cfg(feature = "cli")]
pub(super) fn json(units: &UnitsFit) -> Value {
    let unit = units.unit;
    let sizes: Vec<Value> = match &units.law {
        Some(Ok(law)) => law.sizes.iter().map(size_json).collect(),
        _ => units.by_size.iter().map(|(size, expected)| json!({"size": size, "expected": expected})).collect(),
    };
    let mut value = json!({"unit": unit, "sizes": sizes});
    if let Some(Err(reason)) = &units.law {
        value["reason"] = json!(fault(*reason));
    }
    value
}

#[cfg(feature = "cli")]
fn size_json(its: &UnitCost) -> Value {
    let standing = match its.standing {
        Standing::Within => "within",
        Standing::Above => "above",
        Standing::Unclear => "unclear",
    };
    json!({
        "size": its.size,
        "expected": its.expected,
        "equivalent": its.equivalent,
        "excess": its.excess,
        "standing": standing,
    })
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_told_by_its_image_its_units_and_those_of_its_cost() {
        let image = Some(Resolution { width: 2184, height: 1680 });
        let size = 3_669_120.0;
        let of = |expected, equivalent| Numbers { size, expected, equivalent, excess: 1.5 };
        let all = [
            sentence(InputUnit::Tokens, image, &Axis::PIXELS, &of(256.0, Some(1024.4))),
            sentence(InputUnit::Patches, None, &Axis::PIXELS, &of(3072.0, Some(12_345.0))),
            sentence(InputUnit::Tiles, image, &Axis::PIXELS, &of(5.0, Some(9.46))),
            sentence(InputUnit::Tiles, image, &Axis::PIXELS, &of(1.0, None)),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        at 2184x1680: expected 256 tokens, cost of about 1,024: is the cap applied?
        at 3.67 MP: expected 3,072 patches, cost of about 12,345: is the cap applied?
        at 2184x1680: expected 5 tiles, cost of about 9.5: is it cut as the configuration says?
        at 2184x1680: expected 1 tile, cost 150.0 % above theirs: is it cut as the configuration says?
        ");
    }

    #[test]
    fn what_is_not_known_of_a_size_is_a_dash() {
        let mut units = UnitsFit { unit: InputUnit::Tiles, by_size: [(100, 5)].into(), images: [].into(), law: None };
        assert_eq!(cells(&units, 100.0), ["5", "–"]);
        assert_eq!(cells(&units, 200.0), ["–", "–"]);
        units.law = Some(Err(NoUnitLaw::Disagreement));
        insta::assert_snapshot!(json(&units), @r#"{"reason":"no smooth function of the expected units fits the costs of half of the sizes: choose sizes below the clamp, or leave `resolutions` out","sizes":[{"expected":5,"size":100}],"unit":"tiles"}"#);
    }
}
