//! Time of day for records.

use jiff::Timestamp;

/// Now, as RFC 3339 in UTC with whole seconds.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
