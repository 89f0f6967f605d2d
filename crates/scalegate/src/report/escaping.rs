//! Text from records in Markdown, where it is text and never markup.

/// Text as a code span, in which nothing is markup: no mention, no link, no tag.
pub(super) fn code(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 || line.trim().is_empty() { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// A sentence: what stands between backticks is code, the rest is text in which nothing is markup.
pub(super) fn prose(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(sentence);
    }
    parts.iter().enumerate().map(|(i, part)| if i % 2 == 1 { code(part) } else { escaped(part) }).collect()
}

/// Text without markup. Mentions, references and bare links, which no backslash stops, are broken by a space of no width.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            c if c.is_control() => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '~' | '|' | '$' => escaped.extend(['\\', character]),
            '@' => escaped.push_str("@\u{200b}"),
            '#' => escaped.push_str("\\#\u{200b}"),
            other => escaped.push(other),
        }
    }
    escaped.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.")
}

/// What is already Markdown, in a table: a bar would end the cell even within code.
pub(super) fn cell(markdown: &str) -> String {
    // `prose` has put a backslash before the bars of its text.
    markdown.replace("\\|", "|").replace('|', "\\|")
}

/// A label within a chart's quotes.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || " /_.-·".contains(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code_whatever_they_hold() {
        assert_eq!(code("vlm/encode"), "`vlm/encode`");
        assert_eq!(code("a``b\n# c"), "``` a``b # c ```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
    }

    #[test]
    fn text_from_a_record_is_no_markup() {
        assert_eq!(
            prose("<img src=x> @me #1 [a](https://x) **b** | `c | d`"),
            "&lt;img src=x&gt; @\u{200b}me \\#\u{200b}1 \\[a\\](https:\u{200b}//x) \\*\\*b\\*\\* \\| `c | d`"
        );
        assert_eq!(cell(&prose("a | `b | c`")), "a \\| `b \\| c`");
        assert_eq!(prose("one ` alone"), "one \\` alone");
    }

    #[test]
    fn labels_of_charts_cannot_leave_their_quotes() {
        assert_eq!(plain("x\"]\n```\n<b>"), "x????????b?");
    }
}
