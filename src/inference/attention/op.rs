//! Attention as an operator of tract, over keys and values that come in.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use scalegate_attention::{Keys, Mask, Values};
use tract_onnx::tract_hir::internal::multithread::par_chunks_mut;

/// Attention of queries `[heads, count, width]` over keys `[heads with keys, all, width]` and values `[heads with keys, all, value
/// width]`: `[heads, count, value width]`, in the queries' type. The queries are those of the last `count` of `all` tokens.
/// Computed in 32-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Attention {
    /// What products of queries and keys are multiplied by.
    pub(in super::super) scale: f32,
    pub(in super::super) mask: Mask,
    /// Tokens after that of the last query; 0 unless queries were cut off.
    pub(in super::super) after: TDim,
}

impl Eq for Attention {}

impl Op for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{}, scale {}", self.mask, self.scale)])
    }

    op_as_typed_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let after = self.after.eval(context.symbols).to_usize()?;
        let (queries, new_keys, new_values) = args_3!(inputs);
        let [heads, count, width] = dims(&new_keys)?;
        let mut keys = Keys::new(heads, width);
        keys.push(floats(new_keys.cast_to::<f32>()?.as_ref())?, count);
        let [heads, count, width] = dims(&new_values)?;
        let mut values = Values::new(heads, width);
        values.push(floats(new_values.cast_to::<f32>()?.as_ref())?, count);
        attended(&queries, &keys, &values, &Rule { scale: self.scale, mask: self.mask, after })
    }
}

impl TypedOp for Attention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [queries, keys, values] = inputs else { bail!("attention takes queries, keys and values") };
        ensure!(keys.shape.get(1) == values.shape.get(1), "there are as many keys as values");
        output(queries, keys, values)
    }

    fn axes_mapping(&self, _inputs: &[&TypedFact], _outputs: &[&TypedFact]) -> TractResult<AxesMapping> {
        // Heads of queries, rows, width, heads with keys, keys, columns.
        "hrw,gkw,gkc->hrc".parse()
    }

    fn slice(
        &self,
        patch: &mut TypedModelPatch,
        model: &TypedModel,
        node: &TypedNode,
        prefix: &str,
        inputs: &[OutletId],
        output_axis: usize,
        _start: &TDim,
        end: &TDim,
    ) -> TractResult<Option<TVec<OutletId>>> {
        let rows = model.outlet_fact(node.inputs[0])?.shape[1].clone();
        let op = match output_axis {
            1 => Self { after: (self.after.clone() + rows - end).simplify(), ..self.clone() },
            2 => self.clone(),
            // Some of the heads need some of the keys, and not the same share of both.
            _ => return Ok(None),
        };
        patch.wire_node(format!("{prefix}.attention"), op, inputs).map(Some)
    }

    as_op!();
}

/// What there is to attention beside the tensors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) scale: f32,
    pub(super) mask: Mask,
    /// Tokens after that of the last query.
    pub(super) after: usize,
}

/// What attention makes of inputs of these shapes.
pub(super) fn output(queries: &TypedFact, keys: &TypedFact, values: &TypedFact) -> TractResult<TVec<TypedFact>> {
    ensure!(
        [queries, keys, values].iter().all(|fact| fact.rank() == 3),
        "queries, keys and values have three dimensions"
    );
    ensure!([queries, keys, values].iter().all(|fact| fact.datum_type.is_float()), "attention is of floats");
    ensure!(queries.shape[2] == keys.shape[2], "queries are as wide as keys");
    ensure!(keys.shape[0] == values.shape[0], "every head with keys has values");
    let [heads, with_keys] = [queries.shape[0].to_usize()?, keys.shape[0].to_usize()?];
    ensure!(with_keys > 0 && heads.is_multiple_of(with_keys), "{heads} heads cannot share the keys of {with_keys}");
    let dims = [queries.shape[0].clone(), queries.shape[1].clone(), values.shape[2].clone()];
    Ok(tvec![queries.datum_type.fact(dims)])
}

/// The output of the operator.
pub(super) fn attended(queries: &Tensor, keys: &Keys, values: &Values, rule: &Rule) -> TractResult<TVec<TValue>> {
    let [heads, count, width] = dims(queries)?;
    ensure!(width == keys.width(), "queries are as wide as keys");
    let past = keys.count().checked_sub(count + rule.after).context("there is a key for each query")?;
    let mut out = Tensor::zero::<f32>(&[heads, count, values.width()])?;
    if count > 0 {
        let floats_of_queries = queries.cast_to::<f32>()?;
        let (scale, mask) = (rule.scale, rule.mask);
        let queries = floats(&floats_of_queries)?;
        let attention = scalegate_attention::Attention { queries, count, past, scale, mask, keys, values };
        let mut out = out.try_as_plain_ram_mut()?;
        let (together, work) = (attention.together(), queries.len() * keys.count() / 8);
        par_chunks_mut(out.as_slice_mut::<f32>()?, together * values.width(), work, |first, out| {
            attention.compute(first * together, out);
            Ok(())
        })?;
    }
    let kind = queries.datum_type();
    let out = if kind == DatumType::F32 { out } else { out.cast_to_dt(kind)?.into_owned() };
    Ok(tvec![out.into_tvalue()])
}

