//! What the size of a workload counts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Resolution;

/// The axis of a workload: a name, and a unit whose SI prefixes make sizes readable.
///
/// ```
/// use scalegate::Axis;
///
/// assert_eq!(Axis::new("items").size(16_000.0), "16000 items");
/// assert_eq!(Axis::new("bytes").size(16_000.0), "16.0 kB");
/// assert_eq!(Axis::with_unit("file", "B").size(2e6), "2.00 MB");
/// assert_eq!(Axis::PIXELS.size(200_704.0), "0.201 MP");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axis {
    name: Cow<'static, str>,
    unit: Option<Cow<'static, str>>,
}

/// The longest name or unit: it stands in every row of a table.
const MAX_LENGTH: usize = 40;

/// Prefixes of the International System of Units (BIPM brochure, 9th edition, table 7).
const PREFIXES: [(f64, &str); 5] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];

impl Axis {
    /// Tokens of prompt or of context.
    pub const TOKENS: Self = Self { name: Cow::Borrowed("tokens"), unit: None };
    /// Pixels of the encoded image, width times height; shown as megapixels.
    pub const PIXELS: Self = Self { name: Cow::Borrowed("pixels"), unit: Some(Cow::Borrowed("P")) };
    /// Bytes of input, shown as kB, MB and so on.
    pub const BYTES: Self = Self { name: Cow::Borrowed("bytes"), unit: Some(Cow::Borrowed("B")) };

    /// An axis of that name, in the plural, as `items`. `bytes` and `pixels` bring the units B and P.
    ///
    /// What is wrong with a name shows in [`Axis::check`], which every user of an axis calls.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        match &*name {
            "bytes" => Self::BYTES,
            "pixels" => Self::PIXELS,
            _ => Self { name, unit: None },
        }
    }

    /// An axis whose sizes are shown in `unit` with prefixes, as `MB` for the unit `B`.
    pub fn with_unit(name: impl Into<Cow<'static, str>>, unit: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), unit: Some(unit.into()) }
    }

    /// As it is written in records and on the command line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The unit that takes prefixes, if it has one.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// One of what is counted, as `token`.
    pub fn singular(&self) -> &str {
        self.name.strip_suffix('s').unwrap_or(&self.name)
    }

    /// What stands at the axis of a picture.
    pub fn title(&self) -> &str {
        if *self == Self::PIXELS {
            "image size"
        } else if *self == Self::TOKENS {
            "length"
        } else {
            &self.name
        }
    }

    /// Says what is wrong with the name or the unit.
    ///
    /// # Errors
    /// One of them is empty, longer than 40 bytes, or has characters that a table or a file would trip over.
    pub fn check(&self) -> Result<(), String> {
        check_word("an axis", &self.name)?;
        self.unit.iter().try_for_each(|unit| check_word("the unit of an axis", unit))
    }

    /// A position on the axis, as `256 tokens`, `0.200 MP` or `16.0 kB`.
    pub fn size(&self, value: f64) -> String {
        if *self == Self::PIXELS {
            return format!("{:.3} MP", value / 1e6);
        }
        match &self.unit {
            Some(_) => {
                let (factor, unit) = self.unit_at(value);
                format!("{} {unit}", crate::units::three_digits(value / factor))
            }
            None if value.fract() == 0.0 => format!("{value} {}", self.name),
            None => format!("{} {}", crate::units::three_digits(value), self.name),
        }
    }

    /// The size that a text names: a number, with or without what the axis counts; of images also `640x480`.
    ///
    /// ```
    /// use scalegate::Axis;
    ///
    /// assert_eq!(Axis::TOKENS.parse_size("4096"), Ok(4096.0));
    /// assert_eq!(Axis::PIXELS.parse_size("0.5 MP"), Ok(500_000.0));
    /// assert_eq!(Axis::PIXELS.parse_size("640x480"), Ok(307_200.0));
    /// ```
    ///
    /// # Errors
    /// No number, or one of something else. `4k` is refused: 4,000 tokens for some, and 4,096 for others.
    pub fn parse_size(&self, text: &str) -> Result<f64, String> {
        let text = text.trim();
        if let (true, Ok(resolution)) = (*self == Self::PIXELS, text.parse::<Resolution>()) {
            return Ok(resolution.pixels() as f64);
        }
        let prefixed =
            self.unit.iter().flat_map(|unit| PREFIXES.map(|(factor, prefix)| (format!("{prefix}{unit}"), factor)));
        let plain = ["", self.name(), self.singular()].map(|name| (name.to_owned(), 1.0));
        let all: Vec<(String, f64)> = plain.into_iter().chain(prefixed).collect();
        let mut sizes = all.iter().filter_map(|(name, factor)| {
            let number: f64 = text.strip_suffix(name.as_str())?.trim_end().parse().ok()?;
            Some(number * factor)
        });
        sizes.find(|size: &f64| size.is_finite()).ok_or_else(|| {
            let example = match self.unit {
                _ if *self == Self::PIXELS => "`200704`, `0.2 MP` or `640x480`".to_owned(),
                Some(ref unit) => format!("`20000` or `20 k{unit}`"),
                None => "`4096`".to_owned(),
            };
            format!("`{text}` is no size in {}, such as {example}", self.name)
        })
    }

    /// The unit that sizes up to `largest` are shown in, with the factor that it stands for.
    pub fn unit_at(&self, largest: f64) -> (f64, String) {
        let Some(unit) = &self.unit else { return (1.0, self.name.clone().into_owned()) };
        if *self == Self::PIXELS {
            return (1e6, "MP".to_owned());
        }
        let (factor, prefix) = PREFIXES.into_iter().find(|(factor, _)| largest.abs() >= *factor).unwrap_or((1.0, ""));
        (factor, format!("{prefix}{unit}"))
    }

    /// What a slope up to `largest` is quoted over, with the factor that it stands for: `token`, `MP`, `MB`.
    pub fn slope_unit(&self, largest: f64) -> (f64, String) {
        match self.unit {
            None => (1.0, self.singular().to_owned()),
            Some(_) => self.unit_at(largest),
        }
    }
}

