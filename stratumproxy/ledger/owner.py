"""One process writes to a ledger, and whoever else would is told which.

SQLite itself lets several take turns. But each would take the other for what it has replaced: its
miners for gone, its figures for its own.
"""

from pathlib import Path

from stratumproxy.errors import SinkError
from stratumproxy.ledger.database import check_folder, open_for_writing
from stratumproxy.lockfile import LockFile


class Owner:
    """What a process has to be before it writes to a ledger. For all of its threads.

    Args:
        path: the ledger, by any of its names; the lock is beside it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = LockFile(Path(f"{Path(path).resolve()}.lock"))

    def claim(self) -> None:
        """Be the owner; nothing if this process is it already.

        Raises:
            SinkError: another process is, or it can't be told.
        """
        check_folder(self._path)
        try:
            self._lock.acquire()
        except BlockingIOError as error:
            raise SinkError(
                f"{self._path}: {error.strerror}, writes to this ledger; end that, or name another "
                "file in ledger.path"
            ) from None
        except OSError as error:
            raise SinkError(
                f"{self._lock.path}: can't be locked: {error.strerror or error}; make the file and "
                "its folder writable for this user"
            ) from None

    def bring_up_to_date(self) -> None:
        """Claim it, and have it be of this version.

        Raises:
            SinkError: it can't be.
        """
        self.claim()
        open_for_writing(self._path).close()

    def release(self) -> None:
        """Leave it to the next."""
        self._lock.release()
