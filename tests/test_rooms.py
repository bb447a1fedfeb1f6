"""docs/architecture.md names every room and every file of the package."""

import re

from tests.importing import ROOT
from tests.rooms import HEADING, PAGE, section


def test_the_page_names_each_file_as_it_is() -> None:
    _, heading, told = PAGE.read_text().partition(HEADING)
    assert heading + told == section(), "make docs"


def test_the_page_says_what_each_room_is_for() -> None:
    table = PAGE.read_text().partition("\n## Who lives where\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    rooms = {room.partition("/")[0] for row in rows for room in re.findall(r"`(.*?)`", row)}
    assert rooms == {path.parent.name for path in ROOT.glob("*/__init__.py")}
