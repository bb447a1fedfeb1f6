"""The pages as a site, by Sphinx: `make site`. They stay where they are, and as GitHub has them."""

import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]

project = "stratumproxy"
author = "the stratumproxy contributors"
release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
include_patterns = ["*.md", "docs/*.md", "bench/*.md", "tests/vectors/*.md"]
exclude_patterns = [".*", "build", "dist"]
root_doc = "README"
nitpicky = True
myst_heading_anchors = 6
html_theme = "furo"
html_title = f"stratumproxy {release}"
html_copy_source = False
html_show_copyright = False

CONTENTS = {
    "Run it": [
        "production",
        "container",
        "operations",
        "hosting",
        "split",
        "configuration",
        "dashboard",
        "api",
        "metrics",
    ],
    "What is kept": ["ledger", "kafka"],
    "For tests": ["testing", "conformance", "compatibility", "bench"],
    "How it is built": ["architecture", "wire", "roadmap"],
}
"""Pages of docs/ by what a reader is after; what is not named here comes last."""
REST = [
    "bench/README",
    "bench/RESULTS",
    "bench/PEERS",
    "tests/vectors/README",
    "CONTRIBUTING",
    "SECURITY",
    "CHANGELOG",
]


def contents() -> str:
    """The tables of contents, in MyST."""
    named = {page for pages in CONTENTS.values() for page in pages}
    others = sorted(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem not in named)
    groups = {
        caption: [f"docs/{page}" for page in pages if (ROOT / f"docs/{page}.md").exists()]
        for caption, pages in CONTENTS.items()
    }
    groups["And"] = [f"docs/{page}" for page in others] + REST
    return "".join(
        "\n```{toctree}\n:hidden:\n:caption: " + f"{caption}\n\n" + "\n".join(pages) + "\n```\n"
        for caption, pages in groups.items()
    )


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Into the first page alone, which on GitHub does without."""
    if name == root_doc:
        source[0] += contents()


def add_entrance(app: Sphinx, exception: Exception | None) -> None:
    """index.html, which whoever asks for the folder gets."""
    if exception is None:
        page = f'<!doctype html><meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
        Path(app.outdir, "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_entrance)
    return {"parallel_read_safe": True}
