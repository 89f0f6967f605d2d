//! Keys, laid out for products with queries.

/// Keys that lie beside each other: the widest vectors that are used hold half as many floats.
pub(super) const PANEL: usize = 32;

/// The keys of all heads that have their own: `[heads, panels, width, PANEL]`, so that one value of many keys is a vector. There
/// is room for more; what is not yet a key is 0.
#[derive(Debug, Clone)]
pub struct Keys {
    data: Vec<f32>,
    heads: usize,
    width: usize,
    count: usize,
    /// Tokens that there is room for, in as many panels as they take.
    room: usize,
}

impl Keys {
    /// No keys yet, of `heads` heads.
    pub fn new(heads: usize, width: usize) -> Self {
        Self { data: Vec::new(), heads, width, count: 0, room: 0 }
    }

    /// Tokens that have keys.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Heads that have keys of their own.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Values of a key.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The panels of `head`, each `[width, PANEL]`.
    pub(super) fn of_head(&self, head: usize) -> &[f32] {
        let len = self.of_room(self.room);
        &self.data[head * len..][..len]
    }

    /// Adds the keys of `count` tokens, `[heads, count, width]`. Room is doubled when there is none, so that a token is copied
    /// twice at most, on average.
    pub fn push(&mut self, keys: &[f32], count: usize) {
        debug_assert_eq!(keys.len(), self.heads * count * self.width);
        self.reserve(count);
        let of_head = self.of_room(self.room);
        for head in 0..self.heads {
            let panels = &mut self.data[head * of_head..][..of_head];
            let rows = &keys[head * count * self.width..][..count * self.width];
            let mut done = 0;
            while done < count {
                let (panel, place) = ((self.count + done) / PANEL, (self.count + done) % PANEL);
                let fit = (PANEL - place).min(count - done);
                let rows = &rows[done * self.width..][..fit * self.width];
                let panel = &mut panels[panel * self.width * PANEL..][..self.width * PANEL];
                for (column, values) in panel.chunks_exact_mut(PANEL).enumerate() {
                    let values = &mut values[place..place + fit];
                    values.iter_mut().zip(rows[column..].iter().step_by(self.width)).for_each(|(to, from)| *to = *from);
                }
                done += fit;
            }
        }
        self.count += count;
    }

    fn reserve(&mut self, count: usize) {
        let needed = self.count + count;
        if needed <= self.room {
            return;
        }
        // By tokens and not by panels, so that it is at the same token that keys and values get more room.
        let room = needed.max(2 * self.room);
        let (old, new) = (self.of_room(self.room), self.of_room(room));
        let mut data = vec![0.0; self.heads * new];
        if old > 0 {
            for (to, from) in data.chunks_exact_mut(new).zip(self.data.chunks_exact(old)) {
                to[..old].copy_from_slice(from);
            }
        }
        self.data = data;
        self.room = room;
    }

    /// Floats of one head for so many tokens.
    fn of_room(&self, room: usize) -> usize {
        room.div_ceil(PANEL) * PANEL * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_pushed_in_parts_lie_as_those_pushed_at_once() {
        let (heads, width, count) = (2, 3, 80);
        let key = |head: usize, token: usize| (0..width).map(move |at| (head * 1000 + token * 10 + at) as f32);
        let keys = |tokens: std::ops::Range<usize>| -> Vec<f32> {
            (0..heads).flat_map(|head| tokens.clone().flat_map(move |token| key(head, token))).collect()
        };
        let mut parts = Keys::new(heads, width);
        for tokens in [0..1, 1..40, 40..41, 41..count] {
            parts.push(&keys(tokens.clone()), tokens.len());
        }
        assert_eq!(parts.count(), count);
        for head in 0..heads {
            for token in 0..count {
                for at in 0..width {
                    let panel = &parts.of_head(head)[token / PANEL * width * PANEL..];
                    assert_eq!(panel[at * PANEL + token % PANEL], (head * 1000 + token * 10 + at) as f32);
                }
            }
        }
    }
}
