//! The scene: sky, ridges, houses, a meadow, balls, and the camera that takes the picture.

use image::RgbImage;

use super::noise::{Fractal, Line, hash, pick};

/// Height of the image in scene units.
const HEIGHT: i64 = 1 << 16;
/// Where the sky ends, in scene units from the top.
const HORIZON: i64 = HEIGHT * 5 / 8;

/// Levels of red, green and blue.
type Color = [i32; 3];

/// A photo-like picture of `width`×`height` pixels; the same bytes for the same arguments on every machine.
pub fn photo(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut image = RgbImage::new(width, height);
    if width > 0 && height > 0 {
        let scene = Scene::new(i64::from(width), i64::from(height), hash(seed, 0, 0));
        let mut painter = Painter::new(&scene);
        for (y, row) in image.chunks_exact_mut(3 * width as usize).enumerate() {
            painter.row(y as i64, row);
        }
    }
    image
}

struct Scene {
    seed: u64,
    width: i64,
    height: i64,
    /// The upper edge of each ridge, by column, in scene units; the farthest first.
    ridges: Vec<Vec<i64>>,
    houses: Vec<House>,
    balls: Vec<Ball>,
    sun: (i64, i64),
}

struct House {
    left: i64,
    right: i64,
    top: i64,
    color: Color,
    window: i64,
}

struct Ball {
    x: i64,
    y: i64,
    radius: i64,
    color: Color,
}

impl Scene {
    fn new(width: i64, height: i64, seed: u64) -> Self {
        let scene_width = HEIGHT * width / height;
        let ridges = (0..3)
            .map(|index| {
                let fractal = Fractal { seed: seed ^ (index + 1), coarsest: 15, persistence: 118 };
                let mut tops = vec![0; width as usize];
                fractal.fill(Line { x: 0, y: 128, step: 256 * HEIGHT / height }, &mut tops);
                let level = HORIZON - (3 - index as i64) * HEIGHT / 14;
                tops.iter().map(|&top| level + i64::from(top) * (110 - 25 * index as i64)).collect()
            })
            .collect();
        let pick = |index, low, high| pick(seed, index, low, high);
        let houses = (0..7)
            .map(|index| {
                let left = scene_width * (2 * index + pick(10 + index, 0, 2)) / 15;
                let shade = pick(20 + index, 70, 190) as i32;
                House {
                    left,
                    right: left + pick(30 + index, HEIGHT / 24, HEIGHT / 9),
                    top: HORIZON - pick(40 + index, HEIGHT / 30, HEIGHT / 5),
                    color: [shade + 20, shade, shade - pick(50 + index, 5, 45) as i32],
                    window: pick(60 + index, HEIGHT / 90, HEIGHT / 45),
                }
            })
            .collect();
        let balls = (0..4)
            .map(|index| Ball {
                x: scene_width * (2 * index + 1) / 8 + pick(70 + index, -HEIGHT / 16, HEIGHT / 16),
                y: pick(80 + index, HEIGHT * 12 / 16, HEIGHT * 15 / 16),
                radius: pick(90 + index, HEIGHT / 26, HEIGHT / 10),
                color: std::array::from_fn(|channel| pick(100 + 3 * index + channel as i64, 40, 230) as i32),
            })
            .collect();
        let sun = (scene_width * pick(1, 1, 8) / 8, HEIGHT * pick(2, 8, 24) / 80);
        Self { seed, width, height, ridges, houses, balls, sun }
    }
}

/// Paints rows, with the buffers that a row needs.
struct Painter<'a> {
    scene: &'a Scene,
    /// Scene units per pixel; at least 1.
    pixel: i64,
    clouds: Vec<i32>,
    slopes: Vec<i32>,
    meadow: Vec<i32>,
}

impl<'a> Painter<'a> {
    fn new(scene: &'a Scene) -> Self {
        let row = || vec![0; scene.width as usize];
        Self { scene, pixel: (HEIGHT / scene.height).max(1), clouds: row(), slopes: row(), meadow: row() }
    }

