//! How many tokens an image takes in the prompt of a vision-language model, and where they are.

use std::path::Path;

use serde_json::Value;

use super::preprocess::{Geometry, Layout};
use crate::{Error, Result, bounded};

/// What helps against a configuration that does not tell of image tokens.
const REMEDY: &str = "restore the file from the model's repository";

/// The token that stands for a part of an image, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageTokens {
    /// The token id.
    pub(super) id: i64,
    /// Tokens of a tile or an image, and the file and key that say so; absent where no file does.
    each: Option<(usize, String)>,
}

impl ImageTokens {
    /// From `config.json` and, if it is there, `processor_config.json` in a model's directory.
    pub(super) fn of(directory: &Path) -> Result<Self> {
        let place = directory.join("config.json");
        let config = read(&place)?;
        let id =
            ["image_token_id", "image_token_index"].iter().find_map(|key| config[*key].as_i64()).ok_or_else(|| {
                Error::new(
                    place.display(),
                    "neither image_token_id nor image_token_index says which token stands for an image",
                    "give the config.json of a vision-language model",
                )
            })?;
        let processor = directory.join("processor_config.json");
        let processor = if processor.is_file() { read(&processor)? } else { Value::Null };
        let found = |file: &str, key: &str, value: &Value| {
            let count = usize::try_from(value[key].as_u64()?).ok()?;
            Some((count, format!("{file}: {key}")))
        };
        let each = found("processor_config.json", "image_seq_len", &processor)
            .or_else(|| found("config.json", "image_seq_length", &config));
        Ok(Self { id, each })
    }

    /// The number of tokens of an image, and what says so; `None` where no file does.
    pub(super) fn count(&self, geometry: Geometry) -> Option<(usize, String)> {
        match geometry.layout {
            Layout::Patches { merge, .. } => {
                let (rows, cols) = (geometry.rows, geometry.cols);
                Some((rows * cols / (merge * merge), format!("{rows}×{cols} patches, one token for {merge}×{merge}")))
            }
            Layout::Images { count, .. } | Layout::Padded { count, .. } => {
                let (each, source) = self.each.as_ref()?;
                Some((each * count, format!("{source} {each}, for {count} of them")))
            }
        }
    }
}

/// The positions of the tokens of an image at the front of a prompt, and of `text` tokens after it, along the axes frame, row
/// and column, `[3, tokens]`: `get_rope_index` in transformers' `models/qwen2_vl/modeling_qwen2_vl.py`. `None` for what is no grid.
pub(super) fn axes(geometry: Geometry, text: usize) -> Option<Vec<i64>> {
    let Layout::Patches { merge, .. } = geometry.layout else { return None };
    let (rows, cols) = (geometry.rows / merge, geometry.cols / merge);
    // Text goes on after the largest position in the image.
    let start = rows.max(cols);
    let places: [fn(usize, usize) -> usize; 3] = [|_, _| 0, |token, cols| token / cols, |token, cols| token % cols];
    let lines = places.iter().flat_map(|place| {
        let image = (0..rows * cols).map(|token| place(token, cols));
        image.chain(start..start + text)
    });
    Some(lines.map(|position| position as i64).collect())
}

fn read(path: &Path) -> Result<Value> {
    let text = bounded::text(path, bounded::MAX_SETTINGS).map_err(|cause| Error::new(path.display(), cause, REMEDY))?;
    serde_json::from_str(&text).map_err(|cause| Error::new(path.display(), cause, REMEDY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_on_behind_the_longer_side_of_the_image() {
        let grid = Geometry { rows: 4, cols: 6, layout: Layout::qwen2_vl(2) };
        let expected = [vec![0, 0, 0, 0, 0, 0, 3, 4], vec![0, 0, 0, 1, 1, 1, 3, 4], vec![0, 1, 2, 0, 1, 2, 3, 4]];
        assert_eq!(axes(grid, 2), Some(expected.concat()));
        let tile = Geometry { rows: 0, cols: 0, layout: Layout::Images { count: 1, height: 56, width: 56 } };
        assert_eq!(axes(tile, 2), None);
    }
}
