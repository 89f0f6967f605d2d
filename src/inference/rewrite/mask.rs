//! Which mask a value is, found by computing it.
//!
//! Exporters make the mask of attention in dozens of nodes, differently in every version: comparisons of positions, triangles, and
//! scattered elements. All of them depend on nothing but how many tokens there are. So the value is computed, for numbers
//! of tokens at which masks that are not the same differ, and compared with the masks that are known.

use std::collections::{BTreeSet, HashMap};

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

use super::super::attention::Mask;
use super::counts::Counts;
use super::partial::values;

/// Tokens before, and tokens that are read, for which every mask is computed.
const SIZES: [(usize, usize); 5] = [(0, 7), (3, 5), (6, 1), (0, 1), (17, 9)];

/// Numbers up to this may be a window; a mask with a larger one in it is not recognised, since computing it takes too long.
const LARGEST_WINDOW: usize = 1 << 15;

/// From this on a number is no length: exporters write "to the end" with it.
const NO_LENGTH: usize = i32::MAX as usize;

/// A constant with more elements than this is a table and no length.
const LARGEST_LIST: usize = 16;

/// A mask is computed for each number in its nodes; one with more is not recognised, since loading it would take too long.
const MOST_NUMBERS: usize = 64;

/// The lowest float of 16 bits: added to a score it leaves a weight of 0, and every exporter writes this or less.
const SHUT: f32 = -65_504.0;

/// The masks of a model, each computed once.
#[derive(Default)]
pub(super) struct Masks(HashMap<(OutletId, TDim, TDim), Option<Mask>>);

impl Masks {
    /// What the value `outlet`, which is added to scores `[rows, keys]`, lets queries see, if that is recognised.
    pub(super) fn of(
        &mut self,
        model: &TypedModel,
        counts: &Counts,
        outlet: OutletId,
        [rows, keys]: [&TDim; 2],
    ) -> Option<Mask> {
        let place = (outlet, rows.clone(), keys.clone());
        *self.0.entry(place).or_insert_with(|| recognised(model, counts, outlet, [rows, keys]))
    }
}

fn recognised(model: &TypedModel, counts: &Counts, outlet: OutletId, dims: [&TDim; 2]) -> Option<Mask> {
    let numbers = numbers(model, outlet);
    let windows = numbers.iter().flat_map(|number| number.saturating_sub(1)..number.saturating_add(2));
    let windows: BTreeSet<usize> = windows.filter(|window| (1..=LARGEST_WINDOW).contains(window)).collect();
    let sizes = if counts.is_fixed() {
        vec![(0, 0)]
    } else if numbers.len() > MOST_NUMBERS || numbers.iter().any(|number| (LARGEST_WINDOW..NO_LENGTH).contains(number))
    {
        return None;
    } else {
        // A window is seen in the rows just before and after it is full.
        let around = numbers.iter().filter(|number| (2..LARGEST_WINDOW).contains(*number));
        SIZES.into_iter().chain(around.map(|number| (number - 1, 4))).collect()
    };
    let sample = |(past, read): &(usize, usize)| Sample::of(model, counts, outlet, dims, *past, *read);
    let samples: Vec<Sample> = sizes.iter().map(sample).collect::<Option<_>>()?;
    let windows = windows.into_iter().map(|window| Mask::Causal { window: Some(window) });
    let mut masks = [Mask::Open, Mask::Causal { window: None }].into_iter().chain(windows);
    masks.find(|mask| samples.iter().all(|sample| sample.is(*mask)))
}

/// A mask for one number of tokens.
struct Sample {
    /// Whether a query sees a key, `[rows, keys]`.
    seen: Vec<Vec<bool>>,
    keys: usize,
}

impl Sample {
    fn of(
        model: &TypedModel,
        counts: &Counts,
        outlet: OutletId,
        dims: [&TDim; 2],
        past: usize,
        read: usize,
    ) -> Option<Self> {
        let known = counts.known(model, past, read).ok()?;
        let dim = |dim: &TDim| dim.substitute_all(&known.symbols).ok()?.to_usize().ok();
        let (rows, keys) = (dim(dims[0])?, dim(dims[1])?);
        let value = values(model, &[outlet], &known)?.remove(0);
        let [leading @ .., of_rows, of_keys] = value.shape() else { return None };
        // A mask that differs between heads is none of these.
        if leading.iter().any(|dim| *dim != 1) || ![1, rows].contains(of_rows) || ![1, keys].contains(of_keys) {
            return None;
        }
        let (of_rows, of_keys) = (*of_rows, *of_keys);
        let value = value.cast_to::<f32>().ok()?;
        let value = value.try_as_plain_ram().ok()?;
        let value = value.as_slice::<f32>().ok()?;
        let row = |row: usize| -> Option<Vec<bool>> {
            let seen = |key: usize| match value[row % of_rows * of_keys + key % of_keys] {
                0.0 => Some(true),
                value if value <= SHUT => Some(false),
                _ => None,
            };
            (0..keys).map(seen).collect()
        };
        Some(Self { seen: (0..rows).map(row).collect::<Option<_>>()?, keys })
    }

    fn is(&self, mask: Mask) -> bool {
        let Some(first) = self.keys.checked_sub(self.seen.len()) else { return false };
        self.seen.iter().enumerate().all(|(row, seen)| {
            let range = mask.seen(first + row, self.keys);
            seen.iter().enumerate().all(|(key, seen)| *seen == range.contains(&key))
        })
    }
}

/// All whole numbers in the nodes that `outlet` is computed by. What is no length does no harm.
fn numbers(model: &TypedModel, outlet: OutletId) -> BTreeSet<usize> {
    let (mut open, mut seen, mut numbers) = (vec![outlet.node], BTreeSet::new(), BTreeSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = model.node(id);
        open.extend(node.inputs.iter().map(|input| input.node));
        // A number may be a constant, or stand in an operator, alone or in a formula of symbols.
        let constants = node.outputs.iter().filter_map(|output| output.fact.konst.as_ref());
        for value in constants {
            numbers.extend(value.shape());
            if value.len() > LARGEST_LIST {
                continue;
            }
            if let Ok(value) = value.cast_to::<f32>()
                && let Ok(value) = value.try_as_plain_ram()
                && let Ok(value) = value.as_slice::<f32>()
            {
                numbers.extend(value.iter().filter(|value| value.fract() == 0.0).map(|value| value.abs() as usize));
            }
        }
        if node.op_is::<Const>() {
            continue;
        }
        let text = format!("{:?}", node.op);
        let digits = text.split(|letter: char| !letter.is_ascii_digit());
        numbers.extend(digits.filter_map(|digits| digits.parse::<usize>().ok()));
    }
    numbers
}
