"""The mutation check: each fault of the simulated pool is found, under its own id only."""

import typing

import pytest

from stratumproxy.testing.settings import PoolFault
from tests.conform.conftest import failed, try_pool

FOUND_AS = {
    "ascii-only": {"SV1-FRAME-UTF8"},
    "empty-line-ends": {"SV1-FRAME-EMPTY"},
    "ids-of-32-bits": {"SV1-REPLY-ID-LARGE"},
    "subscribe-once": {"SV1-SUBSCRIBE-TWICE"},
    "authorize-first-unanswered": {"SV1-HANDSHAKE-AUTHORIZE-FIRST"},
    "clean-never": {"SV1-JOB-CLEAN-FIRST"},
    "coinbase-cut": {"SV1-JOB-COINBASE"},
    "configure-unanswered": {"SV1-CONFIGURE-ANSWERED"},
    "crlf-ignored": {"SV1-FRAME-CRLF"},
    "difficulty-early": {"SV1-HANDSHAKE-NEXT-LINE"},
    "difficulty-late": {"SV1-DIFFICULTY-FIRST"},
    "duplicate-code": {"SV1-SUBMIT-DUPLICATE-22"},
    "duplicates-accepted": {"SV1-SUBMIT-DUPLICATE"},
    "duplicates-by-text": {"SV1-SUBMIT-DUPLICATE-CASE"},
    "extranonce-subscribe-refused": {"SV1-EXTRANONCE-SUBSCRIBE-TRUE"},
    "extranonce-unasked": {"SV1-EXTRANONCE-UNASKED"},
    "extranonce2-unchecked": {"SV1-SUBMIT-EXTRANONCE2-SHORT"},
    "first-line-only": {"SV1-FRAME-TOGETHER"},
    "five-refused": {"SV1-SUBMIT-FIVE"},
    "http-cuts-all": {"SV1-HOSTILE-HTTP"},
    "ids-as-text": {"SV1-REPLY-ID"},
    "job-id-repeated": {"SV1-JOB-ID-REPEATED"},
    "low-accepted": {"SV1-SUBMIT-LOW"},
    "mask-omitted": {"SV1-CONFIGURE-MASK-MISSING"},
    "mask-superset": {"SV1-CONFIGURE-MASK-SUBSET"},
    "method-unknown": {"SV1-CONTROL-METHOD"},
    "notify-short": {"SV1-JOB-SHAPE"},
    "ntime-of-yesterday": {"SV1-JOB-NTIME"},
    "ntime-strict": {"SV1-SUBMIT-NTIME-ROLLED"},
    "ntime-unchecked": {"SV1-SUBMIT-NTIME-PAST", "SV1-SUBMIT-NTIME-FUTURE"},
    "null-id-answered": {"SV1-REPLY-NULL-ID"},
    "prevhash-as-displayed": {"SV1-JOB-PREVHASH"},
    "share-answered-null": {"SV1-SUBMIT-RESULT"},
    "six-refused": {"SV1-SUBMIT-SIX"},
    "split-lines": {"SV1-FRAME-SPLIT"},
    "subscribe-needs-params": {"SV1-SUBSCRIBE-PARAMS-0"},
    "suggest-unanswered": {"SV1-SUGGEST-DIFFICULTY"},
    "unauthorized-accepted": {"SV1-SUBMIT-UNAUTHORIZED-24"},
    "unknown-job-accepted": {"SV1-SUBMIT-JOB-UNKNOWN"},
    "unknown-unanswered": {"SV1-CONTROL-UNKNOWN"},
    "unpadded-refused": {"SV1-SUBMIT-NONCE-UNPADDED"},
    "upper-case-refused": {"SV1-SUBMIT-HEX-UPPER"},
    "version-ignored": {"SV1-SUBMIT-VERSION"},
    "version-unchecked": {"SV1-SUBMIT-VERSION-OUTSIDE"},
}

SETTINGS: list[tuple[dict[str, object], set[str]]] = [
    ({"extranonce1_prefix": b"\1\2\3\4"}, {"SV1-EXTRANONCE1-UNIQUE"}),
    ({"extranonce1_size": 20}, {"SV1-EXTRANONCE1-LENGTH"}),
    ({"extranonce2_size": 12}, {"SV1-EXTRANONCE2-SIZE"}),
    ({"extranonce2_size": 1}, {"SV1-EXTRANONCE2-SIZE"}),
    ({"resume": False}, {"SV1-SUBSCRIBE-RESUME"}),
    ({"job_interval": 0}, {"SV1-TIME-JOB-60"}),
    ({"drop_every": 1}, {"SV1-SUBMIT-ANSWERED"}),
    ({"reject_every": 1}, {"SV1-SUBMIT-ACCEPTED"}),
    ({"reject_shape": "string"}, {"SV1-ERROR-SHAPE"}),
]
"""What pools do that is a setting already."""


def test_a_good_pool_has_no_faults() -> None:
    results = try_pool()
    assert {case_id: result.text for case_id, result in results.items() if result.text} == {}
    assert {result.status for result in results.values()} == {"passed"}


@pytest.mark.parametrize(
    "settings",
    [
        {"version_mask": None},
        {"supports_configure": False},
        {"extranonce2_size": 4, "extranonce1_size": 8},
        {"work_after": "subscribe"},
        {"reply_delay": 0.5},
        {"merkle_branches": 0, "coinbase_size": 2000},
        {"reject_shape": "false-array"},
    ],
    ids=str,
)
def test_nor_has_one_that_is_good_in_another_way(settings: dict[str, object]) -> None:
    assert failed(try_pool(**settings)) == set()


def test_every_fault_is_looked_for() -> None:
    assert set(typing.get_args(PoolFault)) == set(FOUND_AS)


@pytest.mark.parametrize("fault", FOUND_AS)
def test_a_fault_is_found_under_its_id(fault: str) -> None:
    assert failed(try_pool(fault=fault)) == FOUND_AS[fault]


@pytest.mark.parametrize(("settings", "ids"), SETTINGS, ids=lambda value: str(value)[:40])
def test_a_setting_is_found_under_its_id(settings: dict[str, object], ids: set[str]) -> None:
    assert failed(try_pool(**settings)) == ids
