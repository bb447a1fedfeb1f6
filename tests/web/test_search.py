"""What a search finds."""

from stratumproxy.web.search import has, words_of


def test_every_word_once_in_any_case() -> None:
    assert words_of("  Hall-3 S19 hall-3 ") == {"hall-3", "s19"}
    assert words_of("") == frozenset()


def test_every_word_is_in_one_of_the_texts() -> None:
    assert has(words_of("HALL s19"), "farm.hall-3", "Antminer S19")
    assert not has(words_of("hall s21"), "farm.hall-3", "Antminer S19")
    assert not has(words_of("hallant"), "hall", "ant")
