//! Completions and chat in the form of `OpenAI`'s API, which most servers speak, as streams of server-sent events.
//!
//! A chunk of a stream may hold less or more than one token. How many an answer has is what the server says in `usage`, which
//! `stream_options.include_usage` asks for.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};

use super::reply::{Answer, Request, error_message};

/// Asks for `new_tokens` after a prompt of token ids; `further` are fields of the user's.
pub(super) fn completion(prompt: &[u32], new_tokens: u64, further: &Map<String, Value>) -> Request {
    Request::post("/v1/completions", &body("prompt", json!(prompt), new_tokens, further))
}

/// Asks for an answer of `new_tokens` to a message.
pub(super) fn chat(message: &Value, new_tokens: u64, further: &Map<String, Value>) -> Request {
    Request::post(CHAT, &body("messages", messages(message), new_tokens, further))
}

/// Where chats are answered.
pub(super) const CHAT: &str = "/v1/chat/completions";

/// A chat that begins with this message, a text or a list of parts.
pub(super) fn messages(message: &Value) -> Value {
    json!([{ "role": "user", "content": message }])
}

/// A message with a JPEG.
pub(super) fn with_image(jpeg: &[u8]) -> Value {
    let url = format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(jpeg));
    json!([{ "type": "image_url", "image_url": { "url": url } }, { "type": "text", "text": "What is this?" }])
}

fn body(name: &str, prompt: Value, new_tokens: u64, further: &Map<String, Value>) -> Value {
    let mut body = Map::from_iter([
        (name.to_owned(), prompt),
        ("max_tokens".to_owned(), json!(new_tokens)),
        ("temperature".to_owned(), json!(0.0)),
        ("stream".to_owned(), json!(true)),
        ("stream_options".to_owned(), json!({ "include_usage": true })),
    ]);
    body.extend(further.clone());
    Value::Object(body)
}

/// A stream as it comes in.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// When the first and the last text came, in seconds since the request.
    text_s: Option<(f64, f64)>,
    usage: Option<Usage>,
    is_done: bool,
}

#[derive(Debug, Clone, Copy)]
struct Usage {
    prompt_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    new_tokens: u64,
}

impl Stream {
    /// Takes a line that came `at_s` seconds after the request; lines that are no data are comments or end an event.
    ///
    /// # Errors
    /// An error of the server's, or what is no event of this API.
    pub(super) fn push(&mut self, line: &str, at_s: f64) -> Result<(), String> {
        let Some(data) = line.strip_prefix("data:").map(str::trim) else {
            let is_field = ["event:", "id:", "retry:", ":"].iter().any(|field| line.starts_with(field));
            return if is_field || line.trim().is_empty() {
                Ok(())
            } else {
                Err(format!("it is no stream of events: {}", error_message(line)))
            };
        };
        if data == "[DONE]" {
            self.is_done = true;
            return Ok(());
        }
        let event: Value = serde_json::from_str(data).map_err(|error| format!("an event is no JSON: {error}"))?;
        if event.get("error").is_some() {
            return Err(format!("it broke off: {}", error_message(data)));
        }
        if has_text(&event) {
            let first_s = self.text_s.map_or(at_s, |(first_s, _)| first_s);
            self.text_s = Some((first_s, at_s));
        }
        self.usage = usage(&event).or(self.usage);
        Ok(())
    }

    /// What the whole stream tells, which ended after `wall_s` seconds.
    ///
    /// # Errors
    /// It ended early, or has no text.
    pub(super) fn finish(self, wall_s: f64) -> Result<Answer, String> {
        if !self.is_done {
            return Err("the stream ended without `data: [DONE]`".to_owned());
        }
        let (first_s, last_s) = self.text_s.ok_or("the stream has no text")?;
        let new_tokens = self.usage.map(|usage| usage.new_tokens);
        let further = new_tokens.filter(|tokens| *tokens >= 2);
        Ok(Answer {
            wall_s,
            prompt_tokens: self.usage.and_then(|usage| usage.prompt_tokens),
            cached_tokens: self.usage.and_then(|usage| usage.cached_tokens),
            new_tokens,
            first_s,
            further_s: further.map(|tokens| (last_s - first_s) / (tokens - 1) as f64),
        })
    }
}

