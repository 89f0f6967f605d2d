//! Times one size of `llm/prefill` in this process; the programs beside it differ in their allocator only.

use std::time::Instant;

use scalegate::{Result, paths};
use scalegate_suite::inference::Llm;
use scalegate_suite::models::materialise_llm;
use scalegate_suite::suite::LlmSpec;

const TOKENS: i64 = 128;
const INFERENCES: usize = 50;

/// The median of the inferences in milliseconds.
pub(crate) fn median_ms() -> Result<f64> {
    let directory = materialise_llm(&LlmSpec::default(), 1, &paths::models())?;
    let model = Llm::load(&directory.path)?;
    let tokens: Vec<i64> = (0..TOKENS).collect();
    let mut times = Vec::with_capacity(INFERENCES);
    for _ in 0..INFERENCES {
        let mut session = model.session(true);
        let start = Instant::now();
        session.prefill(&tokens)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[INFERENCES / 2])
}