fn check_word(what: &str, word: &str) -> Result<(), String> {
    if word.trim().is_empty() {
        return Err(format!("{what} has an empty name"));
    }
    if word.len() > MAX_LENGTH {
        return Err(format!("{what} has a name of {} bytes; {MAX_LENGTH} are the most", word.len()));
    }
    match word.chars().find(|c| c.is_control() || "(),\"".contains(*c)) {
        Some(character) => Err(format!("{what} has {character:?} in its name")),
        None => Ok(()),
    }
}

impl fmt::Display for Axis {
    /// The name, with the unit in brackets where the name does not tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Some(unit) if Self::new(self.name.clone()) != *self => write!(f, "{} ({unit})", self.name),
            _ => f.write_str(&self.name),
        }
    }
}

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let axis = match text.strip_suffix(')').and_then(|text| text.split_once(" (")) {
            Some((name, unit)) => Self::with_unit(name.to_owned(), unit.to_owned()),
            None => Self::new(text.to_owned()),
        };
        axis.check()?;
        Ok(axis)
    }
}

impl Serialize for Axis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Axis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Axis {
    fn schema_name() -> Cow<'static, str> {
        "Axis".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "What the size of a workload counts: a name as `tokens`, with a unit in brackets where it has one of its own.",
            "type": "string",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_written_and_read_as_one_word() {
        for (axis, text) in [
            (Axis::TOKENS, "tokens"),
            (Axis::PIXELS, "pixels"),
            (Axis::BYTES, "bytes"),
            (Axis::new("items"), "items"),
            (Axis::with_unit("file", "B"), "file (B)"),
        ] {
            assert_eq!(axis.to_string(), text);
            assert_eq!(text.parse(), Ok(axis));
        }
    }

    #[test]
    fn a_size_is_read_as_it_is_shown() {
        let sizes = [
            (Axis::TOKENS, "1024 tokens", 1024.0),
            (Axis::TOKENS, " 1e3 ", 1e3),
            (Axis::new("items"), "1item", 1.0),
            (Axis::PIXELS, "0.25 MP", 250_000.0),
            (Axis::PIXELS, "200704 pixels", 200_704.0),
            (Axis::PIXELS, "20x30", 600.0),
            (Axis::BYTES, "16.0 kB", 16_000.0),
        ];
        for (axis, text, size) in sizes {
            assert_eq!(axis.parse_size(text), Ok(size));
        }
        let refused = [("4k", Axis::TOKENS), ("NaN", Axis::TOKENS), ("", Axis::PIXELS), ("5 MP", Axis::BYTES)];
        insta::assert_snapshot!(refused.map(|(text, axis)| axis.parse_size(text).unwrap_err()).join("\n"), @"
        `4k` is no size in tokens, such as `4096`
        `NaN` is no size in tokens, such as `4096`
        `` is no size in pixels, such as `200704`, `0.2 MP` or `640x480`
        `5 MP` is no size in bytes, such as `20000` or `20 kB`
        ");
    }

    #[test]
    fn a_name_that_a_table_would_trip_over_is_refused() {
        assert_eq!("".parse::<Axis>(), Err("an axis has an empty name".to_owned()));
        assert_eq!(" ".parse::<Axis>(), Err("an axis has an empty name".to_owned()));
        assert_eq!("a,b".parse::<Axis>(), Err("an axis has ',' in its name".to_owned()));
        assert_eq!("x ()".parse::<Axis>(), Err("the unit of an axis has an empty name".to_owned()));
        assert!(Axis::new("x".repeat(41)).check().is_err());
    }

    #[test]
    fn slopes_are_quoted_over_one_thing_or_a_prefixed_unit() {
        assert_eq!(Axis::TOKENS.slope_unit(1024.0), (1.0, "token".to_owned()));
        assert_eq!(Axis::PIXELS.slope_unit(3e6), (1e6, "MP".to_owned()));
        assert_eq!(Axis::BYTES.slope_unit(3e6), (1e6, "MB".to_owned()));
        assert_eq!(Axis::BYTES.slope_unit(900.0), (1.0, "B".to_owned()));
    }
}
