//! The time that a program prints; pure.

use regex::Regex;

use crate::config::{ResultSettings, ResultSource};

/// Finds a time in what a program prints.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    place: Place,
    unit_s: f64,
}

#[derive(Debug, Clone)]
enum Place {
    Json(String),
    Regex(Regex),
}

impl Reader {
    /// # Errors
    /// The expression is none.
    pub(super) fn new(settings: &ResultSettings) -> Result<Self, String> {
        let place = match &settings.source {
            ResultSource::Json(pointer) => Place::Json(pointer.clone()),
            ResultSource::Regex(regex) => {
                let regex = Regex::new(regex);
                Place::Regex(regex.map_err(|error| format!("`{}`: {error}", settings_regex(settings)))?)
            }
        };
        Ok(Self { place, unit_s: settings.unit_s })
    }

    /// The time in seconds.
    ///
    /// # Errors
    /// There is none, or what is there is no time.
    pub(super) fn seconds(&self, output: &str) -> Result<f64, String> {
        let number = match &self.place {
            Place::Json(pointer) => in_json(output, pointer)?,
            Place::Regex(regex) => in_text(output, regex)?,
        };
        if number.is_finite() && number >= 0.0 {
            Ok(number * self.unit_s)
        } else {
            Err(format!("it printed {number}, which is no time"))
        }
    }
}

fn settings_regex(settings: &ResultSettings) -> &str {
    match &settings.source {
        ResultSource::Json(text) | ResultSource::Regex(text) => text,
    }
}

/// Programs log before they print their result, so that the last line may be the document.
fn in_json(output: &str, pointer: &str) -> Result<f64, String> {
    let last = output.trim_end().lines().next_back().unwrap_or_default();
    if last.is_empty() {
        return Err("it printed nothing, and so no time".to_owned());
    }
    let whole: Result<serde_json::Value, _> = serde_json::from_str(output);
    let document = whole.or_else(|_| serde_json::from_str(last));
    let document = document.map_err(|error| format!("neither its output nor the last line of it is JSON: {error}"))?;
    let value = document.pointer(pointer).ok_or_else(|| format!("it printed JSON that has no `{pointer}`"))?;
    value.as_f64().ok_or_else(|| format!("it printed {value} at `{pointer}`, which is no number"))
}

fn in_text(output: &str, regex: &Regex) -> Result<f64, String> {
    let last = regex.captures_iter(output).last();
    let found = last.as_ref().and_then(|all| all.get(1).or_else(|| all.get(0)));
    let text = found.ok_or_else(|| format!("it printed nothing that matches `{regex}`"))?.as_str();
    text.parse().map_err(|_| format!("it printed `{text}`, which is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: ResultSource, output: &str) -> Result<f64, String> {
        Reader::new(&ResultSettings { source, unit: "ms".to_owned(), unit_s: 1e-3 }).unwrap().seconds(output)
    }

    #[test]
    fn a_time_is_found_in_json_and_its_unit_applied() {
        let json = |output| read(ResultSource::Json("/timings/prompt_ms".to_owned()), output);
        assert_eq!(json("{\"timings\":{\"prompt_ms\":250}}"), Ok(0.25));
        assert_eq!(json("loading\n{\"timings\":{\"prompt_ms\":2.5e2}}\n"), Ok(0.25), "the last line");
        let wrong = [
            "",
            "done\n",
            "{}",
            "{\"timings\":{\"prompt_ms\":NaN}}",
            "{\"timings\":{\"prompt_ms\":\"1\"}}",
            "{\"timings\":{\"prompt_ms\":-1}}",
        ];
        let all: Vec<String> = wrong.iter().map(|output| json(output).unwrap_err()).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        it printed nothing, and so no time
        neither its output nor the last line of it is JSON: expected value at line 1 column 1
        it printed JSON that has no `/timings/prompt_ms`
        neither its output nor the last line of it is JSON: expected value at line 1 column 25
        it printed "1" at `/timings/prompt_ms`, which is no number
        it printed -1, which is no time
        "#);
    }

    #[test]
    fn the_last_match_of_an_expression_is_the_time() {
        let regex = |output| read(ResultSource::Regex("eval time = +([^ ]+) ms".to_owned()), output);
        assert_eq!(regex("eval time =  9 ms\neval time = 40.5 ms\n"), Ok(0.0405));
        let all: Vec<String> =
            ["", "eval time = nan ms", "eval time = x ms"].map(|output| regex(output).unwrap_err()).into();
        insta::assert_snapshot!(all.join("\n"), @"
        it printed nothing that matches `eval time = +([^ ]+) ms`
        it printed NaN, which is no time
        it printed `x`, which is no number
        ");
        assert_eq!(read(ResultSource::Regex("[0-9]+".to_owned()), "it took 12"), Ok(0.012), "no group");
    }

    #[test]
    fn an_expression_that_is_none_is_refused() {
        let settings =
            ResultSettings { source: ResultSource::Regex("(".to_owned()), unit: "s".to_owned(), unit_s: 1.0 };
        assert!(Reader::new(&settings).is_err());
    }
}
