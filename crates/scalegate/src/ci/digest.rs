//! A verdict in few and short texts, to be carried to a job that may comment.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::CheckFile;
use crate::gate::{Outcome, Verdict};
use crate::why::Why;
use crate::{Error, Result, bounded, report};

const SCHEMA: u32 = 1;

/// Of a digest's file: 20 findings of 5 short texts each, as many notes, and 20 lines of a cause take at most 56 kB.
const MAX_BYTES: u64 = 64 << 10;
/// Of a list that is read.
const MAX_ITEMS: usize = 50;
/// Of a text that is read, in characters.
const MAX_CHARACTERS: usize = 500;
/// Of a list that is written.
const SHOWN_ITEMS: usize = 20;
/// Workloads whose cause is written, the largest change first.
const SHOWN_WORKLOADS: usize = 2;
/// Of a list of the cause: these workloads with five lines each, or the functions of one.
const SHOWN_OF_CAUSE: usize = 5 * SHOWN_WORKLOADS;
/// What the lines of a cause begin with, after the first.
const LABELS: [&str; 4] = ["sure", "where", "term", "look at"];
/// Of a text that is written, in characters.
const SHOWN_CHARACTERS: usize = 400;

/// What a comment needs of a verdict. It holds texts and no markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    schema: u32,
    // Without the attribute a missing field would be read as `null`.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) pull_request: Option<u32>,
    pub(super) commit: Commit,
    pub(super) verdict: Verdict,
    pub(super) summary: Text,
    pub(super) findings: Vec<DigestFinding>,
    pub(super) not_shown: u32,
    pub(super) notes: Vec<Text>,
    /// Whether base and head were measured in pairs, and not their counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) in_pairs: bool,
    /// Where the change comes from: lines, and a table by function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cause: Vec<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) functions: Vec<Text>,
}

/// The outcome of one quantity that is no pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestFinding {
    pub(super) host: Text,
    pub(super) workload: Text,
    pub(super) metric: Text,
    pub(super) outcome: Outcome,
    pub(super) words: Text,
}

/// Where a verdict comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The number of the pull request, if there is one.
    pub pull_request: Option<u32>,
    /// The measured commit.
    pub commit: Commit,
}

/// The hash of a commit, 40 hexadecimal digits, or nothing where it is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Commit(String);

/// A short text that anybody may have written, so that it is shown as code and in no other way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Text(String);

impl Digest {
    /// The digest of a check.
    pub fn new(check: &CheckFile, origin: Origin) -> Self {
        let open: Vec<DigestFinding> = check
            .open()
            .map(|finding| DigestFinding {
                host: Text::shortened(&finding.host),
                workload: Text::shortened(&finding.workload),
                metric: Text::shortened(finding.metric.name()),
                outcome: finding.outcome,
                words: Text::shortened(&finding.words),
            })
            .collect();
        let not_shown = open.len().saturating_sub(SHOWN_ITEMS);
        Self {
            schema: SCHEMA,
            pull_request: origin.pull_request,
            commit: origin.commit,
            verdict: check.verdict,
            summary: Text::shortened(&report::tally(check.findings.iter().map(|finding| finding.outcome))),
            findings: open.into_iter().take(SHOWN_ITEMS).collect(),
            not_shown: u32::try_from(not_shown).unwrap_or(u32::MAX),
            notes: check
                .notes
                .iter()
                .take(SHOWN_ITEMS)
                .map(|note| Text::shortened(&format!("{}: {}", note.host, note.words)))
                .collect(),
            in_pairs: false,
            cause: Vec::new(),
            functions: Vec::new(),
        }
    }

    /// The same of base and head that were measured in pairs.
    #[must_use]
    pub fn in_pairs(self) -> Self {
        Self { in_pairs: true, ..self }
    }

    /// The same with where the change comes from.
    #[must_use]
    pub fn because(self, why: &Why) -> Self {
        let texts = |lines: Vec<String>| lines.iter().take(SHOWN_OF_CAUSE).map(|line| Text::shortened(line)).collect();
        let mut cause: Vec<Text> = texts(report::why_lines(why));
        let more = why.workloads.iter().filter(|its| its.is_changed()).count().saturating_sub(SHOWN_WORKLOADS);
        if more > 0 {
            let workloads = if more == 1 { "workload" } else { "workloads" };
            cause.push(Text::shortened(&format!("and {more} more {workloads}, in the summary of the job")));
        }
        Self { cause, functions: texts(report::why_functions(why)), ..self }
    }

