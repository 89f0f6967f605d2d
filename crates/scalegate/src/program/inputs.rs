//! Inputs that programs of language and vision models read: texts, ids of tokens and images that are the same on every machine.

use std::path::Path;

use jpeg_encoder::{ColorType, Encoder};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::token_ids::{TokenIds, joined};
use crate::{Error, Resolution, Result};

/// Words of one token each in the usual vocabularies, for the most part.
const WORDS: [&str; 24] = [
    "the", "small", "river", "runs", "through", "a", "green", "valley", "where", "old", "trees", "stand", "and",
    "every", "morning", "light", "falls", "on", "water", "while", "birds", "call", "from", "hills",
];

/// Of a photo: at less, images of edges get artefacts.
const QUALITY: u8 = 90;

/// A text of so many words, always the same.
pub(super) fn prompt(count: u64) -> String {
    words(count, &mut ChaCha8Rng::seed_from_u64(count))
}

/// So many of these ids, with commas between them, always the same.
pub(super) fn tokens(count: u64, vocabulary: Vec<u32>) -> String {
    joined(&TokenIds::Listed(vocabulary).draw(count, &mut ChaCha8Rng::seed_from_u64(count)))
}

/// A text of so many words, drawn from `random`.
pub(crate) fn words(count: u64, random: &mut ChaCha8Rng) -> String {
    let word = |_| WORDS[(random.next_u32() % WORDS.len() as u32) as usize];
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// Writes a JPEG of that resolution, always the same.
///
/// # Errors
/// There is no room for it, or a side has more than 65,535 pixels.
pub(super) fn write_image(path: &Path, resolution: Resolution) -> Result<()> {
    let fail = |cause: String| Error::new(path.display(), cause, "list smaller resolutions, or make room");
    let jpeg = image(resolution, &mut ChaCha8Rng::seed_from_u64(resolution.pixels())).map_err(fail)?;
    std::fs::write(path, jpeg).map_err(|error| fail(format!("an image of {resolution}: {error}")))
}

/// A JPEG of that resolution: a gradient with some noise from `random`, so that it is as hard to decode as a photo.
///
/// # Errors
/// A side has more than 65,535 pixels.
pub(crate) fn image(resolution: Resolution, random: &mut ChaCha8Rng) -> Result<Vec<u8>, String> {
    let Resolution { width, height } = resolution;
    let too_large = |_| format!("an image of {resolution}: JPEG has at most 65535 pixels in a row");
    let (columns, rows) = (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
    let mut pixels = Vec::with_capacity(3 * resolution.pixels() as usize);
    for y in 0..height {
        for x in 0..width {
            let noise = random.next_u32() % 32;
            let (across, down) = (x * 224 / width, y * 224 / height);
            pixels.extend([across + noise, down + noise, (224 - across) / 2 + noise].map(|value| value as u8));
        }
    }
    let mut jpeg = Vec::new();
    let encoded = Encoder::new(&mut jpeg, QUALITY).encode(&pixels, columns, rows, ColorType::Rgb);
    encoded.map_err(|error| format!("an image of {resolution}: {error}"))?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_has_its_words_and_is_the_same_each_time() {
        assert_eq!(prompt(500).split(' ').count(), 500);
        assert_eq!(prompt(7), prompt(7));
        assert_eq!(prompt(1).split(' ').count(), 1);
    }

    #[test]
    fn an_image_has_its_resolution_and_is_the_same_each_time() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = place.path().join(name);
            write_image(&path, "84x56".parse().unwrap()).unwrap();
            std::fs::read(path).unwrap()
        };
        let jpeg = write("a.jpg");
        assert_eq!(jpeg, write("b.jpg"));
        // A start of frame has its length, the precision, and then height and width (ITU-T T.81, B.2.2).
        let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
        assert_eq!(jpeg[frame + 5..frame + 9], [0, 56, 0, 84]);
    }

    #[test]
    fn an_image_that_no_jpeg_can_be_is_refused() {
        let place = tempfile::tempdir().unwrap();
        assert!(write_image(&place.path().join("a.jpg"), "70000x1".parse().unwrap()).is_err());
    }
}
