"""The share check, the same on every kernel and on the reference."""

from types import ModuleType
from typing import Any

import pytest

from stratumproxy.shares import _reference
from stratumproxy.shares.difficulty import difficulty_of
from stratumproxy.shares.verdict import REJECTED, Verdict

EASY = 2**256 - 1
IMPOSSIBLE = 0


class TestVectors:
    def test_header(self, shares: ModuleType, case: Any) -> None:
        work = case.work(shares)
        extranonce2, ntime, nonce, _bits = case.submit
        version = int.from_bytes(case.header[:4], "little")
        header = work.header(case.extranonce1, extranonce2, ntime, nonce, version)
        assert header == case.header
        assert shares.sha256d(header) == case.hash

    def test_share_that_meets_the_miners_target_only(self, shares: ModuleType, case: Any) -> None:
        expected = Verdict.BLOCK if case.is_block else Verdict.SHARE
        result = case.check(case.work(shares, pool_target=IMPOSSIBLE))
        assert result == (expected, difficulty_of(case.value), case.hash)

    def test_share_that_meets_the_pools_target_too(self, shares: ModuleType, case: Any) -> None:
        expected = Verdict.BLOCK if case.is_block else Verdict.POOL_SHARE
        assert case.check(case.work(shares, pool_target=case.target))[0] is expected

    def test_share_that_meets_only_the_pools_target(self, shares: ModuleType, case: Any) -> None:
        expected = Verdict.BLOCK if case.is_block else Verdict.POOL_SHARE
        assert case.check(case.work(shares, case.value), IMPOSSIBLE)[0] is expected

    def test_hash_equal_to_the_target_meets_it(self, shares: ModuleType, case: Any) -> None:
        assert case.check(case.work(shares), case.value)[0] < REJECTED
        assert case.check(case.work(shares), case.value + 1)[0] < REJECTED

    def test_hash_one_above_the_target_misses_it(self, shares: ModuleType, case: Any) -> None:
        result = case.check(case.work(shares, case.value - 1), case.value - 1)
        assert result == (Verdict.LOW_DIFFICULTY, difficulty_of(case.value), case.hash)

    def test_second_time_is_a_duplicate(self, shares: ModuleType, case: Any) -> None:
        work = case.work(shares)
        assert case.check(work)[0] < REJECTED
        assert case.check(work) == (Verdict.DUPLICATE, difficulty_of(case.value), case.hash)

    def test_scan_finds_the_nonce(self, shares: ModuleType, case: Any) -> None:
        nonce = case.submit[2]
        target = case.hash  # as hashed is little-endian, as a target is
        start = max(nonce - 3, 0)
        blank = case.header[:76] + bytes(4)
        assert shares.scan(blank, target, start, nonce - start + 1) == nonce
        assert shares.scan(blank, target, start, nonce - start) is None

    def test_share_difficulty(self, shares: ModuleType, case: Any) -> None:
        assert shares.share_difficulty(case.hash) == difficulty_of(case.value)


def test_all_blocks_are_blocks(shares: ModuleType, cases: list[Any]) -> None:
    blocks = [case for case in cases if case.name.startswith(("mainnet", "testnet4"))]
    assert len(blocks) == 36
    assert all(case.is_block for case in blocks)


# One plain job for what the vectors do not have: version 20000000, ntime 1000, 8 bytes of room.


def make_work(shares: ModuleType, **changes: Any) -> Any:
    arguments = {
        "coinb1": b"\x01" * 70,
        "coinb2": b"\x02" * 50,
        "branches": [b"\x03" * 32],
        "version": 0x20000000,
        "prevhash": b"\x04" * 32,
        "nbits": 0x1701D936,
        "ntime": 1000,
        "extranonce_size": 8,
        "pool_target": IMPOSSIBLE.to_bytes(32, "little"),
        "seen": shares.Seen(),
    }
    return shares.Work(**(arguments | changes))


def check(
    work: Any,
    extranonce2: bytes = b"\0\0\0\1",
    ntime: int = 1000,
    nonce: int = 1,
    bits: int | None = None,
    mask: int = 0x1FFFE000,
    target: int = EASY,
    slot: bytes = b"abcd",
) -> Verdict:
    verdict, difficulty, hash = work.check(
        slot, extranonce2, ntime, nonce, bits, mask, target.to_bytes(32, "little")
    )
    assert type(verdict) is int
    assert type(difficulty) is float
    assert type(hash) is bytes
    verdict = Verdict(verdict)
    hashed = verdict < REJECTED or verdict in (Verdict.LOW_DIFFICULTY, Verdict.DUPLICATE)
    assert (len(hash), difficulty > 0) == ((32, True) if hashed else (0, False))
    return verdict


