//! What the gate says of one record against another.

use std::path::Path;

use scalegate::Result;
use scalegate::ci::CheckFile;

use crate::mutants::checked;
use crate::process::{self, command};
use crate::sources::Checkout;
use crate::suite;

/// The second record against the first, which becomes the baseline.
pub(super) fn compare(checkout: &Checkout, baselines: &Path, before: &Path, after: &Path) -> Result<CheckFile> {
    process::remove(baselines)?;
    let work = process::temporary_directory()?;
    // With the configuration of the measurement, and away from the sources.
    process::write(&work.path().join(suite::FILE), process::read(&checkout.place().join(suite::FILE))?)?;
    let scalegate = |words: &[&str]| {
        let mut scalegate = command(checkout.program(), words);
        scalegate.current_dir(work.path());
        scalegate
    };
    let mut accept = scalegate(&["accept", "--reason", "before the change"]);
    process::run_quietly(accept.arg(before).arg("--baseline").arg(baselines))?;
    let mut check = scalegate(&["check", "--format", "json"]);
    checked(check.arg(after).arg("--baseline").arg(baselines))
}

/// What is said of a quantity, without what it cost.
pub(super) fn headline(words: &str) -> &str {
    let end = [words.find(':'), words.find(" (")].into_iter().flatten().min();
    end.map_or(words, |end| &words[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_says_what_happened_to_the_knee() {
        let moved = "knee moved from 0.75 MP to 2.33 MP (+210.0 %, between +190.0 % and +230.0 %; ±5 % tolerated)";
        assert_eq!(headline(moved), "knee moved from 0.75 MP to 2.33 MP");
        assert_eq!(headline("knee at 0.92 MP vanished: from there to 7 MP cost grows 7×"), "knee at 0.92 MP vanished");
        assert_eq!(headline("law is knee, as before"), "law is knee, as before");
    }
}
