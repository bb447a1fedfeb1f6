"""Records that wait on disk, in order, until somebody else has them: bounded, and safe from a kill.

A folder of segments, each named by the number of its first record. Records are only ever appended,
to the last one; every opening begins another. `position` says how far they were acknowledged, and
segments with nothing else in them are deleted. What survives what:

- `append` returns after fsync: what it took survives a power cut. One that fails, or is cut short
  by a kill, leaves a torn record at the end at most, which is cut off.
- `position` is replaced by a rename, with an fsync only before segments are deleted. If it is old
  or lost, acknowledged records are read again: repeats, never a loss.
"""

import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from stratumproxy.errors import SinkError
from stratumproxy.kafka.position import Latest, Position
from stratumproxy.kafka.segment import MAGIC, Entry, pack, read_record, read_records
from stratumproxy.lockfile import MODE, LockFile

SUFFIX = ".spool"
SEGMENTS = 64
"""A segment is the bound's 64th: so much may be kept of what is acknowledged already."""


@dataclass(eq=False, slots=True)
class _Segment:
    path: Path
    size: int = 0
    """Bytes that are safe, all of them whole records but for `MAGIC`; 0 before there is a file."""


class _Place(NamedTuple):
    segment: _Segment
    offset: int
    number: int
    """Of the record that begins here."""


class _Out(NamedTuple):
    """A record that was read and is not acknowledged."""

    run: str
    seq: int
    messages: int
    after: _Place


