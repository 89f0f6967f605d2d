//! A page for a reader of snapshots: its words and its elements, a block on a line, without style, script and geometry.

/// Attributes that say what an element is; the others say where it lies.
const TELLING: [&str; 8] = ["id", "class", "href", "role", "scope", "data-sort", "aria-label", "http-equiv"];

/// Elements that stand within a line.
const INLINE: [&str; 9] = ["a", "b", "br", "code", "em", "span", "strong", "td", "th"];

/// The outline of an HTML page. Lines that repeat are counted.
pub(crate) fn outline(page: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        push_words(&mut lines, &rest[..start]);
        // A `>` within a value is escaped, as the tests of markup in names show.
        let Some(length) = rest[start..].find('>') else { break };
        let tag = &rest[start + 1..start + length];
        rest = &rest[start + length + 1..];
        let name = tag.split_whitespace().next().unwrap_or_default();
        if tag.starts_with('/') || tag.starts_with('!') {
            continue;
        }
        match lines.last_mut().filter(|_| INLINE.contains(&name)) {
            Some(line) => *line += &format!(" {}", described(name, tag)),
            None => lines.push(described(name, tag)),
        }
        if name == "style" || name == "script" {
            rest = rest.find("</").map_or("", |end| &rest[end..]);
        }
    }
    push_words(&mut lines, rest);
    counted(&lines)
}

/// The part of an outline below the heading `title`, up to the next heading of its level; empty if there is none.
pub(crate) fn section(page: &str, title: &str) -> String {
    let outline = outline(page);
    let Some((_, rest)) = outline.split_once(&format!("<h2> {title}\n")) else { return String::new() };
    let end = rest.find("\n<h2").map_or(rest.len(), |end| end + 1);
    rest[..end].to_owned()
}

fn push_words(lines: &mut Vec<String>, text: &str) {
    // The two characters that may as well stand for themselves.
    let text = text.replace("&#39;", "'").replace("&nbsp;", "\u{a0}");
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return;
    }
    match lines.last_mut() {
        Some(line) => *line += &format!(" {}", words.join(" ")),
        None => lines.push(words.join(" ")),
    }
}

/// A tag with the attributes that are worth a line.
fn described(name: &str, tag: &str) -> String {
    let mut text = format!("<{name}");
    let mut rest = &tag[name.len()..];
    while let Some((key, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else { break };
        if TELLING.contains(&key.trim()) && !value.trim().is_empty() {
            text.push_str(&format!(" {}=\"{}\"", key.trim(), value.trim()));
        }
        rest = after;
    }
    text + ">"
}

/// The lines; one that repeats, or two that do in turn, are there once with a number.
fn counted(lines: &[String]) -> String {
    let mut text = String::new();
    let mut rest = lines;
    while !rest.is_empty() {
        let times = |length: usize| {
            let first = rest.get(..length);
            rest.chunks(length).take_while(|chunk| Some(*chunk) == first).count()
        };
        let (length, count) = if times(1) == 1 && times(2) > 1 { (2, times(2)) } else { (1, times(1)) };
        let number = if count > 1 { format!(" × {count}") } else { String::new() };
        text.push_str(&format!("{}{number}\n", rest[..length].join(" ")));
        rest = &rest[length * count..];
    }
    text
}
