"""Searching, as people type it: every word must be there, somewhere, in any case."""

from collections.abc import Collection


def words_of(search: str) -> frozenset[str]:
    """What is searched for, each word once."""
    return frozenset(search.casefold().split())


def has(words: Collection[str], *texts: str) -> bool:
    """Whether each word is in one of the texts."""
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)
