//! The same change as two arms of one program, at one size, by zenbench with its defaults. Prints the change in percent and its interval.

fn main() {
    const LENGTH: usize = 2_500_000;
    let result = zenbench::run(|suite| {
        suite.compare("chain", |group| {
            group.bench("base", |bencher| bencher.iter(|| arms::base(std::hint::black_box(LENGTH))));
            group.bench("head", |bencher| bencher.iter(|| arms::head(std::hint::black_box(LENGTH))));
            group.config().max_rounds(30).min_rounds(30);
        });
    });
    let (.., analysis) = &result.comparisons[0].analyses[0];
    let percent = |difference: f64| 100.0 * difference / analysis.baseline.mean;
    println!("{} {} {}", analysis.pct_change, percent(analysis.ci_lower), percent(analysis.ci_upper));
}