    /// The digest of a run without a verdict, and why there is none.
    pub fn fault(cause: &str, origin: Origin) -> Self {
        Self {
            schema: SCHEMA,
            pull_request: origin.pull_request,
            commit: origin.commit,
            verdict: Verdict::Inconclusive,
            summary: Text::shortened(cause),
            findings: Vec::new(),
            not_shown: 0,
            notes: Vec::new(),
            in_pairs: false,
            cause: Vec::new(),
            functions: Vec::new(),
        }
    }

    /// Reads a digest that anybody may have written.
    ///
    /// # Errors
    /// It is larger than 64 KiB, has other fields, or a field that is not of its type, its length or its list of values.
    pub fn read(path: &Path) -> Result<Self> {
        let fail =
            |cause: String| Error::new(path.display(), cause, "the digest is not used; see the run's own summary");
        let text = bounded::text(path, MAX_BYTES).map_err(|error| fail(error.to_string()))?;
        let digest: Self = serde_json::from_str(&text).map_err(|error| fail(format!("not a digest: {error}")))?;
        digest.check().map_err(fail)?;
        Ok(digest)
    }

    /// What the types cannot say.
    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("a digest of schema {}, but this scalegate reads schema {SCHEMA}", self.schema));
        }
        let lists = [
            ("findings", self.findings.len()),
            ("notes", self.notes.len()),
            ("lines of the cause", self.cause.len()),
            ("functions", self.functions.len()),
        ];
        for (name, length) in lists {
            if length > MAX_ITEMS {
                return Err(format!("{length} {name}; {MAX_ITEMS} are the most"));
            }
        }
        match self.findings.iter().any(|finding| finding.outcome == Outcome::Pass) {
            true => Err("a finding that passes, where only others are listed".to_owned()),
            false => Ok(()),
        }
    }

    /// The JSON of it.
    ///
    /// # Errors
    /// A number that JSON cannot hold, which would be a fault of scalegate.
    pub fn json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::new("the digest", error, "report this as a fault of scalegate"))?;
        Ok(text + "\n")
    }

    /// The pull request that it names.
    pub fn pull_request(&self) -> Option<u32> {
        self.pull_request
    }

    /// The commit that it names; empty if it names none.
    pub fn commit(&self) -> &str {
        &self.commit.0
    }
}

impl Text {
    /// One line of at most as many characters as are written.
    fn shortened(text: &str) -> Self {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= SHOWN_CHARACTERS {
            return Self(line);
        }
        Self(line.chars().take(SHOWN_CHARACTERS - 1).chain(['…']).collect())
    }

    /// Whether it says more of the line before, as the lines of a cause do after their first.
    pub(super) fn is_labelled(&self) -> bool {
        LABELS.iter().any(|label| self.0.split_once(": ").is_some_and(|(before, _)| before == *label))
    }

    /// As a code span of Markdown, in which neither links nor mentions nor HTML work. Only a backtick ends one, and what is
    /// not printable could hide what is shown.
    pub(super) fn code(&self) -> String {
        let plain: String = self
            .0
            .chars()
            .map(|character| match character {
                '`' => '\'',
                printable if is_printable(printable) => printable,
                _ => ' ',
            })
            .collect();
        let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() { "` `".to_owned() } else { format!("`{line}`") }
    }
}

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.chars().count() {
            length if length > MAX_CHARACTERS => {
                Err(format!("a text of {length} characters; {MAX_CHARACTERS} are the most"))
            }
            _ => Ok(Self(text)),
        }
    }
}

impl TryFrom<String> for Commit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Commit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.is_empty() || text.len() == 40 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a commit is 40 hexadecimal digits in lower case".to_owned())
        }
    }
}

/// Whether a character is seen as itself: no control, no change of direction, nothing of no width.
fn is_printable(character: char) -> bool {
    matches!(character, '\'' | '"' | '\\') || character.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_hide_text_is_a_space_and_letters_stay() {
        let code = |text: &str| Text(text.to_owned()).code();
        assert_eq!(code("a\u{202e}b\u{200b}c\u{0}d\ne\u{ad}f"), "`a b c d e f`");
        assert_eq!(code("größer ± 5 % → 文, 'x' \"y\" \\z"), "`größer ± 5 % → 文, 'x' \"y\" \\z`");
        assert_eq!(code("``x``"), "`''x''`");
        assert_eq!(code("\u{200b}"), "` `");
    }

    #[test]
    fn a_long_text_is_one_line_with_an_ellipsis() {
        let Text(text) = Text::shortened(&"word\n".repeat(200));
        assert_eq!(text.chars().count(), SHOWN_CHARACTERS);
        assert!(text.starts_with("word word ") && text.ends_with('…'));
    }
}
