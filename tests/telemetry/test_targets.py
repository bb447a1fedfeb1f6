"""One target in several processes."""

from stratumproxy.telemetry.targets import TargetSnapshot, merge_targets

FINE = TargetSnapshot("acme", "")


def test_it_is_dark_where_it_is_so_in_every_process() -> None:
    dark = TargetSnapshot("acme", "", 9.0, "main is away")
    other = TargetSnapshot("acme", "", 5.0, "main hung up")
    assert merge_targets([dark, FINE]) == (FINE,)
    assert merge_targets([dark, other]) == (other,), "since the last of them is"


def test_it_is_on_a_backup_where_it_is_so_in_one() -> None:
    late = TargetSnapshot("acme", "", None, "", "spare", 3.0, 2, "main was lost", "main is ready")
    early = TargetSnapshot("acme", "", None, "", "third", 7.0, 4, "main hung up", "main is away")
    [both] = merge_targets([late, FINE, early])
    assert (both.backup, both.backup_for, both.backup_miners) == ("third", 7.0, 6)
    assert (both.backup_why, both.first) == ("main hung up", "main is away")


def test_each_is_its_own() -> None:
    targets = FINE, TargetSnapshot("acme", "second"), TargetSnapshot("beta", "")
    assert merge_targets(targets) == targets
