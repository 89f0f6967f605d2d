//! Values, laid out for products with weights.

/// Columns are filled up to a multiple of this, which every vector used divides.
const COLUMNS: usize = 16;

/// The values of all heads that have their own: `[heads, room, padded width]`. Columns that are filled up, and rows that are not
/// yet a token's, are 0.
#[derive(Debug, Clone)]
pub struct Values {
    data: Vec<f32>,
    heads: usize,
    width: usize,
    count: usize,
    room: usize,
}

impl Values {
    /// No values yet, of `heads` heads.
    pub fn new(heads: usize, width: usize) -> Self {
        Self { data: Vec::new(), heads, width, count: 0, room: 0 }
    }

    /// Columns that count.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Columns that there are.
    pub(super) fn padded(&self) -> usize {
        self.width.next_multiple_of(COLUMNS)
    }

    /// The rows of `head`, `[room, padded]`.
    pub(super) fn of_head(&self, head: usize) -> &[f32] {
        let len = self.room * self.padded();
        &self.data[head * len..][..len]
    }

    /// Adds the values of `count` tokens, `[heads, count, width]`, and doubles the room when there is none.
    pub fn push(&mut self, values: &[f32], count: usize) {
        debug_assert_eq!(values.len(), self.heads * count * self.width);
        self.reserve(count);
        let (padded, width) = (self.padded(), self.width);
        for head in 0..self.heads {
            let rows = &mut self.data[(head * self.room + self.count) * padded..][..count * padded];
            let from = &values[head * count * width..][..count * width];
            if width == padded {
                rows.copy_from_slice(from);
            } else {
                for (to, from) in rows.chunks_exact_mut(padded).zip(from.chunks_exact(width)) {
                    to[..width].copy_from_slice(from);
                }
            }
        }
        self.count += count;
    }

    fn reserve(&mut self, count: usize) {
        let needed = self.count + count;
        if needed <= self.room {
            return;
        }
        let room = needed.max(2 * self.room);
        let padded = self.padded();
        let mut data = vec![0.0; self.heads * room * padded];
        if self.room > 0 {
            let (new, old) = (room * padded, self.room * padded);
            for (to, from) in data.chunks_exact_mut(new).zip(self.data.chunks_exact(old)) {
                to[..old].copy_from_slice(from);
            }
        }
        self.data = data;
        self.room = room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_pushed_in_parts_lie_as_those_pushed_at_once() {
        let (heads, width) = (2, 3);
        let mut values = Values::new(heads, width);
        // Of each head one token, and then two.
        values.push(&[0.0, 1.0, 2.0, 100.0, 101.0, 102.0], 1);
        values.push(&[10.0, 11.0, 12.0, 20.0, 21.0, 22.0, 110.0, 111.0, 112.0, 120.0, 121.0, 122.0], 2);
        for head in 0..heads {
            let rows: Vec<&[f32]> = values.of_head(head).chunks_exact(values.padded()).take(3).collect();
            for (token, row) in rows.iter().enumerate() {
                let first = (head * 100 + token * 10) as f32;
                assert_eq!(row[..width], [first, first + 1.0, first + 2.0]);
                assert!(row[width..].iter().all(|value| *value == 0.0));
            }
        }
    }
}
