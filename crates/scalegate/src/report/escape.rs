//! Text from records as HTML and SVG show it.

/// `text` with every character that markup gives a meaning to replaced; fit for elements and for quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A sentence: what stands between backticks is code, and no percent sign is left alone at the start of a line.
pub(super) fn prose(sentence: &str) -> String {
    let escaped = escape(sentence).replace(" %", "&nbsp;%");
    let parts: Vec<&str> = escaped.split('`').collect();
    // An odd backtick has no partner, and is one.
    if parts.len().is_multiple_of(2) {
        return escaped;
    }
    let marked =
        |(i, part): (usize, &&str)| if i % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() };
    parts.iter().enumerate().map(marked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escape("<script>alert('a' & \"b\")</script>"), {
            "&lt;script&gt;alert(&#39;a&#39; &amp; &quot;b&quot;)&lt;/script&gt;"
        });
    }

    #[test]
    fn backticks_in_pairs_are_code_and_still_no_markup() {
        assert_eq!(prose("run `a <b>` at 5 %"), "run <code>a &lt;b&gt;</code> at 5&nbsp;%");
        assert_eq!(prose("one ` alone"), "one ` alone");
    }
}
