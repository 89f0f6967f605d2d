//! The ratio of width to height of a workload's images.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A ratio of width to height in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aspect {
    /// The part of the width.
    pub width: u32,
    /// The part of the height.
    pub height: u32,
}

/// A longer image is no picture any more; Qwen2-VL's processor refuses it from ten times this on.
const MAX_RATIO: f64 = 20.0;

/// The largest shorter side in lowest terms: images of exactly one ratio have sides of multiples, and there have to be some.
const MAX_PART: u32 = 64;

/// How far from a number the ratio that stands for it may be, relative: 1.78 is 16:9.
const NEARNESS: f64 = 0.005;

impl Aspect {
    /// That of most photos, and of the images of a workload that names none.
    pub const DEFAULT: Self = Self { width: 4, height: 3 };

    /// Width over height.
    pub fn ratio(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    /// The ratio of two whole numbers.
    fn of(width: u32, height: u32) -> Result<Self, String> {
        if width == 0 || height == 0 {
            return Err(format!("the aspect ratio {width}:{height} has a side of zero"));
        }
        let divisor = common_divisor(width, height);
        let aspect = Self { width: width / divisor, height: height / divisor };
        let ratio = aspect.ratio();
        if !(1.0 / MAX_RATIO..=MAX_RATIO).contains(&ratio) {
            return Err(format!(
                "an image of {aspect} is no picture: the longer side may be {MAX_RATIO} times the other"
            ));
        }
        if aspect.width.min(aspect.height) > MAX_PART {
            let cause = "its shorter side in lowest terms may be up to";
            return Err(format!("the aspect ratio {aspect} is too fine: {cause} {MAX_PART}"));
        }
        Ok(aspect)
    }

    /// The ratio of the smallest whole numbers that is close to `ratio`.
    fn near(ratio: f64) -> Result<Self, String> {
        if !(1.0 / MAX_RATIO..=MAX_RATIO).contains(&ratio) {
            return Err(format!(
                "{ratio} is not an aspect ratio: width over height lies between {} and {MAX_RATIO}",
                1.0 / MAX_RATIO
            ));
        }
        let of_height = |height: u32| ((ratio * f64::from(height)).round() as u32, height);
        let is_near = |(width, height): &(u32, u32)| {
            (f64::from(*width) / f64::from(*height) / ratio - 1.0).abs() < NEARNESS && *width > 0
        };
        let (width, height) = (1..=MAX_PART * 4).map(of_height).find(is_near).unwrap_or((1, 1));
        Self::of(width, height)
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

impl FromStr for Aspect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        let (width, height) = parts.ok_or_else(|| {
            format!("`{text}` is not an aspect ratio; write it as WIDTH:HEIGHT, for instance \"16:9\", or as a number")
        })?;
        Self::of(width, height)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

impl<'de> Deserialize<'de> for Aspect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

/// `"16:9"` or `1.78`.
struct Either;

impl Visitor<'_> for Either {
    type Value = Aspect;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an aspect ratio as \"16:9\" or 1.78")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Aspect, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, ratio: f64) -> Result<Aspect, E> {
        Aspect::near(ratio).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, ratio: i64) -> Result<Aspect, E> {
        Aspect::near(ratio as f64).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<String, String> {
        #[derive(Deserialize)]
        struct One {
            aspect: Aspect,
        }
        let one: Result<One, _> = toml::from_str(&format!("aspect = {value}"));
        one.map(|one| one.aspect.to_string()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_ratio_is_read_in_lowest_terms() {
        for (value, aspect) in [
            ("\"4:3\"", "4:3"),
            ("\"1920:1080\"", "16:9"),
            ("\"1:3\"", "1:3"),
            ("1", "1:1"),
            ("1.78", "16:9"),
            ("1.33", "4:3"),
            ("0.75", "3:4"),
            ("2.35", "33:14"),
            ("0.05", "1:20"),
        ] {
            assert_eq!(read(value).as_deref(), Ok(aspect), "{value}");
        }
    }

    #[test]
    fn what_is_no_ratio_of_a_picture_is_refused() {
        let refused =
            ["0", "-1.5", "nan", "300.0", "\"0:3\"", "\"4x3\"", "\"-4:3\"", "\"100:1\"", "\"1001:1000\"", "true"];
        insta::assert_snapshot!(refused.map(|value| read(value).unwrap_err()).join("\n"), @r#"
        0 is not an aspect ratio: width over height lies between 0.05 and 20
        -1.5 is not an aspect ratio: width over height lies between 0.05 and 20
        NaN is not an aspect ratio: width over height lies between 0.05 and 20
        300 is not an aspect ratio: width over height lies between 0.05 and 20
        the aspect ratio 0:3 has a side of zero
        `4x3` is not an aspect ratio; write it as WIDTH:HEIGHT, for instance "16:9", or as a number
        `-4:3` is not an aspect ratio; write it as WIDTH:HEIGHT, for instance "16:9", or as a number
        an image of 100:1 is no picture: the longer side may be 20 times the other
        the aspect ratio 1001:1000 is too fine: its shorter side in lowest terms may be up to 64
        invalid type: boolean `true`, expected an aspect ratio as "16:9" or 1.78
        "#);
    }
}
