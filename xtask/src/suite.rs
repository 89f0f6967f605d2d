//! Changes of `suite.toml` for a version of the sources.

use scalegate::metric::Metric;
use scalegate::{Error, Result};
use toml::{Table, Value};

/// The file of the tract suite, from the root of the repository.
pub(crate) const FILE: &str = "suite.toml";

/// What the bench targets need although nothing of it is measured: the embedded models.
const EMBEDDED: [&str; 4] = ["schema", "seed", "models", "inference"];

/// The suite with `old` replaced by `new`, as a change of a setting would.
///
/// # Errors
/// `old` is not in it.
pub(crate) fn with_setting(suite: &str, old: &str, new: &str) -> Result<String> {
    if suite.contains(old) {
        Ok(suite.replace(old, new))
    } else {
        Err(Error::new(FILE, format!("no `{old}` in it"), "name a setting as it stands there"))
    }
}

/// The suite with one counted workload, and without models and texts of its user; what only these have is no longer required, and what
/// other workloads may cost is no longer asked.
pub(crate) fn with_one_counted(suite: &str, workload: &str) -> Result<String> {
    let mut table = parsed(suite)?;
    table.remove("model");
    table.remove("accuracy");
    for required in lists_of_required(&mut table) {
        required.retain(|metric| metric.as_str() != Some(Metric::Perplexity.name()));
    }
    let is_its = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str) == Some(workload);
    if let Some(budgets) = table.get_mut("budget").and_then(Value::as_array_mut) {
        budgets.retain(|budget| is_its(budget, "workload"));
    }
    let counted = table.get_mut("instructions").and_then(|section| section.get_mut("workload"));
    let list = counted.and_then(Value::as_array_mut);
    let left = list.map_or(0, |list| {
        list.retain(|entry| is_its(entry, "name"));
        list.len()
    });
    if left == 0 {
        return Err(Error::new(
            FILE,
            format!("no counted workload `{workload}`"),
            "name one of [[instructions.workload]]",
        ));
    }
    Ok(table.to_string())
}

/// The lists `required` of `[gate]` and of each class of hosts.
fn lists_of_required(suite: &mut Table) -> Vec<&mut Vec<Value>> {
    let mut lists = Vec::new();
    let Some(gate) = suite.get_mut("gate").and_then(Value::as_table_mut) else { return lists };
    for (key, value) in gate {
        match value {
            Value::Array(list) if key == "required" => lists.push(list),
            Value::Table(hosts) if key == "host" => {
                let required = hosts.iter_mut().filter_map(|(_, host)| host.get_mut("required"));
                lists.extend(required.filter_map(Value::as_array_mut));
            }
            _ => {}
        }
    }
    lists
}

/// The suite as far as a check needs it, with these metrics required and no other.
pub(crate) fn with_required(suite: &str, metrics: &[&str]) -> Result<String> {
    let mut table = parsed(suite)?;
    let list = metrics.iter().map(|metric| Value::from(*metric)).collect::<Vec<_>>();
    let gate = table.entry("gate").or_insert_with(|| Table::new().into());
    if let Some(gate) = gate.as_table_mut() {
        gate.insert("required".to_owned(), list.into());
    }
    Ok(table.to_string())
}

/// The embedded models of a suite with other settings and workloads, which are given as TOML.
pub(crate) fn with_workloads(suite: &str, workloads: &str) -> Result<String> {
    let mut table = parsed(suite)?;
    let counted = table.get("instructions").and_then(|section| section.get("models")).cloned();
    table.retain(|key, _| EMBEDDED.contains(&key));
    for (key, value) in parsed(workloads)? {
        table.insert(key, value);
    }
    if let (Some(models), Some(section)) = (counted, table.get_mut("instructions").and_then(Value::as_table_mut)) {
        section.insert("models".to_owned(), models);
    }
    Ok(table.to_string())
}

fn parsed(text: &str) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| Error::new(FILE, error.message(), "make it TOML"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: &str = r#"
schema = 1
[inference]
kv_cache = true
[models.llm]
hidden = 8
[[workload]]
name = "llm/prefill"
[instructions.models.llm]
hidden = 4
[[instructions.workload]]
name = "llm/prefill"
[[instructions.workload]]
name = "llm/decode"
[[model]]
name = "reference"
[accuracy]
text = "text"
[gate]
required = ["wall_time", "perplexity"]
alpha = 0.01
[gate.host.board]
required = ["perplexity"]
[[budget]]
workload = "vlm/encode"
[[budget]]
workload = "llm/decode"
"#;

    #[test]
    fn one_counted_workload_is_left() {
        let table = parsed(&with_one_counted(SUITE, "llm/decode").unwrap()).unwrap();
        assert_eq!(table["instructions"]["workload"].to_string(), r#"[{ name = "llm/decode" }]"#);
        assert_eq!(table["instructions"]["models"].to_string(), "{ llm = { hidden = 4 } }");
        assert!(table.contains_key("workload"));
        assert_eq!(
            table["gate"].to_string(),
            r#"{ alpha = 0.01, host = { board = { required = [] } }, required = ["wall_time"] }"#
        );
        assert!(!table.contains_key("model") && !table.contains_key("accuracy"));
        assert_eq!(table["budget"].to_string(), r#"[{ workload = "llm/decode" }]"#);
        assert!(with_one_counted(SUITE, "llm/none").is_err());
    }

    #[test]
    fn other_workloads_keep_the_embedded_models() {
        let added = "[measure]\nrounds = 5\n[[instructions.workload]]\nname = \"llm/decode\"\n";
        let table = parsed(&with_workloads(SUITE, added).unwrap()).unwrap();
        let keys: Vec<&String> = table.keys().collect();
        assert_eq!(keys, ["inference", "instructions", "measure", "models", "schema"]);
        assert_eq!(table["instructions"]["workload"].to_string(), r#"[{ name = "llm/decode" }]"#);
        assert_eq!(table["instructions"]["models"].to_string(), "{ llm = { hidden = 4 } }");
    }

    #[test]
    fn what_is_required_is_replaced_and_the_rest_of_the_gate_stays() {
        let table = parsed(&with_required(SUITE, &["instructions"]).unwrap()).unwrap();
        assert_eq!(
            table["gate"].to_string(),
            r#"{ alpha = 0.01, host = { board = { required = ["perplexity"] } }, required = ["instructions"] }"#
        );
    }

    #[test]
    fn a_setting_that_is_not_there_is_an_error() {
        assert!(with_setting(SUITE, "kv_cache = true", "kv_cache = false").unwrap().contains("kv_cache = false"));
        assert!(with_setting(SUITE, "kv_cache = maybe", "").is_err());
    }
}
