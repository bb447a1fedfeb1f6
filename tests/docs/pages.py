"""The pages that people read, taken apart: their headings, links and fenced blocks."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "bench/*.md", "tests/vectors/*.md")
    for path in ROOT.glob(pattern)
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Link:
    line: int
    target: str


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its opening fence in the page, from 1.
        language: what stands behind the fence; empty if nothing does.
        marks: the HTML comments directly before it, without their brackets.
        text: what is in it, as a reader would copy it.
    """

    page: str
    line: int
    language: str
    marks: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def links(text: str) -> Iterator[Link]:
    """Every link and picture, with the line that its paragraph begins on."""
    for token in MARKDOWN.parse(text):
        for child in token.children or []:
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield Link(token.map[0] + 1 if token.map else 0, str(target))


def anchors(text: str) -> set[str]:
    """What can stand behind a `#`, as GitHub and MyST make it of headings."""
    seen: Counter[str] = Counter()
    found = set()
    tokens = MARKDOWN.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            slug = _slug(inline)
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def _slug(heading: Token) -> str:
    shown = "".join(child.content for child in heading.children or [])
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def blocks(page: str) -> Iterator[Block]:
    marks: list[str] = []
    for token in MARKDOWN.parse(read(page)):
        if token.type == "html_block":
            marks += re.findall(r"<!-- *(.*?) *-->", token.content, re.DOTALL)
        elif token.type == "fence":
            assert token.map is not None
            yield Block(page, token.map[0] + 1, token.info.strip(), tuple(marks), token.content)
            marks = []
        elif token.level == 0 or token.type == "inline":
            marks = []


def main() -> None:
    """Print every link to elsewhere, and where it stands."""
    for page in PAGES:
        for link in links(read(page)):
            if "://" in link.target:
                print(f"{page}:{link.line}: {link.target}")


if __name__ == "__main__":
    main()