    fn row(&mut self, row: i64, out: &mut [u8]) {
        let Scene { seed, width, height, .. } = *self.scene;
        let y = row * HEIGHT / height;
        let step = 256 * HEIGHT / height;
        if y < HORIZON {
            let clouds = Fractal { seed: seed ^ 0x0a, coarsest: 15, persistence: 140 };
            // Clouds are wider than high.
            clouds.fill(Line { x: 0, y: 256 * y * 2, step }, &mut self.clouds);
            let slopes = Fractal { seed: seed ^ 0x0b, coarsest: 12, persistence: 185 };
            slopes.fill(Line { x: 0, y: 256 * y, step }, &mut self.slopes);
        } else {
            // The plane seen in perspective: distance grows as the row nears the horizon.
            let distance = 256 * (HEIGHT - HORIZON) / (y - HORIZON + HEIGHT / 64);
            let step = (step * distance / 256).max(1);
            let meadow = Fractal { seed: seed ^ 0x0c, coarsest: 14, persistence: 205 };
            meadow.fill(Line { x: -step * width / 2, y: 256 * 48 * distance, step }, &mut self.meadow);
        }
        for (column, pixel) in out.chunks_exact_mut(3).enumerate() {
            let x = column as i64 * HEIGHT / height;
            let mut color = if y < HORIZON { self.far(column, x, y) } else { self.near(column, y) };
            for ball in &self.scene.balls {
                self.ball(ball, x, y, &mut color);
            }
            self.expose(column as i64, row, color, pixel);
        }
    }

    /// Sky, ridges and houses.
    fn far(&self, column: usize, x: i64, y: i64) -> Color {
        let mut color = mix([62, 112, 186], [206, 214, 222], y, HORIZON);
        let cloud = i64::from(self.clouds[column] - 12).clamp(0, 90);
        color = mix(color, [246, 244, 240], cloud, 110);
        // A glow that falls with the square of the distance.
        let (sun_x, sun_y) = self.scene.sun;
        let distance = ((x - sun_x).pow(2) + (y - sun_y).pow(2)) >> 16;
        color = mix(color, [255, 246, 214], 900, 900 + distance);
        for (index, ridge) in self.scene.ridges.iter().enumerate() {
            let near = index as i64 + 1;
            let texture = self.slopes[column] * (index as i32 + 1) / 8;
            let slope = mix([168, 184, 204], [58, 82, 60], near, 3).map(|level| level + texture);
            color = mix(color, slope, self.coverage(y - ridge[column]), 256);
        }
        for house in &self.scene.houses {
            if x >= house.left && x < house.right && y >= house.top {
                color = self.wall(house, column, x, y);
            }
        }
        color
    }

    fn wall(&self, house: &House, column: usize, x: i64, y: i64) -> Color {
        let (across, down) = ((x - house.left) % (2 * house.window), (y - house.top) % (3 * house.window));
        let is_window = across > house.window / 2 && across < house.window * 3 / 2 && down > house.window;
        if is_window {
            let lit =
                hash(self.scene.seed, (x - house.left) / (2 * house.window), (y - house.top) / (3 * house.window));
            return if lit.is_multiple_of(5) { [236, 208, 132] } else { [44, 52, 66] };
        }
        let texture = self.slopes[column] / 12;
        // The light comes from one side.
        let shade = mix(house.color, house.color.map(|level| level * 2 / 3), x - house.left, house.right - house.left);
        shade.map(|level| level + texture)
    }

    /// The meadow.
    fn near(&self, column: usize, y: i64) -> Color {
        let ground = mix([132, 146, 92], [70, 98, 40], y - HORIZON, HEIGHT - HORIZON);
        let texture = self.meadow[column] * 3 / 8;
        [ground[0] + texture * 9 / 10, ground[1] + texture, ground[2] + texture / 2]
    }

