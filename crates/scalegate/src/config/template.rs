//! Words of a command with placeholders, as `{work}/in.json`; pure.

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The size: a position on the axis.
    Size,
    /// A directory of the case's own, empty before `setup`.
    Work,
    /// Pixels from left to right.
    Width,
    /// Pixels from top to bottom.
    Height,
    /// A JPEG of that width and height.
    Image,
    /// A text of as many words as the size says.
    Prompt,
    /// A file with that text.
    PromptFile,
    /// As many ids of a tokenizer as the size says, with commas between them.
    Tokens,
    /// A file with these.
    TokensFile,
}

impl Placeholder {
    /// Every placeholder.
    pub const ALL: [Self; 9] = [
        Self::Size,
        Self::Work,
        Self::Width,
        Self::Height,
        Self::Image,
        Self::Prompt,
        Self::PromptFile,
        Self::Tokens,
        Self::TokensFile,
    ];

    /// As it stands between braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Work => "work",
            Self::Width => "width",
            Self::Height => "height",
            Self::Image => "image",
            Self::Prompt => "prompt",
            Self::PromptFile => "prompt_file",
            Self::Tokens => "tokens",
            Self::TokensFile => "tokens_file",
        }
    }

    /// Whether it has a meaning only where sizes are resolutions.
    pub fn needs_resolution(self) -> bool {
        matches!(self, Self::Width | Self::Height | Self::Image)
    }

    /// Whether it has a meaning only where sizes are numbers of tokens.
    pub fn needs_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::TokensFile)
    }
}

/// A word with placeholders.
///
/// A name between braces is a placeholder; other braces stand for themselves, so that JSON needs no escaping. Doubled braces around a
/// name, as `{{print}}`, are that name between braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Placeholder),
}

impl Template {
    /// Reads a word.
    ///
    /// # Errors
    /// The name between braces that is no placeholder.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            plain.push_str(before);
            if let Some(name) = from.strip_prefix('{').and_then(name_until("}}", "{")) {
                plain.push_str(&format!("{{{name}}}"));
                rest = &from[name.len() + 4..];
            } else if let Some(name) = name_until("}", "")(&from[1..]) {
                let known = Placeholder::ALL.into_iter().find(|place| place.name() == name);
                let place = known.ok_or_else(|| {
                    let known = Placeholder::ALL.map(|place| format!("{{{}}}", place.name())).join(", ");
                    format!(
                        "there is no placeholder `{{{name}}}`, but {known}; `{{{{{name}}}}}` is that word in braces"
                    )
                })?;
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Place(place));
                rest = &from[name.len() + 2..];
            } else {
                plain.push('{');
                rest = &from[1..];
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(Self { text: text.to_owned(), pieces })
    }

    /// The word as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The placeholders in it.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Place(place) => Some(*place),
            Piece::Text(_) => None,
        })
    }

    /// The word with `value` of each placeholder in its place.
    pub fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let filled = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Place(place) => value(*place),
        });
        filled.collect()
    }
}

/// A name of lower-case letters and underscores that stands between `open` and `close`.
fn name_until(close: &'static str, open: &'static str) -> impl Fn(&str) -> Option<&str> {
    move |text| {
        let (name, _) = text.strip_prefix(open)?.split_once(close)?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        is_name.then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Template::parse(text).unwrap().fill(|place| format!("<{}>", place.name()))
    }

    #[test]
    fn names_between_braces_are_placeholders_and_other_braces_stand_for_themselves() {
        let words = [
            "{size}",
            "{work}/in.json",
            "-n={size},{prompt_file}",
            r#"{"n":{size},"a":{}}"#,
            "{print $1}",
            "{{print}}",
            "{{size}} {size}",
            "{ size }",
            "}{",
            "",
        ];
        let all: Vec<String> = words.iter().map(|word| format!("{word:?} → {:?}", filled(word))).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        "{size}" → "<size>"
        "{work}/in.json" → "<work>/in.json"
        "-n={size},{prompt_file}" → "-n=<size>,<prompt_file>"
        "{\"n\":{size},\"a\":{}}" → "{\"n\":<size>,\"a\":{}}"
        "{print $1}" → "{print $1}"
        "{{print}}" → "{print}"
        "{{size}} {size}" → "{size} <size>"
        "{ size }" → "{ size }"
        "}{" → "}{"
        "" → ""
        "#);
    }

    #[test]
    fn a_name_that_is_no_placeholder_is_refused() {
        insta::assert_snapshot!(Template::parse("-n={sise}").unwrap_err(), @"there is no placeholder `{sise}`, but {size}, {work}, {width}, {height}, {image}, {prompt}, {prompt_file}, {tokens}, {tokens_file}; `{{sise}}` is that word in braces");
        assert!(Template::parse("{{}}{token}").unwrap_err().contains("`{token}`"));
    }
}
