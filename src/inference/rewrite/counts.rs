//! What is known of a model's inputs that only count.

use std::collections::HashMap;

use tract_onnx::prelude::*;

use super::super::decoder::{MASK, PAST, POSITIONS};
use super::partial::Known;

/// The symbols and inputs by which a model knows how many tokens there are. The mask is all ones and positions count on, since
/// nothing is padded: `Decoder` feeds nothing else.
pub(in super::super) struct Counts {
    /// Tokens before those that are read, and those that are; absent where all lengths are numbers.
    symbols: Option<(Symbol, Symbol)>,
    mask: Option<OutletId>,
    positions: Option<OutletId>,
    /// The length of the mask, where it is a symbol of its own.
    total: Option<Symbol>,
}

impl Counts {
    /// Of a model in which all lengths are numbers, as a vision tower for one size.
    pub(in super::super) fn fixed() -> Self {
        Self { symbols: None, mask: None, positions: None, total: None }
    }

    /// Of a decoder that takes its tokens through the input `tokens`; none of one whose lengths are no symbols.
    pub(in super::super) fn of(model: &TypedModel, tokens: &str) -> Option<Self> {
        let input = |wanted: &dyn Fn(&str) -> bool| {
            model.inputs.iter().copied().find(|input| wanted(&model.node(input.node).name))
        };
        let dim = |outlet: OutletId, axis: usize| model.outlet_fact(outlet).ok()?.shape.get(axis).cloned();
        let symbol = |dim: TDim| match dim {
            TDim::Sym(symbol) => Some(symbol),
            _ => None,
        };
        let read = symbol(dim(input(&|name| name == tokens)?, 1)?)?;
        let past = symbol(dim(input(&|name| name.starts_with(PAST))?, 2)?)?;
        let mask = input(&|name| name == MASK);
        let total = mask.and_then(|mask| symbol(dim(mask, 1)?)).filter(|total| *total != past && *total != read);
        // Of positions along several axes it is not known how they count.
        let is_row = |outlet: &OutletId| model.outlet_fact(*outlet).is_ok_and(|fact| fact.rank() == 2);
        let positions = input(&|name| name == POSITIONS).filter(is_row);
        (past != read).then_some(Self { symbols: Some((past, read)), mask, positions, total })
    }

    /// Whether lengths are numbers.
    pub(super) fn is_fixed(&self) -> bool {
        self.symbols.is_none()
    }

    /// What is known when `read` tokens are read after `past`; of fixed lengths nothing.
    pub(super) fn known(&self, model: &TypedModel, past: usize, read: usize) -> TractResult<Known> {
        let mut values = HashMap::new();
        let mut row = |input: Option<OutletId>, row: Vec<i64>| {
            if let Some(input) = input {
                let kind = model.outlet_fact(input)?.datum_type;
                let row = Tensor::from_shape(&[1, row.len()], &row)?.cast_to_dt(kind)?.into_owned();
                values.insert(input, row);
            }
            TractResult::Ok(())
        };
        row(self.mask, vec![1; past + read])?;
        row(self.positions, (past as i64..(past + read) as i64).collect())?;
        let mut symbols = HashMap::new();
        if let Some((of_past, of_read)) = &self.symbols {
            symbols.extend([(of_past.clone(), past.to_dim()), (of_read.clone(), read.to_dim())]);
        }
        if let Some(total) = &self.total {
            symbols.insert(total.clone(), (past + read).to_dim());
        }
        Ok(Known { values, passed: HashMap::new(), symbols })
    }
}
