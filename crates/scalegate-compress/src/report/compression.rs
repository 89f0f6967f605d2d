//! What became of the weights of a compressed model, as text.

use std::fmt::Write;

use crate::compress::{Cut, Row, Summary};

/// A table of all weights, then what remains of them and of the model.
pub fn compression_text(summary: &Summary) -> String {
    let names: Vec<String> = summary.rows.iter().map(|row| one_line(&row.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("weight".len());
    let error = if summary.calibrated { "output error" } else { "weight error" };
    let mut text = format!(
        "{:width$}  {:>9}  {:>8}  {:>5}  {error}  {:>10}  {:>10}\n",
        "weight", "shape", "form", "rank", "parameters", "now"
    );
    for (row, name) in summary.rows.iter().zip(&names) {
        let shape = format!("{}×{}", row.shape[0], row.shape[1]);
        let _ = writeln!(text, "{name:width$}  {shape:>9}  {}", outcome(row));
    }
    let compressible = summary.rows.iter().filter(|row| row.compressible);
    let (before, after) = compressible
        .fold((0, 0), |(before, after), row| (before + row.parameters_before(), after + row.parameters_after()));
    let _ = writeln!(
        text,
        "\n{after} of {before} parameters remain in the compressible weights ({}), {} of {} in the model ({})",
        share(after, before),
        summary.parameters_after,
        summary.parameters_before,
        share(summary.parameters_after, summary.parameters_before)
    );
    text
}

/// A name from a file, which may hold anything.
fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn outcome(row: &Row) -> String {
    match row.outcome {
        Err(reason) => format!("left as it is: {reason}"),
        Ok(product) => format!(
            "{:>8}  {:>5}  {:>11.2}%  {:>10}  {:>10}",
            form(product.cut),
            product.rank,
            100.0 * product.error,
            row.parameters_before(),
            product.parameters
        ),
    }
}

/// `svd`, or the parts of input and output of a matrix product operator.
fn form(cut: Cut) -> String {
    if cut == Cut::NONE { "svd".to_owned() } else { format!("mpo {}·{}", cut.input_parts, cut.output_parts) }
}

fn share(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::Product;

    #[test]
    fn every_weight_has_a_line() {
        let row =
            |name: &str, compressible, outcome| Row { name: name.into(), shape: [192, 512], compressible, outcome };
        let product = |cut, rank, parameters| Ok(Product { cut, rank, error: 0.0712, parameters });
        let halves = Cut { input_parts: 1, output_parts: 2 };
        let summary = Summary {
            rows: vec![
                row("/model/layers.0/mlp/up_proj/MatMul", false, Err("first layer")),
                row("/model/layers.1/mlp/up_proj/MatMul", true, product(Cut::NONE, 64, 45_056)),
                row("/model/layers.2/mlp/up_proj/MatMul", true, product(halves, 50, 32_000)),
                row("/lm_head/MatMul", false, Err("outside of layers")),
            ],
            calibrated: false,
            parameters_before: 400_000,
            parameters_after: 280_448,
        };
        insta::assert_snapshot!(compression_text(&summary), @r"
        weight                                  shape      form   rank  weight error  parameters         now
        /model/layers.0/mlp/up_proj/MatMul    192×512  left as it is: first layer
        /model/layers.1/mlp/up_proj/MatMul    192×512       svd     64         7.12%       98304       45056
        /model/layers.2/mlp/up_proj/MatMul    192×512   mpo 1·2     50         7.12%       98304       32000
        /lm_head/MatMul                       192×512  left as it is: outside of layers

        77056 of 196608 parameters remain in the compressible weights (39.2 %), 280448 of 400000 in the model (70.1 %)
        ");
    }
}
