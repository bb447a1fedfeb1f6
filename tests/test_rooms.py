"""Every file of the package has its line in docs/architecture.md."""

from tests.rooms import HEADING, PAGE, section


def test_the_page_names_each_file_as_it_is() -> None:
    _, heading, told = PAGE.read_text().partition(HEADING)
    assert heading + told == section(), "make docs"
