"""All groups there are, by target."""

from collections.abc import Iterator, Sequence
from typing import overload

from stratumproxy.routing.group import Group
from stratumproxy.routing.target import Target
from stratumproxy.upstream.names import Who


class Groups(Sequence[Group]):
    """Groups in the order in which they were opened."""

    def __init__(self) -> None:
        self._all: list[Group] = []
        self._by_target: dict[Target, list[Group]] = {}
        self._by_who: dict[tuple[Target, Who | None], list[Group]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._all)

    @overload
    def __getitem__(self, at: int) -> Group: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Group]: ...
    def __getitem__(self, at: int | slice) -> Group | Sequence[Group]:
        return self._all[at]

    def of(self, target: Target) -> Sequence[Group]:
        """A target's."""
        return self._by_target.get(target, ())

    def for_who(self, target: Target, who: Who | None) -> Sequence[Group]:
        """A target's whose sessions have somebody's name, or for None the account's."""
        return self._by_who.get((target, who), ())

    @property
    def named(self) -> list[Group]:
        """Those whose sessions have somebody's name."""
        return [group for (_, who), groups in self._by_who.items() if who for group in groups]

    def add(self, group: Group) -> None:
        """One was opened."""
        self._all.append(group)
        self._by_target.setdefault(group.target, []).append(group)
        self._by_who.setdefault((group.target, group.who), []).append(group)

    def remove(self, group: Group) -> None:
        """One is closed."""
        self._all.remove(group)
        of_target = self._by_target[group.target]
        of_target.remove(group)
        if not of_target:
            del self._by_target[group.target]
        of_who = self._by_who[group.target, group.who]
        of_who.remove(group)
        if not of_who:
            del self._by_who[group.target, group.who]
