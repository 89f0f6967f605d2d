use super::*;

/// A meter and the run beside it, both made up.
struct Simulated {
    /// Seconds to add to the log's times.
    offset_s: f64,
    /// Between two readings of the log.
    interval_s: f64,
    /// Of a reading, in watts, beside a step of 5 W.
    noise_w: f64,
    /// By how much the log's clock is too fast.
    drift: f64,
    cases: u32,
}

const USUAL: Simulated = Simulated { offset_s: 0.0, interval_s: 1.0, noise_w: 0.3, drift: 0.0, cases: 24 };

/// Where the run begins, in this machine's time.
const START: f64 = 1.7e9;

/// What a meter has before the run, and after it.
const MARGIN_S: f64 = 120.0;

impl Simulated {
    /// Cases of 10 s of idleness, 24 s and more of work on a core, and 10 s of idleness; some seconds are between.
    fn loads(&self) -> Vec<Load> {
        let mut start = START;
        let case = |number: u32| {
            let busy_s = 24.0 + 0.7 * f64::from(number * 7 % 5);
            let span = |from: f64, length: f64| Span { from_s: start + from, to_s: start + from + length };
            let window = Window {
                size: 16,
                round: number,
                inferences: 3,
                before: span(0.0, 10.0),
                busy: span(10.0, busy_s),
                after: span(10.0 + busy_s, 10.0),
            };
            start += 20.0 + busy_s + 1.3 + 0.37 * f64::from(number * 5 % 7);
            Load::new(&window, [0.01, 1.0, 0.02])
        };
        (0..self.cases).map(case).collect()
    }

    /// 3 W, and 5 W more while a case works, or is loaded before and after its windows.
    fn readings(&self) -> Readings {
        let loads = self.loads();
        let end = loads.last().unwrap().spans[2].0.to_s + MARGIN_S;
        let mut random = ChaCha8Rng::seed_from_u64(self.offset_s.to_bits());
        let mut uniform = || f64::from(random.next_u32()) / f64::from(u32::MAX);
        let mut all = Vec::new();
        let mut time = START - MARGIN_S + 0.31 * self.interval_s;
        while time < end {
            let is_idle = |load: &Load| {
                [load.spans[0].0, load.spans[2].0].iter().any(|span| (span.from_s..span.to_s).contains(&time))
            };
            let is_within = time > START && time < end - MARGIN_S;
            let watts = if is_within && !loads.iter().any(is_idle) { 8.0 } else { 3.0 };
            // Three of these have the variance of a normal distribution of a quarter.
            let noise = 2.0 * self.noise_w * (uniform() + uniform() + uniform() - 1.5);
            all.push((START + (time - START) * (1.0 + self.drift) - self.offset_s, watts + noise));
            time += self.interval_s;
        }
        Readings::Power(all)
    }

    fn aligned(&self) -> Result<Alignment, String> {
        align(&self.loads(), &self.readings())
    }
}

#[test]
fn an_offset_is_found_within_its_error_at_one_reading_a_second() {
    for offset_s in [0.0, 0.4, -17.25, 3600.0, 1.7e9 + 0.123] {
        let found = Simulated { offset_s, ..USUAL }.aligned().unwrap();
        let error = found.offset_s - offset_s;
        assert!(error.abs() <= found.error_s && found.error_s < 0.5, "{offset_s}: {error} s, {found:?}");
        assert!(found.correlation > 0.98, "{found:?}");
    }
}

#[test]
fn noise_as_large_as_half_of_the_step_leaves_a_wider_error_that_holds() {
    let errors: Vec<(f64, f64)> = (0..20)
        .map(|number| {
            let offset_s = 1.13 * f64::from(number);
            let found = Simulated { offset_s, noise_w: 2.0, ..USUAL }.aligned().unwrap();
            (found.offset_s - offset_s, found.error_s)
        })
        .collect();
    assert!(errors.iter().filter(|(error, stated)| error.abs() <= *stated).count() >= 18, "{errors:?}");
    assert!(errors.iter().all(|(_, stated)| *stated < 2.0), "{errors:?}");
}

