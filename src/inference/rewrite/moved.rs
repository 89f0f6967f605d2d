//! Where a value comes from that is only moved: transposed, repeated, cut into other dimensions, multiplied by a number.
//!
//! Instead of following what each operator does to dimensions, the operators are run on a value whose elements are their own
//! places. What comes out says which element lies where, whatever the way.

use std::collections::HashMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::MultiBroadcastTo;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::math::{Div, Mul};
use tract_onnx::tract_hir::internal::*;

use super::counts::Counts;
use super::partial::{Known, number, values};

/// A value `[heads, rows, columns]` that lies in another one, and what it is multiplied by.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub(super) from: OutletId,
    /// Where in `from` heads, rows and columns are; absent for the one of which there is one.
    pub(super) axes: [Option<usize>; 3],
    pub(super) scale: f32,
}

/// What a value is, by its dimensions.
pub(super) struct Wanted<'a> {
    /// The dimensions over which heads are counted, the slowest first.
    pub(super) heads: &'a [usize],
    pub(super) rows: Option<usize>,
    pub(super) columns: usize,
    /// How many neighbouring heads may be the same.
    pub(super) most_shared: usize,
}

/// Tokens before, and tokens that are read, for which it is computed what lies where. Uncommon numbers, which are the size of
/// nothing else in a model.
const SIZES: [(usize, usize); 2] = [(11, 13), (6, 17)];

/// The value furthest up the graph in which `outlet` lies, with heads, rows and columns as dimensions of their own.
pub(super) fn origin(model: &TypedModel, counts: &Counts, outlet: OutletId, wanted: &Wanted<'_>) -> Option<Moved> {
    let mut chain = vec![(outlet, 1.0)];
    let mut passed = HashMap::new();
    let (mut at, mut scale) = (outlet, 1.0);
    loop {
        let node = model.node(at.node);
        if node.op_is::<AxisOp>() || node.op_is::<MultiBroadcastTo>() {
            at = node.inputs[0];
        } else if let Some((input, factor)) = scaled(model, node) {
            passed.insert(node.id, input);
            scale *= factor;
            at = node.inputs[input];
        } else {
            break;
        }
        chain.push((at, scale));
    }
    chain.into_iter().rev().find_map(|(from, scale)| {
        let axes = SIZES.map(|sizes| axes(model, counts, from, outlet, &passed, wanted, sizes));
        let [Some(axes), other] = axes else { return None };
        // Without symbols both are computed for the same lengths.
        (other == Some(axes)).then_some(Moved { from, axes, scale })
    })
}

/// The input that a node multiplies by a number, or divides by one, and what that makes of 1.
pub(super) fn scaled(model: &TypedModel, node: &TypedNode) -> Option<(usize, f32)> {
    let op = node.op_as::<TypedBinOp>()?;
    let constant = |input: usize| number(model, node.inputs[input]);
    if op.0.is::<Div>() {
        return constant(1).filter(|divisor| *divisor != 0.0).map(|divisor| (0, divisor.recip()));
    }
    if !op.0.is::<Mul>() {
        return None;
    }
    (0..2).find_map(|input| Some((input, constant(1 - input)?)))
}

/// The dimensions of `from` that are heads, rows and columns of `outlet`.
fn axes(
    model: &TypedModel,
    counts: &Counts,
    from: OutletId,
    outlet: OutletId,
    passed: &HashMap<usize, usize>,
    wanted: &Wanted<'_>,
    (past, read): (usize, usize),
) -> Option<[Option<usize>; 3]> {
    let mut known = counts.known(model, past, read).ok()?;
    let dims = |outlet: OutletId, known: &Known| -> Option<Vec<usize>> {
        let shape = &model.outlet_fact(outlet).ok()?.shape;
        shape.iter().map(|dim| dim.substitute_all(&known.symbols).ok()?.to_usize().ok()).collect()
    };
    let shape = dims(from, &known)?;
    let places: Vec<f32> = (0..shape.iter().product::<usize>()).map(|place| place as f32).collect();
    // A float counts that far.
    if places.len() >= 1 << 24 {
        return None;
    }
    let kind = model.outlet_fact(from).ok()?.datum_type;
    if kind != DatumType::F32 && places.len() >= 1 << 11 {
        return None;
    }
    let places = Tensor::from_shape(&shape, &places).ok()?.cast_to_dt(kind).ok()?.into_owned();
    known.values = HashMap::from([(from, places)]);
    known.passed.clone_from(passed);
    let moved = values(model, &[outlet], &known)?.remove(0).cast_to::<f32>().ok()?.into_owned();
    Places::of(&moved, wanted)?.axes(&shape)
}

/// Which element lies where: `head * heads + row * rows + column * columns`.
struct Places {
    /// How many heads are not the same, and how far apart they are.
    heads: (usize, usize),
    rows: (usize, usize),
    columns: (usize, usize),
}

impl Places {
    fn of(moved: &Tensor, wanted: &Wanted<'_>) -> Option<Self> {
        let shape = moved.shape();
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let used = |axis: usize| {
            wanted.heads.contains(&axis) || wanted.rows == Some(axis) || wanted.columns == axis || shape[axis] == 1
        };
        if !(0..shape.len()).all(used) {
            return None;
        }
        let heads: usize = wanted.heads.iter().map(|axis| shape[*axis]).product();
        let rows = wanted.rows.map_or(1, |axis| shape[axis]);
        let columns = shape[wanted.columns];
        let moved = moved.try_as_plain_ram().ok()?;
        let moved = moved.as_slice::<f32>().ok()?;
        let at = |head: usize, row: usize, column: usize| -> usize {
            let mut place = wanted.rows.map_or(0, |axis| strides[axis] * row) + strides[wanted.columns] * column;
            let mut head = head;
            for axis in wanted.heads.iter().rev() {
                place += strides[*axis] * (head % shape[*axis]);
                head /= shape[*axis];
            }
            moved[place] as usize
        };
        if at(0, 0, 0) != 0 || heads == 0 || rows == 0 || columns == 0 {
            return None;
        }
        let shared = (1..heads).take_while(|head| at(*head, 0, 0) == 0).count() + 1;
        if !heads.is_multiple_of(shared) || shared > wanted.most_shared {
            return None;
        }
        let far = |count: usize, at: usize| if count > 1 { at } else { 0 };
        let apart = far(heads / shared, if heads > shared { at(shared, 0, 0) } else { 0 });
        let places = Self {
            heads: (heads / shared, apart),
            rows: (rows, far(rows, at(0, 1 % rows, 0))),
            columns: (columns, far(columns, at(0, 0, 1 % columns))),
        };
        let all = (0..heads).all(|head| {
            (0..rows).all(|row| {
                (0..columns).all(|column| {
                    let place = head / shared * places.heads.1 + row * places.rows.1 + column * places.columns.1;
                    at(head, row, column) == place
                })
            })
        });
        all.then_some(places)
    }

    /// The dimensions of a value of this shape, if heads, rows and columns are dimensions, and all that are there.
    fn axes(&self, shape: &[usize]) -> Option<[Option<usize>; 3]> {
        let mut stride = shape.iter().product::<usize>();
        let mut axes = [None; 3];
        let wanted = [self.heads, self.rows, self.columns];
        let mut left: usize = wanted.iter().filter(|(count, _)| *count > 1).count();
        for (axis, dim) in shape.iter().enumerate() {
            stride /= (*dim).max(1);
            if *dim == 1 {
                continue;
            }
            let role = wanted.iter().position(|it| *it == (*dim, stride))?;
            axes[role] = Some(axis);
            left -= 1;
        }
        (left == 0).then_some(axes)
    }
}
