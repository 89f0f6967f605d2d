//! Links of the documents that lead within this repository.

use std::path::{Component, Path, PathBuf};

use clap::Args;
use scalegate::{Error, Result};

use crate::process::{self, command};
use crate::sources::Sources;

/// Check that every link of a document leads to a file and a heading that are there
///
/// Addresses on the web are not asked for.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    let sources = Sources::here()?;
    let root = sources.root();
    let list = process::text(
        command("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"]).current_dir(root),
    )?;
    // The change log has the names that pages had.
    let pages: Vec<&str> = list.lines().filter(|page| *page != "CHANGELOG.md" && root.join(page).is_file()).collect();
    let mut broken = Vec::new();
    for page in &pages {
        let text = process::read(&root.join(page))?;
        broken.extend(links(&text).filter_map(|(line, link)| {
            let cause = fault(root, page, link)?;
            Some(format!("{page}:{line}: {link}: {cause}"))
        }));
    }
    if broken.is_empty() {
        println!("{} documents: every link leads somewhere", pages.len());
        return Ok(());
    }
    Err(Error::new("the documents", broken.join("\n"), "name a file and a heading that are there"))
}

/// The links within the repository, with their lines; not what is code.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    let prose = text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    });
    let ends = |line| str::split(line, "](").skip(1);
    let all = prose
        .flat_map(move |(index, line)| ends(line).filter_map(move |rest| Some((index + 1, rest.split_once(')')?.0))));
    all.filter(|(_, link)| !link.contains(':'))
}

/// Why a link of a page leads nowhere.
fn fault(root: &Path, page: &str, link: &str) -> Option<&'static str> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let place = if file.is_empty() {
        PathBuf::from(page)
    } else {
        normal(&Path::new(page).parent().unwrap_or(Path::new("")).join(file))
    };
    let place = root.join(place);
    if !place.exists() {
        return Some("there is no such file");
    }
    let is_page = place.extension().is_some_and(|extension| extension == "md");
    if anchor.is_empty() || !is_page {
        return None;
    }
    let text = std::fs::read_to_string(&place).unwrap_or_default();
    (!anchors(&text).iter().any(|known| known == anchor)).then_some("there is no such heading")
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// What GitHub calls the headings of a page: lower case, words joined by hyphens, a number at what is there twice.
fn anchors(text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut names: Vec<String> = Vec::new();
    let mut anchors = Vec::new();
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !in_code) else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || "_- ".contains(*c);
        let name: String = heading.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = names.iter().filter(|its| **its == name).count();
        anchors.push(if before == 0 { name.clone() } else { format!("{name}-{before}") });
        names.push(name);
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_names_that_github_gives_them() {
        let page = "# `scalegate ab`: pairs\n```sh\n# a comment\n```\n## What can't run\n## What can't run\n";
        assert_eq!(anchors(page), ["scalegate-ab-pairs", "what-cant-run", "what-cant-run-1"]);
    }

    #[test]
    fn links_of_prose_are_found_and_those_to_the_web_are_not() {
        let page = "a [b](c.md#d) and [e](https://f)\n```\n[g](h)\n```\n[i](#j)\n";
        assert_eq!(links(page).collect::<Vec<_>>(), [(1, "c.md#d"), (5, "#j")]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told() {
        let place = process::temporary_directory().unwrap();
        process::write(&place.path().join("a.md"), "# One\n").unwrap();
        let fault = |link| fault(place.path(), "a.md", link);
        assert_eq!((fault("a.md#one"), fault("#one")), (None, None));
        assert_eq!(fault("b.md"), Some("there is no such file"));
        assert_eq!(fault("#two"), Some("there is no such heading"));
    }
}
