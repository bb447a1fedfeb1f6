"""Customers on pools of every style, through all that moves, cuts or kills: who has what.

After each of that the shares that miners found, pools counted and the ledger has are compared, one
by one and in sums. Only what a killed process had not told of may be missing.
"""

import pytest

from stratumproxy.testing import SecondName
from tests.chaos.memory import needs_children
from tests.end_to_end.credit import Noted
from tests.end_to_end.customers import WHO, through_all
from tests.end_to_end.hosting import Hosting

pytestmark = needs_children

PAIRS: list[tuple[SecondName, SecondName]] = [
    ("allowed", "kick"),
    ("ignored", "per-submit"),
    ("not-subscribed", "last"),
    ("always", "ignored"),
]


@pytest.mark.parametrize(("main", "other"), PAIRS)
async def test_who_has_what(site, tmp_path, main: SecondName, other: SecondName) -> None:
    pools = {
        "main": await Noted.serve(site, 1, second_name=main, clean_every=5),
        "other": await Noted.serve(site, 2, second_name=other, clean_every=5),
    }
    served = pools["other"].served
    async with Hosting(site, tmp_path, pools, WHO) as hosting:
        await through_all(hosting, served.cut, served.open)