    /// A shaded ball and its shadow.
    fn ball(&self, ball: &Ball, x: i64, y: i64, color: &mut Color) {
        let (dx, dy) = (x - ball.x, y - ball.y);
        let square = ball.radius.pow(2);
        let shadow = (dx - ball.radius / 2).pow(2) + (5 * (dy - ball.radius * 9 / 10)).pow(2);
        if shadow < square {
            *color = mix(*color, [18, 26, 14], 150 * (square - shadow), 256 * square);
        }
        let inside = square - dx.pow(2) - dy.pow(2);
        // Where a pixel ends outside of the ball, it is covered in part.
        let coverage = self.coverage(inside / (2 * ball.radius));
        if coverage > 0 {
            let light = 256 - (dx + 2 * dy) * 90 / ball.radius;
            let mut shaded = ball.color.map(|level| (i64::from(level) * light.clamp(40, 420) / 256) as i32);
            let glint = (dx + ball.radius / 3).pow(2) + (dy + ball.radius / 2).pow(2);
            shaded = mix(shaded, [255; 3], (square - 16 * glint).max(0), square);
            *color = mix(*color, shaded, coverage, 256);
        }
    }

    /// How much of a pixel lies behind an edge that is `distance` away, in 1/256; the lens blurs it over two pixels.
    fn coverage(&self, distance: i64) -> i64 {
        (128 + distance * 128 / self.pixel).clamp(0, 256)
    }

    /// What the sensor makes of a color: a vignette, and noise that grows with the light.
    fn expose(&self, column: i64, row: i64, color: Color, pixel: &mut [u8]) {
        let Scene { seed, width, height, .. } = *self.scene;
        let (x, y) = (2 * column - width, 2 * row - height);
        let vignette = 256 - (72 * (x * x + y * y) / (width * width + height * height)) as i32;
        let noise = hash(seed ^ 0x63, column, row).to_le_bytes().map(i32::from);
        // Differences of uniform numbers are close to a bell; most of the noise is common to the channels.
        let common = noise[0] + noise[1] - noise[2] - noise[3];
        for (channel, level) in pixel.iter_mut().enumerate() {
            let own = noise[4 + channel] - noise[7];
            let light = (color[channel].clamp(0, 255) * vignette) >> 8;
            let grain = ((common + own / 2) * (160 + light)) >> 14;
            *level = (light + grain).clamp(0, 255) as u8;
        }
    }
}

/// `from` at `part` 0, `to` at `part` = `whole`.
fn mix(from: Color, to: Color, part: i64, whole: i64) -> Color {
    let weight = (part * 256 / whole).clamp(0, 256) as i32;
    std::array::from_fn(|channel| from[channel] + (((to[channel] - from[channel]) * weight) >> 8))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_bytes_are_the_same_on_every_machine() {
        let digest = Sha256::digest(photo(123, 89, 7).as_raw());
        assert_eq!(
            digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            "b70e2436f4e58d44317e25989e6a77a9688ac4b4b78be5be68c684573c296fb5"
        );
    }

    #[test]
    fn seeds_give_different_scenes() {
        assert_ne!(photo(64, 48, 1), photo(64, 48, 2));
    }

    #[test]
    fn every_shape_of_image_can_be_asked_for() {
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1), (3000, 1), (1, 3000), (2000, 10)] {
            assert_eq!(photo(width, height, 1).dimensions(), (width, height));
        }
    }

    #[test]
    fn one_seed_is_one_scene_at_any_resolution() {
        let (small, large) = (photo(120, 90, 5), photo(480, 360, 5));
        // Means over squares of a sixth of the height differ by no more than the noise and the edges allow.
        for (row, column) in (0..6).flat_map(|row| (0..8).map(move |column| (row, column))) {
            let mean = |image: &RgbImage, side: u32| {
                let sum: u64 = (0..side * side)
                    .map(|i| u64::from(image.get_pixel(column * side + i % side, row * side + i / side)[1]))
                    .sum();
                sum as f64 / f64::from(side * side)
            };
            let (a, b) = (mean(&small, 15), mean(&large, 60));
            assert!((a - b).abs() < 12.0, "square {row}, {column}: {a} and {b}");
        }
    }
}