#[test]
fn a_faster_log_has_a_smaller_error() {
    let [slow, fast] =
        [1.0, 0.05].map(|interval_s| Simulated { interval_s, offset_s: 5.0, ..USUAL }.aligned().unwrap());
    assert!(fast.error_s < 0.5 * slow.error_s, "{fast:?} {slow:?}");
    assert!((fast.offset_s - 5.0).abs() <= fast.error_s, "{fast:?}");
}

#[test]
fn a_clock_of_another_rate_is_refused() {
    insta::assert_snapshot!(Simulated { drift: 2e-3, ..USUAL }.aligned().unwrap_err(), @"the log's clock has another rate: it is 1.40 s further on in the second half of the run than in the first, which is 2453 ppm; set it by this machine's clock, or measure for a shorter time");
    assert!(Simulated { drift: -2e-3, ..USUAL }.aligned().is_err());
    let slight = Simulated { drift: 2e-5, ..USUAL }.aligned().unwrap();
    assert!(slight.offset_s.abs() <= slight.error_s + 0.02, "{slight:?}");
}

#[test]
fn power_that_does_not_follow_the_cpu_is_refused() {
    let run = Simulated { cases: 12, ..USUAL };
    let Readings::Power(all) = run.readings() else { unreachable!() };
    let other = all.iter().enumerate().map(|(i, (time, _))| (*time, 3.0 + f64::from(i as u32 * 7919 % 101)));
    insta::assert_snapshot!(align(&run.loads(), &Readings::Power(other.collect())).unwrap_err(), @"power follows the CPU use with a correlation of 0.03 at most, and 0.7 is needed to find the log's clock; see that the meter is this machine's, and take longer windows or a faster log");
    let flat = all.iter().map(|(time, _)| (*time, 3.0)).collect();
    insta::assert_snapshot!(align(&run.loads(), &Readings::Power(flat)).unwrap_err(), @"power follows the CPU use with a correlation of 0.00 at most, and 0.7 is needed to find the log's clock; see that the meter is this machine's, and take longer windows or a faster log");
}

#[test]
fn a_run_that_fits_at_two_places_is_refused() {
    let run = Simulated { noise_w: 0.0, cases: 8, ..USUAL };
    let Readings::Power(all) = run.readings() else { unreachable!() };
    // The same once more, as of a second run.
    let length = all.last().unwrap().0 - all[0].0 + 1.0;
    let twice = all.iter().copied().chain(all.iter().map(|(time, watts)| (time + length, *watts))).collect();
    insta::assert_snapshot!(align(&run.loads(), &Readings::Power(twice)).unwrap_err(), @"two offsets of the log's clock fit, 0.06 s (correlation 1.000) and -619.94 s (1.000); cut the log so that it begins and ends more than 24.0 s and less than 620.0 s outside of the run, or measure with a small `window_ms` and many `inferences`, so that windows of large sizes are longer");
}

#[test]
fn a_log_that_does_not_reach_beyond_the_run_is_refused() {
    let run = Simulated { cases: 8, ..USUAL };
    let Readings::Power(all) = run.readings() else { unreachable!() };
    let from = |from: usize, to: usize| align(&run.loads(), &Readings::Power(all[from..to].to_vec())).unwrap_err();
    let margin = MARGIN_S as usize;
    insta::assert_snapshot!(from(margin - 10, all.len() - margin + 10), @"the log has 399.0 s and the run 380.1 s: start the meter at least 24.0 s before the run, and stop it as much after it");
    insta::assert_snapshot!(from(margin - 5, all.len()), @"the log fits best where it ends with the run: start the meter at least 24.0 s before the run and stop it as much after it, and read a log again that is complete by now");
    insta::assert_snapshot!(align(&run.loads(), &Readings::Power(Vec::new())).unwrap_err(), @"the log has no readings");
    let last = all.last().unwrap().0;
    let of_days = all.iter().copied().chain((1..300_000).map(|second| (last + f64::from(second), 3.0)));
    let too_long = align(&run.loads(), &Readings::Power(of_days.collect())).unwrap_err();
    assert!(too_long.ends_with("is too long to be searched: cut the log to about the run"), "{too_long}");
    insta::assert_snapshot!(align(&run.loads()[..7], &run.readings()).unwrap_err(), @"7 cases are too few to find the log's clock by, and 8 are needed; measure more sizes or rounds");
    assert!(align(&run.loads(), &Readings::Counter(all)).is_err());
}
