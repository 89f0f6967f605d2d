//! Time of day for records.

use std::time::SystemTime;

/// Now, as RFC 3339 in UTC with whole seconds.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
