"""How targets of a split stand, in one process and in several."""

from dataclasses import replace

from stratumproxy.telemetry.splits import SplitSnapshot, merge_splits

ONE = SplitSnapshot(
    tenant="acme",
    target="main",
    part=0.7,
    wanted=700.0,
    delivered=680.0,
    debt=15.0,
    forgiven=5.0,
    rate=7.0,
    miners=3,
    ready=True,
    total_rate=10.0,
    usual_rate=20.0,
    least=60.0,
    age=100.0,
    configured=0.6,
    given_debt=3.0,
    given_delivered=2.0,
    given_forgiven=1.0,
)


def test_debts_in_seconds_go_by_the_farm_of_late_and_what_it_can_reach_by_what_mines_now() -> None:
    assert (ONE.seconds, ONE.reach_seconds) == (0.75, 6.0)
    dark = replace(ONE, total_rate=0.0, usual_rate=0.0)
    assert (dark.seconds, dark.reach_seconds) == (0, 0)


def test_of_several_processes_sums_are_told_and_the_rest_follows() -> None:
    other = replace(
        ONE, debt=-25.0, ready=False, miners=1, total_rate=30.0, least=80.0, part=0.5, age=2.0
    )
    elsewhere = replace(ONE, tenant="mole")
    merged, alone = merge_splits([ONE, elsewhere, other])
    assert alone == elsewhere
    assert merged == SplitSnapshot(
        tenant="acme",
        target="main",
        part=0.5,
        wanted=1400.0,
        delivered=1360.0,
        debt=-10.0,
        forgiven=10.0,
        rate=14.0,
        miners=4,
        ready=True,
        total_rate=40.0,
        usual_rate=40.0,
        least=80.0,
        age=100.0,
        configured=0.6,
        given_debt=6.0,
        given_delivered=4.0,
        given_forgiven=2.0,
    )
    assert (merged.seconds, merged.reach_seconds) == (-0.25, 2.0)