class Spool:
    """The records of a folder. Methods may be called by any thread.

    Args:
        folder: made if it is not there; for one process at a time.
        limit_bytes: what it may hold on disk. Only a record that is larger than that goes past it,
            and only while nothing else waits.

    Raises:
        SinkError: the folder can't be used, another process has it, or a segment is damaged
            elsewhere than at the end of the last one.
    """

    def __init__(self, folder: str | Path, limit_bytes: int) -> None:
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes
        self.cut_bytes = 0
        """Of a torn record at the end, which opening has cut off."""
        self.waiting = 0
        """Messages that are not acknowledged."""
        self._lock = Lock()
        self._kept = Latest()
        self._out: deque[_Out] = deque()
        self._segments: list[_Segment] = []
        self._tail: int | None = None
        self._read: tuple[_Segment, int] | None = None
        self._owner = LockFile(self.folder / "lock")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._owner.acquire()
        except BlockingIOError as error:
            raise SinkError(
                f"{self.folder}: {error.strerror}, uses this spool; end that, or name another "
                "folder in kafka.spool"
            ) from None
        except OSError as error:
            raise _cannot("be used", self.folder, error) from None
        try:
            self._recover()
        except OSError as error:
            self._owner.release()
            raise _cannot("be read", self.folder, error) from None
        except SinkError:
            self._owner.release()
            raise

    @property
    def size(self) -> int:
        """Bytes it holds on disk, acknowledged records in segments with others included."""
        return self._size()  # without the lock, which a disk that hangs would have us wait for

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep entries for good, but for those it had: of that run, and up to that number.

        Raises:
            SinkError: it is full, or they can't be written. Those that did fit are kept.
        """
        with self._lock:
            if self._segments[-1].size >= self.limit_bytes // SEGMENTS:
                self._begin_segment()
                self._forget()
            fresh = self._fresh(entries)
            fitting = self._fitting([pack(entry) for entry in fresh])
            if fitting:
                self._write(b"".join(fitting))
            for entry in fresh[: len(fitting)]:
                self._kept.note(entry.run, entry.seq)
                self.waiting += entry.messages
                self._next += 1
            if len(fitting) < len(fresh):
                raise SinkError(
                    f"{self.folder}: the spool is full: {self.waiting} messages wait for Kafka. "
                    "See to its brokers, or raise kafka.spool_bytes"
                )

    def read(self) -> Entry | None:
        """The next record that was not read yet; None while there is none.

        Raises:
            SinkError: it can't be read.
        """
        with self._lock:
            place = self._follow(self._out[-1].after if self._out else self._acknowledged)
            segment, offset, number = place
            if offset >= segment.size:
                return None
            try:
                found = read_record(self._file(segment), offset, segment.size)
            except OSError as error:
                raise _cannot("be read", segment.path, error) from None
            if found is None:
                raise _damaged(segment.path, offset)
            entry = found.entry
            after = _Place(segment, found.end, number + 1)
            self._out.append(_Out(entry.run, entry.seq, entry.messages, after))
            return entry

    def rewind(self) -> None:
        """Read again what is not acknowledged."""
        with self._lock:
            self._out.clear()

    def acknowledge(self, records: int) -> None:
        """So many more of those that were read are safe elsewhere, in the order of reading."""
        with self._lock:
            for _ in range(records):
                out = self._out.popleft()
                self._position.latest.note(out.run, out.seq)
                self.waiting -= out.messages
                self._acknowledged = out.after
            self._forget()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._close_tail()
            if self._read:
                os.close(self._read[1])
            self._owner.release()

    def _recover(self) -> None:
        """Find the segments, what they hold, and where reading goes on."""
        self._position = Position.load(self.folder)
        self._kept.update(self._position.latest)
        self._next = 0
        begin: _Place | None = None
        paths = sorted(self.folder.glob(f"*{SUFFIX}"))
        for path in paths:
            segment = _Segment(path, len(MAGIC))
            number = _number(path)
            with path.open("r+b") as file:
                size = os.fstat(file.fileno()).st_size
                last = path is paths[-1]
                head = file.read(len(MAGIC))
                # A power cut may leave zeros where the last segment's first write was to go.
                if head != MAGIC and not (last and MAGIC.startswith(head.rstrip(b"\0"))):
                    raise SinkError(
                        f"{path}: not a segment of this version's spool; move it away, and the "
                        "rest can be used"
                    )
                for entry, end in read_records(file.fileno(), size):
                    if number >= self._position.number:
                        begin = begin or _Place(segment, segment.size, number)
                        self.waiting += entry.messages
                    self._kept.note(entry.run, entry.seq)
                    segment.size = end
                    number += 1
                if segment.size < size:
                    if not last:
                        raise _damaged(path, segment.size)
                    self.cut_bytes = size - segment.size
                    file.truncate(segment.size)
                    os.fsync(file.fileno())
            if number == _number(path):
                path.unlink()
                continue
            self._next = number
            self._segments.append(segment)
        self._next = max(self._next, self._position.number)
        self._begin_segment()
        self._acknowledged = begin or _Place(self._segments[-1], len(MAGIC), self._next)
        self._forget()

    def _fresh(self, entries: Sequence[Entry]) -> list[Entry]:
        kept = dict(self._kept)
        fresh = []
        for entry in entries:
            if entry.seq > kept.get(entry.run, 0):
                kept[entry.run] = entry.seq
                fresh.append(entry)
        return fresh

    def _fitting(self, records: list[bytes]) -> list[bytes]:
        room = self.limit_bytes - self._size()
        if not self._segments[-1].size:
            room -= len(MAGIC)
        for count, record in enumerate(records):
            room -= len(record)
            if room < 0:
                idle = self._acknowledged.number == self._next
                return records[: max(count, idle)]
        return records

    def _begin_segment(self) -> None:
        self._close_tail()
        self._segments.append(_Segment(self.folder / f"{self._next:020d}{SUFFIX}"))

    def _write(self, data: bytes) -> None:
        segment = self._segments[-1]
        try:
            if self._tail is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._tail = os.open(segment.path, flags, MODE)
                _sync_folder(self.folder)
            os.ftruncate(self._tail, segment.size)  # what one that failed may have left
            view = memoryview(data if segment.size else MAGIC + data)
            size = segment.size + len(view)
            while view:
                view = view[os.write(self._tail, view) :]
            os.fsync(self._tail)
        except OSError as error:
            if self._tail is not None:
                with suppress(OSError):
                    os.ftruncate(self._tail, segment.size)
            self._close_tail()
            raise _cannot("be written", segment.path, error) from None
        segment.size = size

    def _follow(self, place: _Place) -> _Place:
        """The same place; the next segment's first record, if this one has no more."""
        segment, offset, number = place
        while offset >= segment.size and segment is not self._segments[-1]:
            segment = self._segments[self._segments.index(segment) + 1]
            offset, number = len(MAGIC), max(number, _number(segment.path))
        return _Place(segment, offset, number)

    def _forget(self) -> None:
        """Save the position, and delete segments that lie before it."""
        self._acknowledged = self._follow(self._acknowledged)
        count = self._segments.index(self._acknowledged.segment)
        self._position.number = self._acknowledged.number
        # On a full disk it can't be saved, and deleting is what helps; the worst is a repeat.
        with suppress(OSError):
            self._position.save(self.folder, sync=count > 0)
        for segment in self._segments[:count]:
            segment.path.unlink(missing_ok=True)
        del self._segments[:count]

    def _file(self, segment: _Segment) -> int:
        if self._read is None or self._read[0] is not segment:
            if self._read:
                os.close(self._read[1])
                self._read = None
            self._read = (segment, os.open(segment.path, os.O_RDONLY))
        return self._read[1]

    def _close_tail(self) -> None:
        if self._tail is not None:
            os.close(self._tail)
            self._tail = None

    def _size(self) -> int:
        return sum(segment.size for segment in self._segments)


def _sync_folder(folder: Path) -> None:
    """Names in a folder are safe only after an fsync of the folder: fsync(2)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _number(path: Path) -> int:
    return int(path.stem)


def _cannot(what: str, path: Path, error: OSError) -> SinkError:
    return SinkError(f"{path}: can't {what}: {error.strerror or error}")


def _damaged(path: Path, offset: int) -> SinkError:
    return SinkError(
        f"{path}: damaged at byte {offset}; move it away to go on without the rest of its records"
    )
