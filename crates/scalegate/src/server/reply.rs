//! What a server is asked, and what its answer tells.

/// An HTTP request without the address of its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// With its query, if it has one.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

impl Request {
    /// A request whose body is JSON.
    pub(super) fn post(path: &str, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { method: "POST".to_owned(), path: path.to_owned(), headers, body: Some(body.to_string()) }
    }
}

/// What an answer tells of an inference. Times are in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// Tokens of the prompt that the server counted.
    pub(super) prompt_tokens: Option<u64>,
    /// The part of them that came from a cache.
    pub(super) cached_tokens: Option<u64>,
    /// Tokens of the answer that the server counted.
    pub(super) new_tokens: Option<u64>,
    /// From the request to the first token.
    pub(super) first_s: f64,
    /// For each token after the first, if there are any.
    pub(super) further_s: Option<f64>,
    /// From the request to the last byte.
    pub(super) wall_s: f64,
}

impl Answer {
    /// Of a request that is no inference of tokens: it took `wall_s`, and the answer may tell another time.
    pub(super) fn of_http(told_s: Option<f64>, wall_s: f64) -> Self {
        let first_s = told_s.unwrap_or(wall_s);
        Self { prompt_tokens: None, cached_tokens: None, new_tokens: None, first_s, further_s: None, wall_s }
    }
}

/// The message in the body of an error: `{"error":{"message":…}}` of `OpenAI` and llama.cpp, `{"message":…}` of vLLM,
/// `{"detail":…}` of `FastAPI`; otherwise the beginning of the body.
pub(super) fn error_message(body: &str) -> String {
    let told = serde_json::from_str::<serde_json::Value>(body).ok().and_then(|json| {
        let places = ["/error/message", "/error", "/message", "/detail"];
        places.iter().find_map(|place| json.pointer(place)?.as_str().map(str::to_owned))
    });
    let message = told.unwrap_or_else(|| body.trim().to_owned());
    match message.char_indices().nth(MAX_MESSAGE) {
        None if message.is_empty() => "nothing".to_owned(),
        None => message,
        Some((end, _)) => format!("{}…", &message[..end]),
    }
}

/// Characters of a foreign message that are shown.
const MAX_MESSAGE: usize = 300;

/// A number at `place` of an answer that is a time or a count.
pub(super) fn number(json: &serde_json::Value, place: &str) -> Result<f64, String> {
    let found = json.pointer(place).ok_or_else(|| format!("it has no `{place}`"))?;
    let number = found.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("its `{place}` is `{found}`, which is no number from 0 on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_an_error_is_found_in_the_form_of_each_server() {
        let recorded = include_str!("../../tests/fixtures/llama-server/completion_too_long.json");
        insta::assert_snapshot!(
            [
                error_message(recorded),
                error_message(r#"{"object":"error","message":"vLLM says so"}"#),
                error_message(r#"{"detail":"Not Found"}"#),
                error_message(r#"{"error":"model 'x' not found"}"#),
                error_message("<html>502 Bad Gateway</html>\n"),
                error_message(""),
            ]
            .join("\n"),
            @"
        request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it
        vLLM says so
        Not Found
        model 'x' not found
        <html>502 Bad Gateway</html>
        nothing
        "
        );
        assert_eq!(error_message(&"é".repeat(1000)).chars().count(), MAX_MESSAGE + 1);
    }
}
