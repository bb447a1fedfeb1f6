"""The C share check against the reference: whatever comes in, the same comes out."""

from types import ModuleType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.shares import _reference

UINT32 = st.integers(0, 2**32 - 1)
HASH = st.binary(min_size=32, max_size=32)
TARGET = st.one_of(
    st.integers(0, 2**256 - 1), st.sampled_from([0, 1, 2**255, 2**256 - 1]), st.just(2**256 - 1)
)

# SHA-256 pads with at least nine bytes: the sizes around 55, 56 and 64 make or save a block.
SIZE = st.one_of(
    st.integers(0, 300),
    st.builds(lambda blocks, size: 64 * blocks + size, st.integers(0, 3), st.integers(53, 66)),
)


def part(size: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(size))


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "coinb1": part(draw(SIZE)),
        "coinb2": part(draw(SIZE)),
        "branches": draw(st.lists(HASH, max_size=16)),
        "version": draw(st.one_of(st.just(0x20000000), UINT32)),
        "prevhash": draw(HASH),
        "nbits": draw(st.one_of(st.sampled_from([0x1D00FFFF, 0x207FFFFF, 0x2100FFFF]), UINT32)),
        "ntime": draw(UINT32),
        "extranonce_size": draw(st.integers(0, 16)),
        "pool_target": draw(TARGET).to_bytes(32, "little"),
        "ntime_roll": draw(st.one_of(st.just(7000), UINT32)),
    }


@st.composite
def submits(draw: st.DrawFn, job: dict[str, Any]) -> list[Any]:
    """Arguments of `Work.check` but for the target."""
    room = job["extranonce_size"]
    extranonce1 = draw(st.binary(max_size=room))
    size = draw(st.integers(0, room - len(extranonce1)))
    mask = draw(st.one_of(st.sampled_from([0, 0x1FFFE000, 0x1FFFFFE0, 2**32 - 1]), UINT32))
    ntime = min(job["ntime"] + draw(st.integers(0, 7100)), 2**32 - 1)
    bits = draw(UINT32)
    whole = (job["version"] & ~mask) | (bits & mask)
    return [
        extranonce1,
        draw(st.binary(min_size=size, max_size=size)),
        ntime,
        draw(UINT32),
        draw(st.sampled_from([None, bits & mask, whole, bits])),
        mask,
    ]


def outcome(work: Any, arguments: list[Any]) -> object:
    try:
        return work.check(*arguments)
    except ValueError as error:
        return str(error)


@settings(max_examples=300)
@given(data=st.data())
def test_check(native: ModuleType, data: st.DataObject) -> None:
    job = data.draw(jobs())
    seens = native.Seen(), _reference.Seen()
    works = [
        module.Work(**job, seen=seen)
        for module, seen in zip((native, _reference), seens, strict=True)
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        arguments = data.draw(submits(job))
        target = data.draw(TARGET)
        # Where a hash comes out, the target is put right there, or next to it.
        *_, hash = _reference.Work(**job, seen=_reference.Seen()).check(*(*arguments, bytes(32)))
        if hash and data.draw(st.booleans()):
            value = int.from_bytes(hash, "little") + data.draw(st.integers(-1, 1))
            target = min(max(value, 0), 2**256 - 1)
        arguments.append(target.to_bytes(32, "little"))
        assert outcome(works[0], arguments) == outcome(works[1], arguments)
        assert len(seens[0]) == len(seens[1])


@given(data=st.data())
def test_pool_and_network_targets_at_the_boundary(native: ModuleType, data: st.DataObject) -> None:
    job = data.draw(jobs())
    share = [b"", b"", job["ntime"], 1, None, 0]
    *_, hash = _reference.Work(**job, seen=_reference.Seen()).check(*(*share, bytes(32)))
    value = int.from_bytes(hash, "little")
    job["pool_target"] = (value + data.draw(st.integers(-1, 1))).to_bytes(32, "little")
    arguments = [*share, data.draw(TARGET).to_bytes(32, "little")]
    work, reference = (module.Work(**job, seen=module.Seen()) for module in (native, _reference))
    assert outcome(work, arguments) == outcome(reference, arguments)


@given(data=st.data())
def test_room(native: ModuleType, data: st.DataObject) -> None:
    """Extranonces of any size: what does not fit is the same mistake on both sides."""
    job = data.draw(jobs())
    extranonce1 = data.draw(st.binary(max_size=20))
    extranonce2 = data.draw(st.binary(max_size=20))
    share = [extranonce1, extranonce2, job["ntime"], 1, None, 0, b"\xff" * 32]
    work, reference = (module.Work(**job, seen=module.Seen()) for module in (native, _reference))
    assert outcome(work, share) == outcome(reference, share)


@given(job=jobs(), extranonce2=st.binary(max_size=8), fields=st.tuples(UINT32, UINT32, UINT32))
def test_header(
    native: ModuleType, job: dict[str, Any], extranonce2: bytes, fields: tuple[int, int, int]
) -> None:
    extranonce2 = extranonce2[: job["extranonce_size"]]
    work, reference = (module.Work(**job, seen=module.Seen()) for module in (native, _reference))
    assert work.header(b"", extranonce2, *fields) == reference.header(b"", extranonce2, *fields)


@given(
    header=st.binary(min_size=80, max_size=80),
    bits=st.integers(248, 256),
    start=st.one_of(st.integers(0, 2**32 - 1), st.integers(2**32 - 99, 2**32 - 1)),
    count=st.integers(0, 100),
)
def test_scan(native: ModuleType, header: bytes, bits: int, start: int, count: int) -> None:
    target = (2**bits - 1).to_bytes(32, "little")
    found = native.scan(header, target, start, count)
    assert found == _reference.scan(header, target, start, count)


@given(header=st.binary(min_size=80, max_size=80), off=st.integers(-1, 1))
def test_scan_at_the_boundary(native: ModuleType, header: bytes, off: int) -> None:
    hash = _reference.sha256d(header)
    nonce = int.from_bytes(header[76:], "little")
    target = (int.from_bytes(hash, "little") + off).to_bytes(32, "little")
    assert native.scan(header, target, nonce, 1) == (nonce if off >= 0 else None)


@given(value=st.one_of(TARGET, st.integers(0, 256).flatmap(lambda n: st.integers(0, 2**n - 1))))
@settings(max_examples=1000)
def test_share_difficulty(native: ModuleType, value: int) -> None:
    hash = value.to_bytes(32, "little")
    assert native.share_difficulty(hash) == _reference.share_difficulty(hash)


@given(
    quotient=st.integers(2**53, 2**54).map(lambda n: n | 1),
    shift=st.integers(0, 150),
    off=st.integers(-2, 2),
)
def test_share_difficulty_near_ties(
    native: ModuleType, quotient: int, shift: int, off: int
) -> None:
    """Hashes whose difficulty lies as near as can be to the middle between two doubles."""
    value = ((0xFFFF << 208 << shift) // quotient + off) % 2**256
    hash = value.to_bytes(32, "little")
    assert native.share_difficulty(hash) == _reference.share_difficulty(hash)


@given(data=st.binary(max_size=300))
def test_sha256d(native: ModuleType, data: bytes) -> None:
    assert native.sha256d(data) == _reference.sha256d(data)
