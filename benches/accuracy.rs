//! Perplexity of the models that `[accuracy]` in `suite.toml` names.

use std::process::ExitCode;

use scalegate::metric::Metric;
use scalegate_compress::perplexity_series;
use scalegate_suite::suite::{AccuracySettings, Suite};
use scalegate_suite::workload::subject;

fn main() -> ExitCode {
    scalegate::bench!("accuracy", allocator = mimalloc::MiMalloc)
        .subject(|_| subject::of(&Suite::load_here()?))
        .computed(
            Metric::Perplexity,
            |_| Ok(Suite::load_here()?.accuracy.iter().flat_map(AccuracySettings::names).collect()),
            |_, name| perplexity_series(&Suite::load_here()?, name),
        )
        .run()
}
