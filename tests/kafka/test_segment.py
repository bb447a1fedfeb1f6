"""A record is whole and undamaged, or it is none."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.kafka.segment import MAGIC, Entry, pack, read_record, read_records

ENTRIES = st.builds(
    Entry,
    run=st.text(max_size=20),
    seq=st.integers(0, 2**64 - 1),
    messages=st.integers(0, 2**32 - 1),
    data=st.binary(max_size=200),
)


def read(data: bytes) -> list[Entry]:
    descriptor = os.memfd_create("segment")
    try:
        os.write(descriptor, data)
        return [found.entry for found in read_records(descriptor, len(data))]
    finally:
        os.close(descriptor)


@given(st.lists(ENTRIES, max_size=5))
def test_records_come_back_as_they_were(entries: list[Entry]) -> None:
    assert read(MAGIC + b"".join(map(pack, entries))) == entries


@given(ENTRIES, st.data())
def test_one_changed_bit_is_noticed(entry: Entry, data: st.DataObject) -> None:
    record = bytearray(pack(entry))
    bit = data.draw(st.integers(0, len(record) * 8 - 1))
    record[bit // 8] ^= 1 << bit % 8
    assert read(MAGIC + record) == []


@given(st.binary(max_size=100))
def test_noise_is_no_record(noise: bytes) -> None:
    assert read(MAGIC + noise) == []


@pytest.mark.parametrize("zeros", [1, 7, 8, 9, 4096])
def test_zeros_are_no_record(zeros: int) -> None:
    assert read(MAGIC + bytes(zeros)) == []


def test_nothing_is_read_beyond_what_is_safe(tmp_path: Path) -> None:
    record = pack(Entry("a", 1, 1, b"data"))
    path = tmp_path / "file"
    path.write_bytes(record)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert read_record(descriptor, 0, len(record)) is not None
        assert all(read_record(descriptor, 0, size) is None for size in range(len(record)))
    finally:
        os.close(descriptor)
