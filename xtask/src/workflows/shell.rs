//! The programs that a script of bash starts.
//!
//! As far as it is written plainly: commands of lists, pipes, blocks and substitutions, and what `find` executes. A command that is named
//! by a variable comes out as that variable.

use std::iter::Peekable;
use std::str::Chars;

/// Words of bash after which a command stands.
const KEYWORDS: [&str; 11] = ["!", "do", "done", "elif", "else", "fi", "if", "then", "while", "{", "}"];

/// The programs of a script, in the order of their names' ends.
pub(super) fn programs(script: &str) -> Vec<String> {
    let mut scanner = Scanner { characters: script.chars().peekable(), programs: Vec::new() };
    while scanner.characters.peek().is_some() {
        scanner.list(true);
    }
    scanner.programs
}

struct Scanner<'a> {
    characters: Peekable<Chars<'a>>,
    programs: Vec<String>,
}

/// A word on its way.
#[derive(Default)]
struct Word {
    text: String,
    /// Whether a command's name is expected at its place.
    is_command: bool,
    is_executed: bool,
    is_quoted: bool,
}

impl Scanner<'_> {
    /// Reads to the closing parenthesis or to the end; of commands, or of the words of an array.
    fn list(&mut self, is_commands: bool) {
        let mut word = Word { is_command: is_commands, ..Word::default() };
        while let Some(character) = self.characters.next() {
            match character {
                '"' => word.is_quoted = !word.is_quoted,
                '\\' => match self.characters.next() {
                    Some('\n') | None => {}
                    Some(escaped) => word.text.push(escaped),
                },
                '$' => self.expansion(&mut word),
                character if word.is_quoted => word.text.push(character),
                '\'' => {
                    self.skip_behind("'");
                    word.text.push('\'');
                }
                '#' if word.text.is_empty() => {
                    self.skip_behind("\n");
                    word.is_command = is_commands;
                }
                '(' => self.list(!word.text.ends_with('=')),
                ')' => {
                    self.end(&mut word);
                    return;
                }
                '&' if word.text.ends_with('>') => word.text.push(character),
                '\n' | ';' | '|' | '&' => {
                    self.end(&mut word);
                    word.is_command = is_commands;
                }
                space if space.is_whitespace() => self.end(&mut word),
                other => word.text.push(other),
            }
        }
        self.end(&mut word);
    }

    /// What a dollar begins.
    fn expansion(&mut self, word: &mut Word) {
        word.text.push('$');
        match self.characters.peek() {
            Some('{') => self.skip_behind("}"),
            Some('(') => {
                self.characters.next();
                if self.characters.peek() == Some(&'(') {
                    self.skip_behind("))");
                } else {
                    self.list(true);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, word: &mut Word) {
        let text = std::mem::take(&mut word.text);
        if text.is_empty() {
            return;
        }
        if word.is_command && !KEYWORDS.contains(&text.as_str()) && !is_assignment(&text) {
            word.is_command = false;
            self.programs.push(text);
        } else if word.is_executed {
            word.is_executed = false;
            self.programs.push(text);
        } else {
            word.is_executed = text.starts_with("-exec");
        }
    }

    fn skip_behind(&mut self, end: &str) {
        let mut seen = String::new();
        while !seen.ends_with(end) {
            match self.characters.next() {
                Some(character) => seen.push(character),
                None => return,
            }
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end_matches('+');
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_lists_pipes_blocks_and_substitutions_are_seen() {
        for (script, expected) in [
            ("# as cargo does\necho 'a; b' # c\n", "echo"),
            ("if [ -z \"$a\" ] && ! grep -q x <<<\"$b\"; then exit 2; fi", "[ grep exit"),
            ("A=1 B=$(gh api x \\\n  --jq '.a | .b') env >&2 2>&1", "gh env"),
            ("to=(--method POST \"$api\")\nlimit=$((${A:-20} * 60))\nx", "x"),
            (
                "cd \"$(dirname \"$0\")/..\" && { unzip -p a || true; } | head -c 5 >target/b",
                "cd dirname unzip true head",
            ),
            ("(cd a && find . \\( -path './*.x' \\) -exec cp {} .. \\;)", "cd find cp"),
            ("\"$program\" a; ${other}; $(third)", "$program $ third $"),
            ("echo \"a; b | $(c) (d)\"", "echo c"),
        ] {
            assert_eq!(programs(script).join(" "), expected, "{script}");
        }
    }
}
