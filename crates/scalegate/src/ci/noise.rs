//! What two runs of the same code differ by, kept to tell a bad host from bad code.

use super::CheckFile;
use crate::time::Date;
use crate::{Error, Result};

/// The columns of a history of noise.
const COLUMNS: [&str; 10] =
    ["date", "host", "workload", "metric", "scope", "quantity", "outcome", "change", "lower", "upper"];

/// A row for each quantity of `check` that was compared, with the change and the ends of its interval, relative or as a
/// difference; with the names of the columns above them if `header`.
///
/// # Errors
/// A fault of scalegate.
pub fn noise_rows(check: &CheckFile, date: &Date, header: bool) -> Result<String> {
    let fail = |error: String| Error::new("the noise", error, "report this as a fault of scalegate");
    let mut writer = csv::Writer::from_writer(Vec::new());
    if header {
        writer.write_record(COLUMNS).map_err(|error| fail(error.to_string()))?;
    }
    for finding in &check.findings {
        // Without a change it was not compared, or is no number.
        let Some(change) = finding.change else { continue };
        let [estimate, lower, upper] = [change.estimate, change.lower, change.upper].map(|value| format!("{value:.4}"));
        let (host, workload) = (&finding.host, &finding.workload);
        let row = (date.to_string(), host, workload, finding.metric, finding.scope, finding.quantity, finding.outcome);
        writer.serialize((row, estimate, lower, upper)).map_err(|error| fail(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| fail(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| fail(error.to_string()))
}
