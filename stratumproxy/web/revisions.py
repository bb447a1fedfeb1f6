"""Revisions of the table of workers, as they are told to tenants: numbers that say nothing.

The table's own revision rises with each change of anybody's workers, so how fast it does is how
much goes on at the others'.
"""

from collections import OrderedDict
from secrets import randbelow

MOST = 1000
"""Numbers that are remembered of each tenant, the newest: two minutes of eight tables a second."""


class Revisions:
    """Which revision is meant by a number that was told to a tenant."""

    def __init__(self) -> None:
        self._told: dict[str, OrderedDict[int, int]] = {}

    def told(self, revision: int, tenant: str | None) -> int:
        """A revision as somebody is told it.

        Args:
            revision: the table's.
            tenant: whose token it is; None for those who see everything.
        """
        if tenant is None:
            return revision
        if (numbers := self._told.get(tenant)) is None:
            # So that no number of an earlier process is taken for one of this.
            numbers = self._told[tenant] = OrderedDict({randbelow(1 << 52): 0})
        number = next(reversed(numbers)) + 1
        numbers[number] = revision
        if len(numbers) > MOST:
            numbers.popitem(last=False)
        return number

    def meant(self, number: int, tenant: str | None) -> int:
        """The revision that was told so; 0, which stands for nothing, if it is not known any more.

        Args:
            number: what was told.
            tenant: to whom; None for those who see everything.
        """
        if tenant is None:
            return number
        numbers = self._told.get(tenant)
        return 0 if numbers is None else numbers.get(number, 0)
