"""Farms that several processes split: what they reach together, with corrections and without."""

import pytest

from tests.control.split_farm import MINUTE, Farm

BAND = 17.28


@pytest.mark.parametrize("processes", [2, 4])
def test_together_they_hold_the_band_with_fewer_moves_than_each_by_itself(processes: int) -> None:
    together = Farm(processes, 40, [70.0, 30.0], 1, corrected=True).runs(8)
    alone = Farm(processes, 40, [70.0, 30.0], 1, corrected=False).runs(8)
    assert max(together.debt, alone.debt) < 2 * BAND
    assert together.off < alone.off


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_what_is_owed_is_paid_back_once_and_not_to_and_fro(processes: int) -> None:
    """Five minutes of the farm that one process owes: all pay them."""
    farm = Farm(processes, 40, [70.0, 30.0], 2, corrected=True).runs(0.5)
    work = 300 * sum(farm.rates) / 0.3
    farm.bands[0].account.credit("0", work)
    farm.work["0"] += work
    owed = []
    for _ in range(90):
        farm.runs(MINUTE / 3600)
        done = sum(farm.work.values())
        owed.append((0.3 * done - farm.work["1"]) / sum(farm.rates))
    assert owed[0] > 250
    assert min(owed) > -2 * BAND
    assert all(abs(debt) < 2 * BAND for debt in owed[60:])
