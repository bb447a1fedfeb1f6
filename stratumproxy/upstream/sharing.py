"""Whether a pool takes several names on one session: what is known, why, and when to ask again.

There is no message that says it. Pools answer a second mining.authorize with true and take shares
under either name (slush's stratum-mining, NOMP, DATUM, Braiins Pool), with an error (btcpool,
NiceHash), by hanging up (NiceHash) or not at all (ckpool). So a session of its own is opened, asks,
and is closed again (`upstream.probe`). What came of it holds until something speaks against it.
"""

from collections.abc import Container
from typing import Literal

from stratumproxy.telemetry.notices import NoNotices, Notices

Way = Literal["shared", "own", "account"]
"""How a worker's name gets to a pool: on a session that has others', on one of its own, or not."""

SOON, LATEST = 60.0, 3600.0
"""Seconds between two probes at least; twice as many after each that brought no news."""


class Sharing:
    """What is known of one pool.

    Args:
        pool: its name, for logs.
    """

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._notices: Notices = NoNotices()
        self.wanted = False
        """Somebody wants to know: names go to it."""
        self.shared: bool | None = None
        """Whether it takes several; None: not known yet."""
        self.why = ""
        """What that rests on, or why it is not known."""
        self.first: dict[str, tuple[str, ...]] = {}
        """Who came to a name first, as `upstream.names` has it: over all accounts, as two targets
        may have the same one."""
        self.unnamed = 0
        """Shares so far of workers with a name that went as the account."""
        self._print: object = None
        """How the session introduced itself that this was learnt on."""
        self._doubt = ""
        """What speaks against it since."""
        self._pause = SOON
        self._not_before = 0.0
        self._probing = False

    def want(self, notices: Notices) -> None:
        """Names go to it, if it takes them.

        Args:
            notices: where a decision is told.
        """
        self.wanted, self._notices = True, notices

    def forget_all_but(self, tenants: Container[object]) -> None:
        """What workers of others than these tenants were called, is nobody's any more."""
        for name in [name for name, (tenant, *_) in self.first.items() if tenant not in tenants]:
            del self.first[name]

    @property
    def told(self) -> str:
        """How names get to it, as snapshots have it: see `PoolSnapshot.names`."""
        if not self.wanted:
            return ""
        return "asking" if self.shared is None else "shared" if self.shared else "own"

    def due(self, now: float) -> bool:
        """Whether a probe is to begin now."""
        open_question = self.shared is None or bool(self._doubt)
        return self.wanted and open_question and not self._probing and now >= self._not_before

    def begin(self) -> None:
        """A probe begins."""
        self._probing = True

    def decide(self, shared: bool, why: str, fingerprint: object, now: float) -> None:
        """A probe was answered, one way or the other.

        Args:
            shared: whether several names may share a session.
            why: what the pool did.
            fingerprint: how the session introduced itself.
            now: the time.
        """
        news = shared is not self.shared
        self._ended(now, news=news)
        self.shared, self.why, self._print, self._doubt = shared, why, fingerprint, ""
        if news:
            self._notices.info(
                "several names share a session at this pool"
                if shared
                else "this pool takes one name a session",
                pool=self._pool,
                why=why,
            )

    def fail(self, why: str, now: float) -> None:
        """A probe came to nothing: the pool could not be asked, and may be well the next minute."""
        self._ended(now, news=True)
        if self.shared is None:
            self.why = f"it could not be asked: {why}"

    def _ended(self, now: float, *, news: bool) -> None:
        """A probe is over; `news` if it is no confirmation of what was known."""
        self._probing = False
        self._pause = SOON if news else min(self._pause * 2, LATEST)
        self._not_before = now + self._pause

    def doubt(self, why: str) -> None:
        """It answered otherwise than it was known to: it is asked again before long."""
        if self.shared is not None and not self._doubt:
            self._doubt = why
            self._notices.info(
                "the pool answers otherwise than it did: it will be asked again whether names may "
                "share a session",
                pool=self._pool,
                why=why,
            )

    def suspend(self, why: str) -> None:
        """It hung up when it was asked for a name: no other is asked for before a probe was."""
        if self.shared:
            self.doubt(why)
            self.shared, self.why = None, why

    def contradict(self, why: str, now: float) -> None:
        """It took a name, and then no share under it: what it answers is not what it does."""
        if self.shared:
            self.decide(False, why, self._print, now)

    def meet(self, fingerprint: object) -> None:
        """A session introduced itself: if otherwise than the one before, it is another software."""
        if self._print is not None and fingerprint != self._print:
            self.doubt("its sessions begin differently")

    def way(self, how: Literal["account", "each", "auto"]) -> Way | None:
        """How names get to it, by what is configured.

        Args:
            how: `worker_names`.

        Returns:
            None as long as that is not known: what comes meanwhile goes as the account.
        """
        if how == "account":
            return "account"
        if self.shared is None:
            return None
        return "shared" if self.shared else "own" if how == "each" else "account"
