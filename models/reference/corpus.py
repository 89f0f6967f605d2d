"""Text of the Rust documentation that comes with the toolchain (`rustup component add rust-docs`).

In: the directory of the documentation. Out: pages of plain text, each line at most once in the whole corpus.
"""

import hashlib
from html.parser import HTMLParser
from pathlib import Path

# All MIT OR Apache-2.0 (COPYRIGHT.html of the toolchain). The Embedded Book is left out: its prose is CC-BY-SA.
BOOKS = [
    "book", "reference", "nomicon", "rust-by-example", "cargo", "rustc", "edition-guide", "style-guide",
    "unstable-book", "rustdoc", "error_codes", "clippy",
]
# Old editions repeat the book; the others are pages made of all the other pages, or of links.
LEFT_OUT = {"print.html", "toc.html", "404.html", "index.html"}
OLD_EDITIONS = {"2018-edition", "first-edition", "second-edition"}
TRANSLATIONS = {"es", "ja", "ko", "zh"}
LIBRARY = "std"

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCKS = {"p", "pre", "li", "h1", "h2", "h3", "h4", "h5", "tr", "div", "br", "blockquote", "dt", "dd"}
SKIPPED = {"script", "style", "button", "nav", "svg", "summary"}
# Lines of examples that the reader doesn't see, and the links beside headings and examples.
HIDDEN = {"boring", "test-arrow", "doc-anchor", "tooltip", "buttons"}
MIN_PAGE = 600
# Shorter lines (a brace, a heading as "Examples") may stand in many pages.
MIN_LINE = 40


class Text(HTMLParser):
    """Collects the text within the elements that `wanted` accepts."""

    def __init__(self, wanted):
        super().__init__(convert_charrefs=True)
        self.wanted = wanted
        self.inside = self.skipped = self.pre = 0
        self.open = []
        self.parts = []

    def handle_starttag(self, tag, attributes):
        classes = set((dict(attributes).get("class") or "").split())
        wanted = self.wanted(tag, classes)
        if wanted or self.inside and tag in BLOCKS:
            self.parts.append("\n")
        if tag in VOID:
            return
        change = (
            wanted,
            tag in SKIPPED or bool(classes & HIDDEN),
            tag == "pre",
        )
        self.open.append((tag, change))
        self.count(change, 1)

    def handle_endtag(self, tag):
        if not any(name == tag for name, _ in self.open):
            return
        while True:
            name, change = self.open.pop()
            self.count(change, -1)
            if name == tag:
                break
        if self.inside and tag in BLOCKS:
            self.parts.append("\n")

    def count(self, change, step):
        self.inside += step * change[0]
        self.skipped += step * change[1]
        self.pre += step * change[2]

    def handle_data(self, data):
        if not self.inside or self.skipped:
            return
        self.parts.append(data if self.pre else " ".join(data.replace("\n", " ").split(" ")))

    def text(self):
        lines = [line.rstrip() for line in "".join(self.parts).split("\n")]
        # A paragraph's own line breaks have become spaces; the indentation of code stays.
        # The library repeats the first sentence of a method wherever a trait is implemented.
        kept = [line for line in lines if line.strip() and not line.endswith("Read more")]
        return "\n".join(kept)


def page(path, wanted):
    parser = Text(wanted)
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.text()


def pages(documentation):
    """`(name, text)` of every page, in the order of their names."""
    html = Path(documentation)
    found = []
    for book in BOOKS:
        for path in sorted((html / book).rglob("*.html")):
            parts = set(path.relative_to(html).parts)
            if path.name not in LEFT_OUT and not (OLD_EDITIONS | TRANSLATIONS) & parts:
                found.append((str(path.relative_to(html)), page(path, lambda tag, _: tag == "main")))
    for path in sorted((html / LIBRARY).rglob("*.html")):
        if "arch" not in path.parts and "simd" not in path.parts:
            found.append((str(path.relative_to(html)), page(path, lambda _, classes: "docblock" in classes)))
    return found


def without_repeats(found, seen):
    """The pages without the long lines that were seen before; pages that are too short then are left out."""
    kept = []
    for name, text in found:
        lines = []
        for line in text.split("\n"):
            key = line.strip()
            if len(key) >= MIN_LINE:
                if key in seen:
                    continue
                seen.add(key)
            lines.append(line)
        text = "\n".join(lines)
        if len(text) >= MIN_PAGE:
            kept.append((name, text))
    return kept


def order(name):
    return hashlib.sha256(name.encode()).digest()


def split(documentation, size):
    """`(train, calibration, heldout)`, each a list of pages; the last two are about `size` bytes each.

    They are taken from the books, in the order of a hash of the page's name, and what they say is in no page of the others.
    """
    found = pages(documentation)
    candidates = sorted((item for item in found if not item[0].startswith((LIBRARY, "error_codes"))), key=lambda item: order(item[0]))
    seen = set()
    chosen = {}
    rest = iter(without_repeats(candidates, seen))
    parts = []
    for _ in range(2):
        part, length = [], 0
        while length < size:
            name, text = next(rest)
            # No page dominates a part.
            text = text[: size // 6].rsplit("\n", 1)[0]
            part.append((name, text))
            chosen[name] = True
            length += len(text.encode())
        parts.append(part)
    heldout, calibration = parts
    seen = {line.strip() for part in parts for _, text in part for line in text.split("\n") if len(line.strip()) >= MIN_LINE}
    train = without_repeats([item for item in found if item[0] not in chosen], seen)
    return train, calibration, heldout
