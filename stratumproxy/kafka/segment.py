"""One file of the spool: what it begins with, and records one after the other.

A record is a header of two big-endian words, how many bytes follow and their CRC-32 (with the
length itself in it, so that zeros, which a disk may have after a power cut, are no record), and
a body: the run and the number of what it holds, how many messages that is, and the data.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from construct import GreedyBytes, Int8ub, Int32ub, Int64ub, PascalString, Struct

MAGIC = b"stratumproxy spool 1\n"

HEADER = Struct("length" / Int32ub, "crc" / Int32ub)
BODY = Struct(
    "run" / PascalString(Int8ub, "utf8"),
    "seq" / Int64ub,
    "messages" / Int32ub,
    "data" / GreedyBytes,
)
HEADER_BYTES: int = HEADER.sizeof()

LONGEST_BODY = 256 << 20
"""Bytes. A length beyond it is noise, and nothing is read on its word."""


class Entry(NamedTuple):
    """What is kept: a batch, named by its run and its number in it."""

    run: str
    """At most 255 bytes of UTF-8."""
    seq: int
    messages: int
    """How many messages the data makes."""
    data: bytes


class Found(NamedTuple):
    """A record in a file."""

    entry: Entry
    end: int
    """The byte after it."""


def pack(entry: Entry) -> bytes:
    """The record of an entry, header and all."""
    body = BODY.build(entry._asdict())
    return bytes(HEADER.build({"length": len(body), "crc": _crc(body)})) + bytes(body)


def read_record(file: int, at: int, size: int) -> Found | None:
    """The record at a byte of a file.

    Args:
        file: descriptor of the file.
        at: where the record begins.
        size: how long the file is, or how far it may be read.

    Returns:
        None if there is no whole and undamaged one.
    """
    header = os.pread(file, max(0, min(HEADER_BYTES, size - at)), at)
    if len(header) < HEADER_BYTES:
        return None
    words = HEADER.parse(header)
    length: int = words.length
    begin = at + HEADER_BYTES
    if length > min(LONGEST_BODY, size - begin):
        return None
    body = os.pread(file, length, begin)
    if len(body) < length or _crc(body) != words.crc:
        return None
    values = BODY.parse(body)
    entry = Entry(values.run, values.seq, values.messages, values.data)
    return Found(entry, begin + length)


def read_records(file: int, size: int) -> Iterator[Found]:
    """Every record from the first on, up to the end or to one that is torn or damaged."""
    at = len(MAGIC)
    while found := read_record(file, at, size):
        yield found
        at = found.end


def _crc(body: bytes) -> int:
    return crc32(body, crc32(len(body).to_bytes(4, "big")))
