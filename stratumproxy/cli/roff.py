"""Text for man: roff with the macros of man(7), out of the little Markdown that is written here.

Help and reference use paragraphs, `code`, links, headings and fenced examples, and nothing else.
"""

import re
import textwrap
from collections.abc import Iterable

WIDTH = 78
"""Columns of a source line, where its words allow."""

_FENCE = re.compile(r"^```\w*\n(.*?)\n```$", re.MULTILINE | re.DOTALL)

# What roff would take for its own, or show as a sign that no shell and no TOML parser takes.
_SIGNS = str.maketrans(
    {
        "\\": "\\e",
        "-": "\\-",
        "'": "\\(aq",
        "`": "\\(ga",
        "^": "\\(ha",
        "~": "\\(ti",
        '"': "\\(dq",
    }
)

_HEADINGS = (".TH", ".SH", ".SS")
_HEADS = (*_HEADINGS, ".TP")


def plain(text: str) -> str:
    """The text as it is, whatever roff would see in it; in ASCII."""
    return re.sub(
        r"[^\n -~]", lambda sign: f"\\[u{ord(sign[0]):04X}]", text.translate(_SIGNS)
    ).replace("\n.", "\n\\&.")


def bold(text: str) -> str:
    """What is typed as it stands: its words are not divided, so that they can be copied."""
    undivided = re.sub(r"(?<!\S)(?=\S)", r"\\%", plain(text))
    return f"\\fB{undivided}\\fR"


def italic(text: str) -> str:
    """What stands for something else."""
    return f"\\fI{plain(text)}\\fR"


def usage(text: str) -> str:
    """Options and arguments: what is in upper case stands for something, other words are typed."""

    def marked(part: str) -> str:
        return italic(part) if part.isupper() else bold(part)

    return "".join(
        # A line may end behind each of several choices.
        marked(part) if word else plain(part).replace("|", "|\\:")
        for part, word in _alternately(re.split(r"(-*\w[\w.-]*)", text))
    )


def prose(text: str) -> str:
    """A paragraph: `code` in bold, of links the words, in lines."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    marked = "".join(
        bold(part) if code else plain(part) for part, code in _alternately(text.split("`"))
    )
    lines = textwrap.wrap(marked, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in lines)


def example(lines: str) -> str:
    """Lines that stay as they are."""
    return f".EX\n\\&{plain(lines)}\n.EE"


def title(name: str, section: int, date: str, source: str) -> str:
    """What a page begins with; lines are not stretched to one width.

    Args:
        name: the page's.
        section: of the manual: 1 has commands, 5 files.
        date: of the page, as 2026-11-29.
        source: the program and its release.
    """
    return f'.TH "{plain(name.upper())}" {section} {date} "{plain(source)}"\n.ad l'


def heading(text: str) -> str:
    """A section of a page."""
    return f'.SH "{plain(text)}"'


def entry(term: str, text: str) -> str:
    """An entry of a list.

    Args:
        term: what it is about, as roff.
        text: what is said of it, as Markdown; one paragraph.
    """
    return f".TP\n{term}\n{prose(text)}"


def from_markdown(text: str) -> list[str]:
    """Blocks of a page: headings of the second and third level, paragraphs, fenced examples."""
    blocks = []
    for part, fenced in _alternately(_FENCE.split(text)):
        if fenced:
            blocks.append(example(part))
            continue
        for block in re.split(r"\n\s*\n", part.strip()):
            mark, _, rest = block.partition(" ")
            if mark == "##":
                blocks.append(heading(rest))
            elif mark == "###":
                blocks.append(f'.SS "{plain(rest)}"')
            elif block and mark not in ("#", "<!--"):
                blocks.append(prose(block))
    return blocks


def page(blocks: Iterable[str]) -> str:
    """The whole of it: blocks one below the other, paragraphs and examples a line apart."""
    lines = []
    before = ""
    for block in blocks:
        if not block.startswith(_HEADS) and not before.startswith(_HEADINGS):
            lines.append(".PP")
        lines.append(before := block)
    return "\n".join(lines) + "\n"


def _alternately(parts: list[str]) -> list[tuple[str, bool]]:
    """What was split at marks, each with whether it stood between two of them."""
    return [(part, bool(number % 2)) for number, part in enumerate(parts)]