/// Whether an event brings text, thoughts included.
fn has_text(event: &Value) -> bool {
    let places = ["/text", "/delta/content", "/delta/reasoning_content", "/delta/reasoning"];
    let text = |place: &str| event.pointer(&format!("/choices/0{place}"))?.as_str();
    places.into_iter().filter_map(text).any(|text| !text.is_empty())
}

fn usage(event: &Value) -> Option<Usage> {
    let count = |place: &str| event.pointer(place).and_then(Value::as_u64);
    Some(Usage {
        new_tokens: count("/usage/completion_tokens")?,
        prompt_tokens: count("/usage/prompt_tokens"),
        cached_tokens: count("/usage/prompt_tokens_details/cached_tokens"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recorded stream whose lines come a second apart.
    fn read(text: &str) -> Result<Answer, String> {
        let mut stream = Stream::default();
        for (number, line) in text.lines().enumerate() {
            stream.push(line, number as f64)?;
        }
        stream.finish(0.0)
    }

    const COMPLETION: &str = include_str!("../../tests/fixtures/llama-server/openai_completion_stream.txt");
    const WHOLE: &str = include_str!("../../tests/fixtures/llama-server/openai_completion.json");
    const CHAT: &str = include_str!("../../tests/fixtures/llama-server/openai_chat_stream.txt");

    #[test]
    fn recorded_streams_tell_when_their_tokens_came() {
        // Events are two lines apart. The first of a chat brings the role and no text.
        let [completion, chat] = [COMPLETION, CHAT].map(|text| read(text).unwrap());
        assert_eq!((completion.first_s, completion.further_s), (0.0, Some(2.0)));
        assert_eq!(
            (completion.prompt_tokens, completion.cached_tokens, completion.new_tokens),
            (Some(8), Some(0), Some(4))
        );
        assert_eq!((chat.first_s, chat.further_s), (2.0, Some(2.0)));
        assert_eq!((chat.prompt_tokens, chat.cached_tokens, chat.new_tokens), (Some(56), Some(0), Some(4)));
    }

    #[test]
    fn what_is_no_whole_stream_is_named() {
        let cut: String = COMPLETION.lines().take(5).map(|line| format!("{line}\n")).collect();
        let error = include_str!("../../tests/fixtures/llama-server/openai_chat_no_messages.json");
        insta::assert_snapshot!(
            [&cut, error, "data: {\n", "data: {\"error\":{\"message\":\"out of memory\"}}\n", "data: [DONE]\n", ""]
                .map(|text| read(text).unwrap_err())
                .join("\n"),
            @r"
        the stream ended without `data: [DONE]`
        it is no stream of events: 'messages' is required
        an event is no JSON: EOF while parsing an object at line 1 column 1
        it broke off: out of memory
        the stream has no text
        the stream ended without `data: [DONE]`
        "
        );
    }

    #[test]
    fn an_answer_that_is_no_stream_is_shown_as_far_as_it_helps() {
        let error = read(WHOLE).unwrap_err();
        assert!(error.starts_with("it is no stream of events: {\"choices\":") && error.ends_with('…'), "{error}");
    }

    #[test]
    fn comments_and_other_fields_of_events_are_passed_over() {
        let text = format!(": ping\nevent: chunk\nid: 1\nretry: 10\n\n{COMPLETION}");
        assert_eq!(read(&text).unwrap().new_tokens, Some(4));
    }

    #[test]
    fn a_completion_is_asked_for_tokens_and_a_chat_for_words() {
        let further = json!({ "model": "tiny" });
        let further = further.as_object().unwrap();
        let completion = completion(&[5, 6], 4, further);
        let chat = chat(&json!("a day"), 4, further);
        insta::assert_snapshot!(format!("{} {}\n{} {}", completion.path, completion.body.unwrap(), chat.path, chat.body.unwrap()), @r#"
        /v1/completions {"max_tokens":4,"model":"tiny","prompt":[5,6],"stream":true,"stream_options":{"include_usage":true},"temperature":0.0}
        /v1/chat/completions {"max_tokens":4,"messages":[{"content":"a day","role":"user"}],"model":"tiny","stream":true,"stream_options":{"include_usage":true},"temperature":0.0}
        "#);
    }
}
