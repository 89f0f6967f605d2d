//! Time of day for records.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// Now, as RFC 3339 in UTC with whole seconds.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// A limit on the time that measuring may take, as `5m`.
pub(crate) fn budget(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if parsed.is_zero() { Err("there is no time to measure in".to_owned()) } else { Ok(parsed) }
}

/// A day of the calendar, as `2026-01-31`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(String);

impl Date {
    /// The day that it is in UTC.
    pub fn today() -> Self {
        Self(now().chars().take_while(|c| *c != 'T').collect())
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_rfc3339(&format!("{text}T00:00:00Z")) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(format!("`{text}` is no day as 2026-01-31")),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_time_with_its_unit() {
        assert_eq!(budget("1m 30s"), Ok(Duration::from_secs(90)));
        for text in ["", "5", "0s", "soon"] {
            assert!(budget(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        assert_eq!("2024-02-29".parse::<Date>().unwrap().to_string(), "2024-02-29");
        assert_eq!(Date::today().to_string().parse(), Ok(Date::today()));
        for text in ["2026-02-30", "2026-1-31", "today", "", "2026-01-31T00:00:00Z"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
