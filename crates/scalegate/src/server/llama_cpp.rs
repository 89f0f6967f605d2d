//! The completions of llama.cpp's HTTP server, whose answers have its own timings.

use serde_json::{Map, Value, json};

use super::openai;
use super::reply::{Answer, Request, number};

/// Asks for `new_tokens` after `prompt`, without the cache of prompts and past an end of text; `further` are fields of the user's.
pub(super) fn request(prompt: &[u32], new_tokens: u64, further: &Map<String, Value>) -> Request {
    Request::post("/completion", &body([("prompt", json!(prompt)), ("n_predict", json!(new_tokens))], further))
}

/// The same for a chat that begins with `message`, whose answer has the same timings.
pub(super) fn chat(message: &Value, new_tokens: u64, further: &Map<String, Value>) -> Request {
    Request::post(
        openai::CHAT,
        &body([("messages", openai::messages(message)), ("max_tokens", json!(new_tokens))], further),
    )
}

fn body(asked: [(&str, Value); 2], further: &Map<String, Value>) -> Value {
    let common = [("cache_prompt", json!(false)), ("ignore_eos", json!(true)), ("temperature", json!(0.0))];
    let mut body: Map<String, Value> =
        asked.into_iter().chain(common).map(|(name, value)| (name.to_owned(), value)).collect();
    body.extend(further.clone());
    Value::Object(body)
}

/// Reads an answer that took `wall_s` seconds.
///
/// # Errors
/// What is no answer of this server.
pub(super) fn read(text: &str, wall_s: f64) -> Result<Answer, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let of = |name: &str| number(&json, &format!("/timings/{name}"));
    let [fresh, cached, new_tokens] = [of("prompt_n")?, of("cache_n")?, of("predicted_n")?];
    Ok(Answer {
        wall_s,
        prompt_tokens: Some((fresh + cached) as u64),
        cached_tokens: Some(cached as u64),
        new_tokens: Some(new_tokens as u64),
        first_s: of("prompt_ms")? / 1e3,
        // The first token is sampled from what the prompt came to, and `predicted_ms` begins after it.
        further_s: if new_tokens >= 2.0 { Some(of("predicted_ms")? / 1e3 / (new_tokens - 1.0)) } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_answers_tell_times_and_what_came_from_the_cache() {
        let answer = read(include_str!("../../tests/fixtures/llama-server/completion.json"), 1.0).unwrap();
        insta::assert_debug_snapshot!(answer);
        let cached = read(include_str!("../../tests/fixtures/llama-server/completion_cached.json"), 1.0).unwrap();
        assert_eq!((cached.prompt_tokens, cached.cached_tokens, cached.further_s), (Some(8), Some(7), None));
    }

    #[test]
    fn an_answer_of_a_chat_has_the_same_timings() {
        let answer = read(include_str!("../../tests/fixtures/llama-server/openai_chat.json"), 1.0).unwrap();
        assert_eq!((answer.prompt_tokens, answer.cached_tokens, answer.new_tokens), (Some(56), Some(0), Some(4)));
    }

    #[test]
    fn what_is_no_answer_is_named() {
        assert_eq!(read("{}", 1.0).unwrap_err(), "it has no `/timings/prompt_n`");
        assert!(read("<html>", 1.0).unwrap_err().starts_with("it is no JSON: "));
        let nonsense = r#"{"timings":{"prompt_n":"many"}}"#;
        assert_eq!(
            read(nonsense, 1.0).unwrap_err(),
            "its `/timings/prompt_n` is `\"many\"`, which is no number from 0 on"
        );
        let negative = r#"{"timings":{"prompt_n":8,"cache_n":0,"predicted_n":1,"prompt_ms":-1}}"#;
        assert_eq!(read(negative, 1.0).unwrap_err(), "its `/timings/prompt_ms` is `-1`, which is no number from 0 on");
    }

    #[test]
    fn a_request_has_the_prompt_and_no_cache_unless_the_user_asks_for_it() {
        insta::assert_snapshot!(request(&[5, 6], 1, &Map::new()).body.unwrap(), @r#"{"cache_prompt":false,"ignore_eos":true,"n_predict":1,"prompt":[5,6],"temperature":0.0}"#);
        let further = json!({ "cache_prompt": true });
        let asked = request(&[5, 6], 1, further.as_object().unwrap()).body.unwrap();
        assert!(asked.contains(r#""cache_prompt":true"#), "{asked}");
    }
}
