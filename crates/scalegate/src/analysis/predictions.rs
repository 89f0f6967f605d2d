//! What the law of a series says of sizes that were not measured.

use super::laws::{Unfitted, observations};
use crate::law::{FitOptions, Predictor};
use crate::record::Series;

/// The law of a series, ready to predict.
///
/// # Errors
/// An unavailable metric, samples that no law can be fitted to, or a metric that follows none.
pub fn predictor(series: &Series) -> Result<Predictor, Unfitted> {
    if !series.metric.has_law() {
        return Err(Unfitted::Fault(format!("{} is no function of a size", series.metric)));
    }
    let observations = observations(series).map_err(Unfitted::Fault)?;
    Predictor::new(&observations, &FitOptions::default()).map_err(|error| Unfitted::Fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::baseline::{Baseline, Store};
    use crate::law::hold_out;
    use crate::record::{self, Run};

    /// Every series of the accepted runs, and of the records among the fixtures.
    fn recorded() -> Vec<Series> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let store = Store::new(root.join("../../baselines"));
        let counts = store.count_keys().unwrap().into_iter().flat_map(|key| store.counts(&key).unwrap());
        let hosts = store.host_classes().unwrap().into_iter().flat_map(|class| store.host(&class).unwrap());
        let accepted: Vec<Baseline> = counts.chain(hosts).collect();
        let runs = accepted.into_iter().map(|baseline| baseline.run);
        let fixtures = std::fs::read_dir(root.join("tests/fixtures/records")).unwrap();
        let fixtures = fixtures.filter_map(|entry| record::read_json::<Run>(&entry.unwrap().path()).ok());
        runs.chain(fixtures).flat_map(|run| run.series).collect()
    }

    #[test]
    fn intervals_hold_nine_in_ten_costs_of_sizes_that_were_held_out_of_recorded_runs() {
        let (mut within, mut all) = (0, 0);
        for series in recorded() {
            let Some(counts) = observations(&series).ok().and_then(|its| hold_out(&its)) else { continue };
            (within, all) = (within + counts.0, all + counts.1);
        }
        assert!(all > 200, "{all} costs");
        assert!(10 * within >= 9 * all, "{within} of {all}");
    }
}
