"""Why miners are dropped: in words for the log, by key for the counters."""

from stratumproxy.downstream.link import Link
from stratumproxy.errors import ProtocolError
from stratumproxy.telemetry.notices import Notices


class Reason(str):
    """Why a miner is dropped, in words.

    Args:
        text: for people; never anything that the miner sent.
        key: what it is counted under; stable, since dashboards and alarms are built on it.
    """

    __slots__ = ("key",)

    key: str

    def __new__(cls, text: str, key: str) -> "Reason":
        """A str cannot be filled in later."""
        self = super().__new__(cls, text)
        self.key = key
        return self


SLOW_READER = Reason("it does not read what it is sent", "slow-reader")
HANDSHAKE = Reason("it did not subscribe and authorize in time", "handshake-timeout")
IDLE = Reason("it was silent for too long", "idle")
TOO_MANY = Reason("there are limits.connections already", "too-many")
TOO_MANY_FROM_ADDRESS = Reason(
    "there are limits.connections_per_address from its address already", "too-many-from-address"
)
NO_POOL = Reason("no pool is ready", "no-pool")
FLOOD = Reason("it sends more than limits.messages_per_second", "flood")
INVALID_SHARES = Reason("most of its shares are invalid", "invalid-shares")
BANNED = Reason("its worker is banned from this address for invalid shares or floods", "banned")
ORDERED = Reason("an operator ordered it", "ordered")
BANNED_BY_ORDER = Reason("an operator banned its worker", "banned")
BUG = Reason("a bug of the proxy's came out by what it sent", "bug")
NOBODYS = Reason("it belongs to no tenant any more", "no-tenant")
DOES_NOT_FIT = Reason("its extranonce does not fit the pool's any more", "extranonce-changed")


OF_MANY = {"broken", NO_POOL.key, IDLE.key, SLOW_READER.key}
"""What happens to thousands at once: a power cut, no pool. Who counts them tells of it, once."""


def broken(text: str) -> Reason:
    """The connection failed under us."""
    return Reason(text, "broken")


def reason_of(error: ProtocolError) -> Reason:
    """The drop that an error of the peer leads to."""
    return Reason(str(error), error.key)


class Drops:
    """Counts drops, and tells of them at a limited rate.

    Args:
        notices: where they are told.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self.counts: dict[str, int] = {}
        """Since start, by key."""

    def add(self, reason: str, peer: str) -> None:
        """A miner was dropped, or turned away."""
        key = reason.key if isinstance(reason, Reason) else "other"
        self.counts[key] = self.counts.get(key, 0) + 1
        tell = self._notices.debug if key in OF_MANY else self._notices.info
        tell("miner dropped", miner=peer, key=key, reason=str(reason))

    def warn(self, event: str, **values: object) -> None:
        """Tell of what leads to drops."""
        self._notices.warning(event, **values)

    def end(self, link: Link, error: Exception) -> None:
        """End the connection of a miner whose words raised an error, which is being handled.

        A mistake of ours that one miner's words bring out must not stop all the others.
        """
        if isinstance(error, ProtocolError):
            link.send(error.last_words)
            link.close(reason_of(error))
        else:
            self.warn("a bug, please report it", exc_info=True)
            link.close(BUG)
