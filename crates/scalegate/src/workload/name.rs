//! Names of workloads, taken apart in one place.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The families of workloads that models have. In front of one there may be the name of a user model.
const OF_MODELS: [&str; 2] = ["/llm/", "/vlm/"];

/// The name of a workload: `family/phase`, as `llm/prefill`; of a user model `model/family/phase`, as `smollm2/llm/prefill`.
///
/// Other names stand for themselves, since records of other tools have any.
///
/// ```
/// use scalegate::workload::WorkloadName;
///
/// let name = WorkloadName::from("smollm2/llm/prefill");
/// assert_eq!((name.model(), name.family(), name.phase()), (Some("smollm2"), Some("llm"), "prefill"));
/// let name = WorkloadName::from("sort/stable");
/// assert_eq!((name.model(), name.family(), name.phase()), (None, Some("sort"), "stable"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadName(
    // It stands in every series, case and finding: a clone shares it.
    Arc<str>,
);

impl WorkloadName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same workload of a user model.
    #[must_use]
    pub fn of_model(&self, model: &str) -> Self {
        format!("{model}/{self}").into()
    }

    /// The user model that is run, if it is one.
    pub fn model(&self) -> Option<&str> {
        self.parts().0
    }

    /// The name without that of a user model.
    pub fn without_model(&self) -> &str {
        self.parts().1
    }

    /// What belongs together, as `llm`; a name without `/` has no family.
    pub fn family(&self) -> Option<&str> {
        self.without_model().split_once('/').map(|(family, _)| family)
    }

    /// What is run within its family, as `prefill`; a name without `/` is all of it.
    pub fn phase(&self) -> &str {
        let name = self.without_model();
        name.split_once('/').map_or(name, |(_, phase)| phase)
    }

    fn parts(&self) -> (Option<&str>, &str) {
        let place = OF_MODELS.iter().filter_map(|family| self.0.find(family)).min();
        place.map_or((None, &self.0), |at| (Some(&self.0[..at]), &self.0[at + 1..]))
    }
}

impl Deref for WorkloadName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for WorkloadName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for WorkloadName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for WorkloadName {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl PartialEq<str> for WorkloadName {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for WorkloadName {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for WorkloadName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WorkloadName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for WorkloadName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WorkloadName".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_model_in_front_of_a_family_of_models_only() {
        for (name, model, family, phase) in [
            ("llm/prefill", None, Some("llm"), "prefill"),
            ("mine/llm/prefill", Some("mine"), Some("llm"), "prefill"),
            ("my/vlm/vlm/encode", Some("my"), Some("vlm"), "vlm/encode"),
            ("organisation/model/vlm/encode", Some("organisation/model"), Some("vlm"), "encode"),
            ("a/b/c", None, Some("a"), "b/c"),
            ("sort", None, None, "sort"),
            ("", None, None, ""),
        ] {
            let name = WorkloadName::from(name);
            assert_eq!((name.model(), name.family(), name.phase()), (model, family, phase), "{name}");
        }
        assert_eq!(WorkloadName::from("llm/prefill").of_model("mine"), "mine/llm/prefill");
    }

    #[test]
    fn a_name_is_a_string_in_json_and_in_messages() {
        let name = WorkloadName::from("llm/prefill");
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"llm/prefill\"");
        assert_eq!(serde_json::from_str::<WorkloadName>("\"llm/prefill\"").unwrap(), name);
        assert_eq!(format!("{name:12}|{name:?}"), "llm/prefill |\"llm/prefill\"");
    }
}
