"""All groups there are, by target."""

from collections.abc import Iterator, Sequence
from typing import overload

from stratumproxy.routing.group import Group
from stratumproxy.routing.target import Target


class Groups(Sequence[Group]):
    """Groups in the order in which they were opened."""

    def __init__(self) -> None:
        self._all: list[Group] = []
        self._by_target: dict[Target, list[Group]] = {}

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

    def add(self, group: Group) -> None:
        """One was opened."""
        self._all.append(group)
        self._by_target.setdefault(group.target, []).append(group)

    def remove(self, group: Group) -> None:
        """One is closed."""
        self._all.remove(group)
        of_target = self._by_target[group.target]
        of_target.remove(group)
        if not of_target:
            del self._by_target[group.target]
