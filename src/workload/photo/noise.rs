//! Randomness that is a function of place, on integers.

/// A hash of a seed and a place (the finaliser of splitmix64, by Steele, Lea and Flood, over a sum of products).
pub(super) fn hash(seed: u64, x: i64, y: i64) -> u64 {
    let mut z = seed
        .wrapping_add((x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add((y as u64).wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in `low..high`, the `index`th of a seed.
pub(super) fn pick(seed: u64, index: i64, low: i64, high: i64) -> i64 {
    low + (hash(seed, index, -1) % (high - low) as u64) as i64
}

/// A straight line of pixels through the plane of a texture, in 1/256 of a scene unit.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) x: i64,
    pub(super) y: i64,
    /// From one pixel to the next, along x.
    pub(super) step: i64,
}

/// Fractal noise: octaves of value noise, from cells of `2^coarsest` scene units down to cells of two pixels.
pub(super) struct Fractal {
    pub(super) seed: u64,
    pub(super) coarsest: u32,
    /// Amplitude of an octave relative to the coarser one before it, in 1/256: the roughness.
    pub(super) persistence: i32,
}

impl Fractal {
    /// Noise for each pixel of a line, its coarsest octave within ±128.
    pub(super) fn fill(&self, line: Line, out: &mut [i32]) {
        out.fill(0);
        let mut amplitude = 256;
        let mut lattice = Vec::new();
        for shift in (8..=self.coarsest + 8).rev() {
            if 1 << shift < 2 * line.step {
                break;
            }
            self.octave(line, shift, amplitude, &mut lattice, out);
            amplitude = (amplitude * self.persistence) >> 8;
        }
    }

    fn octave(&self, line: Line, shift: u32, amplitude: i32, lattice: &mut Vec<i32>, out: &mut [i32]) {
        let seed = self.seed.wrapping_add(u64::from(shift) << 32);
        let (row, down) = (line.y >> shift, smooth(line.y, shift));
        let first = line.x >> shift;
        let last = (line.x + line.step * out.len() as i64) >> shift;
        lattice.clear();
        lattice.extend((first..=last + 1).map(|column| {
            let (above, below) = (value(seed, column, row), value(seed, column, row + 1));
            above + (((below - above) * down) >> 8)
        }));
        let mut x = line.x;
        for pixel in out {
            let column = ((x >> shift) - first) as usize;
            let (left, right) = (lattice[column], lattice[column + 1]);
            *pixel += ((left + (((right - left) * smooth(x, shift)) >> 8)) * amplitude) >> 8;
            x += line.step;
        }
    }
}

fn value(seed: u64, x: i64, y: i64) -> i32 {
    (hash(seed, x, y) & 0xff) as i32 - 128
}

/// How far a place is between two lattice points, in 1/256, eased at both ends (3t² − 2t³).
fn smooth(place: i64, shift: u32) -> i32 {
    let t = (place >> (shift - 8)) as i32 & 0xff;
    (t * t * (768 - 2 * t)) >> 16
}
