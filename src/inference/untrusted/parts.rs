//! Counts the parts of an encoded model without decoding it.

use super::{MAX_NODES, MAX_PARTS};

/// Nested graphs deeper than this are refused by the decoder too.
const MAX_DEPTH: usize = 100;

/// A kind of message, as far as its fields hold further messages (`onnx.proto`, IR version 10).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    Shape,
    Other,
}

impl Kind {
    /// The kind of the message in a field; its number is the one in `onnx.proto`.
    fn field(self, number: u64) -> Self {
        match (self, number) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::Value,
            (Self::Node, 5) => Self::Attribute,
            (Self::Value, 2) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::TensorType, 2) => Self::Shape,
            _ => Self::Other,
        }
    }
}

/// Refuses a model of too many parts. Bytes that are no model at all are left to the decoder.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut count = Count::default();
    // What ends too early is for the decoder to name.
    let _whole = count.message(bytes, Kind::Model, 0);
    if count.nodes > MAX_NODES {
        return Err(format!("the graph has more than {MAX_NODES} nodes"));
    }
    if count.parts > MAX_PARTS {
        return Err(format!("the model has more than {MAX_PARTS} parts"));
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    parts: usize,
    nodes: usize,
}

impl Count {
    /// Counts until the end, until the bytes are no message any more, or until there are too many.
    fn message(&mut self, mut rest: &[u8], kind: Kind, depth: usize) -> Option<()> {
        while !rest.is_empty() && self.parts <= MAX_PARTS && self.nodes <= MAX_NODES {
            let tag = varint(&mut rest)?;
            match tag & 7 {
                0 => _ = varint(&mut rest)?,
                1 => _ = take(&mut rest, 8)?,
                5 => _ = take(&mut rest, 4)?,
                2 => {
                    let length = varint(&mut rest)?;
                    let content = take(&mut rest, usize::try_from(length).ok()?)?;
                    let inner = kind.field(tag >> 3);
                    self.parts += 1;
                    self.nodes += usize::from(inner == Kind::Node);
                    if inner != Kind::Other && depth < MAX_DEPTH {
                        self.message(content, inner, depth + 1)?;
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (content, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(content)
}

/// Seven bits per byte, the lowest first, up to ten bytes.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
