"""Every link of the pages leads somewhere: to a file that is there, and to a heading in it."""

import re
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, read


def broken(page: str) -> list[str]:
    """What is wrong with a page's links to this repository."""
    found = []
    for link in links(read(page)):
        url = urlsplit(link.target)
        if url.scheme or url.netloc:
            continue
        target = (ROOT / page).parent / unquote(url.path) if url.path else ROOT / page
        where = f"{page}:{link.line}: {link.target}"
        if not target.resolve().is_relative_to(ROOT):
            found.append(f"{where}: outside of the repository")
        elif not target.exists():
            found.append(f"{where}: no such file")
        elif url.fragment and target.suffix != ".md":
            found.append(f"{where}: only pages have headings")
        elif url.fragment and unquote(url.fragment) not in anchors(target.read_text("utf-8")):
            found.append(f"{where}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_lead_to_what_is_there(page: str) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES)
def test_what_is_elsewhere_is_asked_for_in_private(page: str) -> None:
    """By HTTPS, unless it is this machine."""
    urls = [urlsplit(link.target) for link in links(read(page))]
    assert [url for url in urls if url.scheme == "http" and url.hostname != "127.0.0.1"] == []


def test_every_page_is_reachable_from_the_first() -> None:
    seen: set[str] = set()
    waiting = ["README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for link in links(read(page)):
            path = ((ROOT / page).parent / urlsplit(link.target).path).resolve()
            name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
            if name in PAGES and name not in seen:
                waiting.append(name)
    assert set(PAGES) - seen == set()


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page: str) -> None:
    named = re.findall(r"`((?:\.ci|bench|configs|docs|tests)/[\w./-]*\w)`", read(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_anchors_are_githubs() -> None:
    text = "# A `b`_c: D!\n## a\n## A\n"
    assert anchors(text) == {"a-b_c-d", "a", "a-1"}
