//! Requests by their text, with placeholders for the size.

use rand_chacha::ChaCha8Rng;

use super::reply::{Request, number};
use crate::config::{HttpSettings, Input, JsonResult, Placeholder, Template};
use crate::program::words;
use crate::token_ids::{TokenIds, joined};

/// The request for an input, with new words or ids where it has a prompt.
pub(super) fn request(settings: &HttpSettings, input: Input, ids: &TokenIds, random: &mut ChaCha8Rng) -> Request {
    let templates = [Some(&settings.path), settings.body.as_ref()].into_iter().flatten();
    let used: Vec<Placeholder> = templates.flat_map(Template::placeholders).collect();
    let mut made = |place, make: &dyn Fn(&mut ChaCha8Rng) -> String| match used.contains(&place) {
        true => make(random),
        false => String::new(),
    };
    let prompt = made(Placeholder::Prompt, &|random| words(input.size, random));
    let tokens = made(Placeholder::Tokens, &|random| joined(&ids.draw(input.size, random)));
    let side = |of: fn(crate::Resolution) -> u32| input.resolution.map(|it| of(it).to_string()).unwrap_or_default();
    let value = |place| match place {
        Placeholder::Size => input.size.to_string(),
        Placeholder::Width => side(|resolution| resolution.width),
        Placeholder::Height => side(|resolution| resolution.height),
        Placeholder::Tokens => tokens.clone(),
        // The configuration allows no other.
        _ => prompt.clone(),
    };
    let fill = |text: &Template| text.fill(value);
    Request {
        method: settings.method.clone(),
        path: fill(&settings.path),
        headers: settings.headers.clone().into_iter().collect(),
        body: settings.body.as_ref().map(fill),
    }
}

/// The seconds that an answer tells.
///
/// # Errors
/// The answer is no JSON, or has no such number.
pub(super) fn read(text: &str, result: &JsonResult) -> Result<f64, String> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    Ok(result.unit_s * number(&json, &result.pointer)?)
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn placeholders_take_the_size_and_as_many_words_and_tokens() {
        let settings: HttpSettings = toml::from_str(
            r#"
            name = "embed"
            tokens = [3]
            path = "/embed?n={size}"
            body = '{"text":"{prompt}","ids":[{tokens}]}'
            "#,
        )
        .unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let [one, other] =
            [(); 2].map(|()| request(&settings, settings.inputs.inputs[0], &TokenIds::Range([5, 9]), &mut random));
        assert_eq!((&*one.method, &*one.path), ("POST", "/embed?n=3"));
        let body: serde_json::Value = serde_json::from_str(one.body.as_ref().unwrap()).unwrap();
        assert_eq!(body["text"].as_str().unwrap().split(' ').count(), 3);
        assert!(matches!(body["ids"].as_array().map(Vec::as_slice), Some([_, _, _])), "{body}");
        assert_ne!(one, other);
    }

    #[test]
    fn a_number_in_an_answer_has_its_unit() {
        let result = JsonResult { pointer: "/timings/prompt_ms".to_owned(), unit_s: 1e-3 };
        let recorded = include_str!("../../tests/fixtures/llama-server/completion.json");
        assert_eq!(read(recorded, &result), Ok(1e-3 * 67.613));
        assert_eq!(read("{}", &result), Err("it has no `/timings/prompt_ms`".to_owned()));
        let nonsense = r#"{"timings":{"prompt_ms":null}}"#;
        let expected = "its `/timings/prompt_ms` is `null`, which is no number from 0 on";
        assert_eq!(read(nonsense, &result), Err(expected.to_owned()));
    }
}
