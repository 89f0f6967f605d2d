//! Pieces that pages and pictures share.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::metric::Metric;
use crate::record::Difference;
use crate::report::matches::shorten;

const STYLE: &str = include_str!("page.css");
pub(super) const SCRIPT: &str = include_str!("sort.js");
/// SHA-256 of the script in base64, as the security policy of the page names it.
pub(super) const SCRIPT_HASH: &str = "deRQYoj5RICYavP07wJPiWbAXVEbATsaylGHNIJaAL4=";

/// A break in the source of the page. Figures and the style begin and end on lines of their own, so that a line-based tool can
/// take them out of the page.
pub(super) const BREAK: PreEscaped<&str> = PreEscaped("\n");

/// What the pages say they were made by.
const GENERATOR: &str = "scalegate";

/// Whether a text is one of the pages that are made here.
pub(crate) fn is_page(text: &str) -> bool {
    text.starts_with("<!DOCTYPE html>") && text.contains(&format!("<meta name=\"generator\" content=\"{GENERATOR}\">"))
}

/// A page with that title.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'"
    );
    let page = html! {
        (DOCTYPE) (BREAK)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content=(GENERATOR);
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                (BREAK) style { (BREAK) (PreEscaped(STYLE)) } (BREAK)
            }
            body { (body) }
        }
        (BREAK)
    };
    page.into_string()
}

/// A sentence: what stands between backticks is code, and no percent sign is left alone at the start of a line.
pub(super) fn prose(sentence: &str) -> Markup {
    let sentence = sentence.replace(" %", "\u{a0}%");
    let parts: Vec<&str> = sentence.split('`').collect();
    // An odd backtick has no partner, and is one.
    if parts.len().is_multiple_of(2) {
        return html! { (sentence) };
    }
    html! {
        @for (index, part) in parts.into_iter().enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// An outcome or a verdict with its colour; the word alone says it all.
pub(super) fn outcome(word: &str) -> Markup {
    html! { span class={ "outcome " (word) } { (word) } }
}

/// What differs of what is under test.
pub(super) fn changes_list(changes: &[Difference]) -> Markup {
    html! { ul { @for change in changes { li { (shorten(change)) } } } }
}

/// Names something within the page, and in links to it.
pub(super) fn anchor(name: &str) -> String {
    name.replace(|c: char| c.is_whitespace() || c == '%', "_")
}

/// Names a picture of a `kind`.
pub(super) fn figure_id(kind: &str, workload: &str, metric: Metric, host: Option<&str>) -> String {
    let host = host.map(|host| format!("@{host}")).unwrap_or_default();
    anchor(&format!("{kind}:{workload}:{metric}{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let text = prose("<script>alert(\"b\" & c)</script>").into_string();
        assert_eq!(text, "&lt;script&gt;alert(&quot;b&quot; &amp; c)&lt;/script&gt;");
    }

    #[test]
    fn backticks_in_pairs_are_code_and_still_no_markup() {
        assert_eq!(prose("run `a <b>` at 5 %").into_string(), "run <code>a &lt;b&gt;</code> at 5\u{a0}%");
        assert_eq!(prose("one ` alone").into_string(), "one ` alone");
    }

    #[test]
    fn a_page_is_told_from_html_of_others() {
        assert!(is_page(&document("scalegate: pass", &html! { h1 { "pass" } })));
        assert!(!is_page("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head></html>"));
        assert!(!is_page("a page has <meta name=\"generator\" content=\"scalegate\"> in it"));
    }
}