/// The shape of a tensor of three dimensions.
pub(super) fn dims(tensor: &Tensor) -> TractResult<[usize; 3]> {
    tensor.shape().try_into().with_context(|| format!("{:?} are not three dimensions", tensor.shape()))
}

/// The values of a tensor of 32-bit floats, in order.
pub(super) fn floats(tensor: &Tensor) -> TractResult<&[f32]> {
    tensor.try_as_plain_ram()?.as_slice::<f32>()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use tract_onnx::tract_hir::internal::multithread::{Executor, multithread_tract_scope};

    use super::*;

    fn random(shape: [usize; 3], random: &mut ChaCha8Rng) -> Tensor {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| random.random_range(-2.0..2.0)).collect();
        Tensor::from_shape(&shape, &values).unwrap()
    }

    /// In double precision, score by score.
    fn expected(queries: &Tensor, keys: &Tensor, values: &Tensor, op: &Attention) -> Vec<f64> {
        let [heads, count, width] = dims(queries).unwrap();
        let [with_keys, all, _] = dims(keys).unwrap();
        let [_, _, value_width] = dims(values).unwrap();
        let at = |tensor: &Tensor, row: usize, width: usize| -> Vec<f64> {
            floats(tensor).unwrap()[row * width..][..width].iter().map(|value| f64::from(*value)).collect()
        };
        let mut out = Vec::new();
        for head in 0..heads {
            let shared = head / (heads / with_keys);
            for query in 0..count {
                let seen = op.mask.seen(all - count + query, all);
                let q = at(queries, head * count + query, width);
                let scores: Vec<f64> = seen
                    .clone()
                    .map(|key| {
                        let k = at(keys, shared * all + key, width);
                        q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() * f64::from(op.scale)
                    })
                    .collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let sum: f64 = weights.iter().sum();
                for column in 0..value_width {
                    let column = |key: usize| at(values, shared * all + key, value_width)[column];
                    out.push(seen.clone().zip(&weights).map(|(key, weight)| weight * column(key)).sum::<f64>() / sum);
                }
            }
        }
        out
    }

    fn worst(got: &Tensor, expected: &[f64]) -> f64 {
        let got = floats(got).unwrap();
        assert_eq!(got.len(), expected.len());
        got.iter().zip(expected).map(|(got, expected)| (f64::from(*got) - expected).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn attention_is_that_of_double_precision_for_all_shapes_and_masks() {
        let mut rng = ChaCha8Rng::seed_from_u64(20);
        let masks = [Mask::Open, Mask::Causal { window: None }, Mask::Causal { window: Some(5) }];
        // heads, heads with keys, queries, keys, width, width of values
        let shapes = [
            [1, 1, 1, 1, 8, 8],
            [4, 2, 1, 300, 64, 64],
            [6, 2, 3, 131, 32, 48],
            [2, 1, 70, 70, 16, 20],
            [3, 3, 129, 260, 24, 16],
            [8, 1, 15, 33, 5, 7],
        ];
        for [heads, with_keys, count, all, width, value_width] in shapes {
            for mask in masks {
                let op = Attention { scale: 1.0 / (width as f32).sqrt(), mask, after: 0.to_dim() };
                let queries = random([heads, count, width], &mut rng);
                let keys = random([with_keys, all, width], &mut rng);
                let values = random([with_keys, all, value_width], &mut rng);
                let inputs = [&queries, &keys, &values].map(|tensor| tensor.clone().into_tvalue());
                let got = op.eval(&EvalContext::out_of_plan(), inputs.into_iter().collect()).unwrap();
                let worst = worst(&got[0], &expected(&queries, &keys, &values, &op));
                assert!(worst < 5e-6, "{heads} {with_keys} {count} {all} {width} {mask}: {worst:e}");
            }
        }
    }

    #[test]
    fn two_threads_give_what_one_gives_bit_for_bit() {
        let mut rng = ChaCha8Rng::seed_from_u64(21);
        let op = Attention { scale: 0.125, mask: Mask::Causal { window: None }, after: 0.to_dim() };
        for (heads, with_keys, count, all) in [(8, 4, 1, 2000), (4, 2, 150, 150), (6, 6, 40, 400)] {
            let shapes = [[heads, count, 64], [with_keys, all, 64], [with_keys, all, 64]];
            let inputs = shapes.map(|shape| random(shape, &mut rng).into_tvalue());
            let run = |executor| {
                let inputs = inputs.iter().cloned().collect();
                multithread_tract_scope(executor, || op.eval(&EvalContext::out_of_plan(), inputs)).unwrap()
            };
            let [one, two] = [run(Executor::SingleThread), run(Executor::multithread(2))];
            assert_eq!(floats(&one[0]).unwrap(), floats(&two[0]).unwrap());
        }
    }
}
