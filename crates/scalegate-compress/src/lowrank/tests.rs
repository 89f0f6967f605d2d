//! Products against numpy's.

use serde::Deserialize;

use super::{Covariance, Cut, Mat};

#[derive(Deserialize)]
struct Fixture {
    shape: [usize; 2],
    weight: Vec<f64>,
    rows: usize,
    inputs: Vec<f64>,
    products: Vec<Operator>,
    calibrated: Calibrated,
}

#[derive(Deserialize)]
struct Operator {
    input_parts: usize,
    output_parts: usize,
    bond: usize,
    product: Vec<f64>,
}

#[derive(Deserialize)]
struct Calibrated {
    rank: usize,
    product: Vec<f64>,
}

/// The project's bound on the relative difference to numpy's products.
const TOLERANCE: f64 = 1e-5;

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../tests/fixtures/compress/products.json")).unwrap()
}

fn matrix(values: &[f64], [rows, columns]: [usize; 2]) -> Mat<f64> {
    Mat::from_fn(rows, columns, |i, j| values[i * columns + j])
}

fn relative(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (a - b).norm_l2() / b.norm_l2()
}

#[test]
fn cores_make_the_truncated_product_of_numpy() {
    let fixture = fixture();
    let weight = matrix(&fixture.weight, fixture.shape);
    for Operator { input_parts, output_parts, bond, product } in &fixture.products {
        let cut = Cut { input_parts: *input_parts, output_parts: *output_parts };
        let ours = cut.cores(weight.as_ref(), *bond).unwrap().product(cut);
        let error = relative(&ours, &matrix(product, fixture.shape));
        assert!(error <= TOLERANCE, "{cut:?}: {error}");
        assert!(relative(&ours, &weight) > 0.01, "it is truncated");
    }
}

#[test]
fn calibrated_factors_make_the_product_of_numpy() {
    let fixture = fixture();
    let weight = matrix(&fixture.weight, fixture.shape);
    let inputs = matrix(&fixture.inputs, [fixture.rows, fixture.shape[0]]);
    let mut covariance = Covariance::new(fixture.shape[0]);
    covariance.add(&inputs);
    let factor = covariance.factor().unwrap();
    let cores = Cut::NONE.cores(factor.weighted(&weight).as_ref(), fixture.calibrated.rank).unwrap();
    let ours = factor.unweighted(cores).product(Cut::NONE);
    let error = relative(&ours, &matrix(&fixture.calibrated.product, fixture.shape));
    assert!(error <= TOLERANCE, "{error}");

    let plain = Cut::NONE.cores(weight.as_ref(), fixture.calibrated.rank).unwrap().product(Cut::NONE);
    let lost = |product: &Mat<f64>| relative(&(&inputs * product), &(&inputs * &weight));
    assert!(lost(&ours) < 0.9 * lost(&plain), "{} against {}", lost(&ours), lost(&plain));
}

#[test]
fn inputs_that_never_vary_leave_a_factor() {
    let factor = Covariance::new(3).factor().unwrap();
    let weight = matrix(&[1.0, 2.0, 3.0], [3, 1]);
    assert_eq!(factor.weighted(&weight), weight);
}

#[test]
fn inputs_that_are_not_finite_are_refused() {
    let mut covariance = Covariance::new(1);
    covariance.add(&matrix(&[f64::INFINITY], [1, 1]));
    assert!(covariance.factor().unwrap_err().contains("finite"));
}
