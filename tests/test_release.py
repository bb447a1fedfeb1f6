"""A release has one number."""

import re

from tests.importing import ROOT
from tests.test_dependencies import PYPROJECT


def test_the_changelog_begins_with_the_version() -> None:
    text = (ROOT.parent / "CHANGELOG.md").read_text()
    assert re.findall(r"^## \[(\d.*?)\]", text, re.MULTILINE)[0] == PYPROJECT["project"]["version"]