def test_no_extranonce2_at_all(shares: ModuleType) -> None:
    assert check(make_work(shares), extranonce2=b"") is Verdict.SHARE


def test_order(shares: ModuleType) -> None:
    work = make_work(shares)
    bad: dict[str, Any] = {"ntime": 0, "bits": 1, "mask": 0, "target": 0}
    expected = [
        ("bits", 0, Verdict.BAD_VERSION),
        ("ntime", 1000, Verdict.BAD_NTIME),
        ("target", EASY, Verdict.LOW_DIFFICULTY),
    ]
    for name, good, verdict in expected:
        assert check(work, **bad) is verdict
        bad[name] = good
    assert check(work, **bad) is Verdict.SHARE
    assert check(work, **bad) is Verdict.DUPLICATE
    bad["target"] = 0
    assert check(work, **bad) is Verdict.LOW_DIFFICULTY


class TestVersion:
    @pytest.mark.parametrize(
        ("bits", "mask", "version"),
        [
            (None, 0x1FFFE000, 0x20000004),
            (0, 0x1FFFE000, 0x20000004),
            (0x1FFFE000, 0x1FFFE000, 0x3FFFE004),
            (0x2000, 0x1FFFE000, 0x20002004),
            (0x20002004, 0x1FFFE000, 0x20002004),  # the whole version
            (0, 0, 0x20000004),
            (0x20000004, 0, 0x20000004),
            (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
            (0, 0xFFFFFFFF, 0),
        ],
    )
    def test_bits_replace_what_is_inside_the_mask(
        self, shares: ModuleType, bits: int | None, mask: int, version: int
    ) -> None:
        work = make_work(shares, version=0x20000004)
        *_, hash = work.check(b"", bytes(4), 1000, 7, bits, mask, b"\xff" * 32)
        header = work.header(b"", bytes(4), 1000, 7, version)
        assert int.from_bytes(header[:4], "little") == version
        assert hash == shares.sha256d(header)

    def test_bits_of_the_job_inside_the_mask_are_replaced(self, shares: ModuleType) -> None:
        work = make_work(shares, version=0x2FFFE000)
        *_, hash = work.check(b"", b"", 1000, 7, 0x2000, 0x1FFFE000, b"\xff" * 32)
        assert hash == shares.sha256d(work.header(b"", b"", 1000, 7, 0x20002000))

    @pytest.mark.parametrize(
        ("bits", "mask"),
        [
            (1, 0x1FFFE000),
            (0x40000000, 0x1FFFE000),
            (0x20000000, 0x1FFFE000),  # only a part of the job's bits outside
            (0x20000005, 0x1FFFE000),
            (0xFFFFFFFF, 0x1FFFE000),
            (0x2000, 0),
            (0x20002004, 0),
        ],
    )
    def test_bits_outside_the_mask_are_bad(self, shares: ModuleType, bits: int, mask: int) -> None:
        assert check(make_work(shares, version=0x20000004), bits=bits, mask=mask) is (
            Verdict.BAD_VERSION
        )


class TestNtime:
    @pytest.mark.parametrize("ntime", [1000, 1001, 1000 + 7000])
    def test_from_the_jobs_to_7000_seconds_later(self, shares: ModuleType, ntime: int) -> None:
        assert check(make_work(shares), ntime=ntime) is Verdict.SHARE

    @pytest.mark.parametrize("ntime", [999, 0, 1000 + 7001, 2**32 - 1])
    def test_outside(self, shares: ModuleType, ntime: int) -> None:
        assert check(make_work(shares), ntime=ntime) is Verdict.BAD_NTIME

    def test_tighter_pool(self, shares: ModuleType) -> None:
        assert check(make_work(shares, ntime_roll=0)) is Verdict.SHARE
        assert check(make_work(shares, ntime_roll=0), ntime=1001) is Verdict.BAD_NTIME

    def test_time_does_not_wrap(self, shares: ModuleType) -> None:
        work = make_work(shares, ntime=0xFFFFFFF0)
        assert check(work, ntime=0xFFFFFFFF) is Verdict.SHARE
        assert check(work, ntime=0) is Verdict.BAD_NTIME


class TestRoom:
    @pytest.mark.parametrize("slot_size", range(5))
    @pytest.mark.parametrize("extranonce2_size", range(5))
    def test_what_the_miner_leaves_is_zeros_in_front(
        self, shares: ModuleType, slot_size: int, extranonce2_size: int
    ) -> None:
        slot, extranonce2 = b"slot"[:slot_size], b"\x91\x92\x93\x94"[:extranonce2_size]
        pad = bytes(8 - slot_size - extranonce2_size)
        work = make_work(shares)
        # A share before that fills the whole room leaves nothing behind.
        work.check(b"\xff" * 8, b"", 1000, 1, None, 0, b"\xff" * 32)
        *_, hash = work.check(slot, extranonce2, 1000, 1, None, 0, b"\xff" * 32)
        header = work.header(pad + slot, extranonce2, 1000, 1, 0x20000000)
        assert hash == shares.sha256d(header)
        root = shares.sha256d(b"\x01" * 70 + pad + slot + extranonce2 + b"\x02" * 50)
        assert header[36:68] == shares.sha256d(root + b"\x03" * 32)

    def test_too_much_is_the_callers_mistake(self, shares: ModuleType) -> None:
        work = make_work(shares)
        with pytest.raises(ValueError, match="longer than the pool's extranonce2"):
            check(work, slot=b"abcde")
        with pytest.raises(ValueError, match="longer than the pool's extranonce2"):
            check(work, extranonce2=bytes(5))
        with pytest.raises(ValueError, match="longer than the pool's extranonce2"):
            work.header(b"abcde", b"1234", 1000, 1, 1)


class TestTargets:
    def test_one_seen_serves_many_jobs(self, shares: ModuleType) -> None:
        seen = shares.Seen()
        assert check(make_work(shares, seen=seen)) is Verdict.SHARE
        assert check(make_work(shares, seen=seen)) is Verdict.DUPLICATE
        assert check(make_work(shares)) is Verdict.SHARE
        assert len(seen) == 1

    def test_what_is_not_accepted_is_not_remembered(self, shares: ModuleType) -> None:
        seen = shares.Seen()
        work = make_work(shares, seen=seen)
        assert check(work, target=IMPOSSIBLE) is Verdict.LOW_DIFFICULTY
        assert check(work, bits=1) is Verdict.BAD_VERSION
        assert len(seen) == 0
        assert check(work) is Verdict.SHARE

    @pytest.mark.parametrize("pool_target", [IMPOSSIBLE, EASY])
    def test_block_whatever_the_pools_target(self, shares: ModuleType, pool_target: int) -> None:
        work = make_work(shares, nbits=0x207FFFFF, pool_target=pool_target.to_bytes(32, "little"))
        verdicts = {check(work, nonce=nonce) for nonce in range(64)}
        assert verdicts == {
            Verdict.BLOCK,
            Verdict.POOL_SHARE if pool_target else Verdict.SHARE,
        }

    def test_miner_target_harder_than_the_networks_still_binds(self, shares: ModuleType) -> None:
        work = make_work(shares, nbits=0x207FFFFF)
        assert check(work, target=IMPOSSIBLE) is Verdict.LOW_DIFFICULTY

    @pytest.mark.parametrize("nbits", [0, 0x01003456, 0x04923456, 0x1D80FFFF, 0xFF123456])
    def test_nbits_that_nothing_meets(self, shares: ModuleType, nbits: int) -> None:
        assert check(make_work(shares, nbits=nbits)) is Verdict.SHARE

    @pytest.mark.parametrize("nbits", [0x2200FFFF, 0x2100FFFF])
    def test_nbits_at_the_top_of_256_bits(self, shares: ModuleType, nbits: int) -> None:
        verdict = check(make_work(shares, nbits=nbits))
        assert verdict is (Verdict.BLOCK if nbits == 0x2100FFFF else Verdict.SHARE)


class TestLimits:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"coinb1": bytes(16384 - 57)}, "longer than 16384 bytes"),
            ({"coinb2": bytes(20000)}, "longer than 16384 bytes"),
            ({"branches": [bytes(32)] * 33}, "more than 32 branches"),
            ({"branches": [bytes(31)]}, "a branch must be 32 bytes"),
            ({"prevhash": bytes(33)}, "prevhash must be 32 bytes"),
            ({"pool_target": b""}, "pool_target must be 32 bytes"),
            ({"version": 2**32}, "version must be from 0"),
            ({"version": -1}, "version must be from 0"),
            ({"nbits": 2**64}, "nbits must be from 0"),
            ({"ntime": -(2**64)}, "ntime must be from 0"),
            ({"ntime_roll": -1}, "ntime_roll must be from 0"),
            ({"extranonce_size": -1}, "extranonce_size must"),
        ],
    )
    def test_job_outside_the_limits(
        self, shares: ModuleType, changes: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            make_work(shares, **changes)

    def test_job_of_another_type(self, shares: ModuleType) -> None:
        with pytest.raises(TypeError):
            make_work(shares, seen=set())
        with pytest.raises(TypeError):
            make_work(shares, coinb1="00")
        with pytest.raises(TypeError):
            make_work(shares, version="1")
        with pytest.raises(TypeError):
            make_work(shares, branches=1)

    def test_largest_job(self, shares: ModuleType) -> None:
        work = make_work(shares, coinb1=bytes(16384 - 58), branches=[bytes(32)] * 32)
        assert check(work) is Verdict.SHARE

    def test_smallest_job(self, shares: ModuleType) -> None:
        work = make_work(shares, coinb1=b"", coinb2=b"", branches=(), extranonce_size=0)
        assert check(work, extranonce2=b"", slot=b"") is Verdict.SHARE

    def test_check_outside_the_limits(self, shares: ModuleType) -> None:
        work = make_work(shares)
        for name, argument in (
            ("ntime", "ntime"),
            ("nonce", "nonce"),
            ("version_bits", "bits"),
            ("version_mask", "mask"),
        ):
            for number in (-1, 2**32, 2**70):
                wrong: dict[str, Any] = {argument: number}
                with pytest.raises(ValueError, match=f"{name} must be from 0 to 4294967295"):
                    check(work, **wrong)
        with pytest.raises(ValueError, match="target must be 32 bytes"):
            work.check(b"", bytes(4), 1000, 1, None, 0, bytes(31))
        with pytest.raises(TypeError):
            work.check(b"", bytes(4), 1000, 1, None, 0)
        for wrong in ({"ntime": "3e8"}, {"nonce": None}, {"bits": "0"}, {"extranonce2": "00"}):
            with pytest.raises(TypeError):
                check(work, **wrong)
        with pytest.raises(ValueError, match="nonce must be from 0"):
            work.header(b"", b"", 0, 2**32, 0)

    def test_scan_outside_the_limits(self, shares: ModuleType) -> None:
        header, target = bytes(80), bytes(32)
        with pytest.raises(ValueError, match="header must be 80 bytes"):
            shares.scan(bytes(79), target, 0, 1)
        with pytest.raises(ValueError, match="target must be 32 bytes"):
            shares.scan(header, bytes(33), 0, 1)
        for start, count in ((-1, 1), (2**32, 1), (0, -1), (0, 2**32 + 1)):
            with pytest.raises(ValueError, match="must be from 0"):
                shares.scan(header, target, start, count)

    def test_scan_ends_with_the_nonces(self, shares: ModuleType) -> None:
        assert shares.scan(bytes(80), bytes(32), 2**32 - 2, 2**32) is None
        assert shares.scan(bytes(80), b"\xff" * 32, 2**32 - 1, 5) == 2**32 - 1
        assert shares.scan(bytes(80), b"\xff" * 32, 5, 0) is None


def test_share_difficulty_of_the_extremes(shares: ModuleType) -> None:
    assert shares.share_difficulty(bytes(32)) == float("inf")
    for value in (1, 2, 3, 0xFFFF << 208, (0xFFFF << 208) - 1, (0xFFFF << 208) + 1, 2**256 - 1):
        assert shares.share_difficulty(value.to_bytes(32, "little")) == difficulty_of(value)
    with pytest.raises(ValueError, match="hash must be 32 bytes"):
        shares.share_difficulty(b"")


def test_sha256d_of_any_size(shares: ModuleType) -> None:
    for size in range(300):
        assert shares.sha256d(bytes(size)) == _reference.sha256d(bytes(size))
