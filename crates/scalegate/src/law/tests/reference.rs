//! The knee against R's `segmented` and Python's `piecewise-regression`, see `tests/fixtures/knee/`.
//!
//! `cargo test --release --lib reference -- --nocapture` prints how many fits were compared.
#![expect(clippy::print_stdout, reason = "the counts go into docs/laws.md")]

use crate::law::form::{Form, Points};

const CASES: &str = include_str!("../../../tests/fixtures/knee/cases.csv");

/// The breakpoint is compared where the reference's residual sum of squares is as low as ours to this part: then it has
/// found the same optimum, and not another valley or a point on its way.
const SAME_OPTIMUM: f64 = 1e-10;

/// What rounding does to a residual sum of squares of relative costs: residuals of a noise-free case are 1e-7 (costs have seven
/// digits) and known to 1e-16 each, and there are up to 40.
const ROUNDING: f64 = 1e-20;

/// What became of the fits of one reference.
#[derive(Debug, Default)]
struct Tally {
    /// No fit: not converged.
    none: u32,
    /// The fit falls above the breakpoint, or has it where fewer points are left than we ask for.
    unlike: u32,
    /// Fits compared.
    compared: u32,
    /// Of these, where the reference has found the global optimum.
    same: u32,
    /// Of these, those with the same breakpoint.
    agree: u32,
}

impl Tally {
    fn add(&mut self, form: Form, x: &[f64], y: &[f64], w: &[f64], reference: [&str; 3]) {
        let [Ok(k), Ok(rss), Ok(slope_above)] = reference.map(str::parse::<f64>) else {
            self.none += 1;
            return;
        };
        let n = x.len();
        let first = if form == Form::CurvedKnee { 2 } else { 1 };
        if slope_above < 0.0 || k < x[first] || k > x[n - 2] {
            self.unlike += 1;
            return;
        }
        let relative: Vec<f64> = x.iter().map(|v| v / x[n - 1]).collect();
        let points = Points { x: &relative, x_max: x[n - 1], y: y.to_vec(), w };
        let ours = form.fit(&points).unwrap();
        assert!(ours.rss <= rss * (1.0 + 1e-9) + ROUNDING, "{} is worse than {rss}: {:?}", ours.rss, x);
        self.compared += 1;
        if rss <= ours.rss * (1.0 + SAME_OPTIMUM) {
            self.same += 1;
            self.agree += u32::from((ours.curve.breakpoint().unwrap() / k - 1.0).abs() <= 1e-6);
        }
    }
}

#[test]
fn knees_are_no_worse_than_those_of_the_references() {
    let numbers = |text: &str| text.split(' ').map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
    let (mut straight, mut curved, mut python) = (Tally::default(), Tally::default(), Tally::default());
    for line in CASES.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let (x, y) = (numbers(fields[2]), numbers(fields[3]));
        let relative: Vec<f64> = y.iter().map(|y| y.recip()).collect();
        let r = [fields[4], fields[5], fields[6]];
        if fields[1] == "quadratic" {
            curved.add(Form::CurvedKnee, &x, &y, &relative, r);
        } else {
            straight.add(Form::Knee, &x, &y, &relative, r);
            python.add(Form::Knee, &x, &y, &vec![1.0; x.len()], [fields[7], fields[8], fields[9]]);
        }
    }
    for (name, tally) in [("segmented", &straight), ("grid in R", &curved), ("piecewise-regression", &python)] {
        println!("{name}: {tally:?}");
        assert_eq!(tally.agree, tally.same, "{name}: {tally:?}");
        assert!(tally.same > 100, "{name}: {tally:?}");
    }
    assert!(straight.compared + curved.compared + python.compared >= 1000);
}
