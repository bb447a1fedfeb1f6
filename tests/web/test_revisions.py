"""Numbers that tenants are told for revisions of the table."""

from stratumproxy.web.revisions import MOST, Revisions


def test_those_who_see_everything_are_told_the_revision() -> None:
    some = Revisions()
    assert some.told(7, None) == some.meant(7, None) == 7


def test_a_number_is_its_tenants_and_remembered_for_a_while() -> None:
    some = Revisions()
    first = some.told(7, "acme")
    assert (some.meant(first, "acme"), some.meant(first, "beta")) == (7, 0)
    for revision in range(MOST):
        newest = some.told(revision, "acme")
    assert (some.meant(first, "acme"), some.meant(newest, "acme")) == (0, MOST - 1)
    assert Revisions().meant(newest, "acme") == 0
