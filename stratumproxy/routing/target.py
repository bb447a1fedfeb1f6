"""A target: what a tenant's miners mine for, by an ordered list of logins of which one is active.

A target's sessions are its own, also where another one mines on the same pool for the same account:
what a pool asks of a session, refuses on it or loses with it is then one customer's own doing.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import and_

from stratumproxy.accounting.account import Earned
from stratumproxy.config.hosting import DEFAULT
from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.extranonce import Layout
from stratumproxy.routing.policy import Order, policy_of
from stratumproxy.telemetry.records import TARGET
from stratumproxy.upstream.login import Login
from stratumproxy.upstream.names import Who
from stratumproxy.upstream.pool import Pool

NO_LIMIT = 1 << 32


class Target:
    """What one tenant's miners mine for.

    Args:
        tenant: its name.
        name: the target's, of all that the tenant has.
    """

    def __init__(self, tenant: str, name: str) -> None:
        self.tenant = tenant
        self.name = name
        self.earned = Earned()
        """The work that counted for it since the start."""
        self.logins: list[Login] = []
        """In the configured order; retired ones at the end."""
        self._with_names: list[Login] = []
        """Of those that are configured, who tell the pool of names."""
        self.order = Order(policy_of(self.logins))
        self.miners_per_session = NO_LIMIT
        """What every pool allows: a group moves from pool to pool as a whole."""
        self.smallest: int | None = None
        """The smallest extranonce2 size of any pool that it ever had."""
        self.layout: Layout | None = None
        """How a session of its is shared; None before a pool's size is known."""
        self.version_mask: int | None = None
        """What the pool that is mined on lets miners roll; None before there was a job."""
        self.retired = False
        """It is configured no more."""
        self.turning_away = False
        """It had nothing to mine on for so long that nobody is taken in."""
        self.dark_since: float | None = None
        """Since when there has been nothing to mine on; None if there is something."""

    def __repr__(self) -> str:
        return f"Target({self.tenant!r}, {self.name!r})"

    @property
    def told(self) -> str:
        """Its name as it is told: nothing, where there is nothing to choose from."""
        return TARGET if self.name == DEFAULT else self.name

    @property
    def shared(self) -> bool:
        """Whether miners share sessions."""
        return self.layout is not None and self.layout.shared

    def log_in(
        self, wanted: Sequence[Login], in_use: Callable[[Login], bool], now: float
    ) -> list[Login]:
        """Mine by these logins from now on, in this order; those that are the same go on.

        Args:
            wanted: the logins.
            in_use: whether a login has a session, or shares under way.
            now: the time.

        Returns:
            Those that were not there before.
        """
        current = [login for login in self.logins if login.retired is None]
        after = [
            next((before for before in current if before.is_same(login)), login) for login in wanted
        ]
        fresh = [login for login in after if login not in current]
        for login in current:
            if login not in after:
                login.retired = now
        after += [login for login in self.logins if login.retired is not None and in_use(login)]
        self.logins = after
        self._with_names = [
            login for login in after if login.retired is None and login.names is not None
        ]
        self.order.policy = policy_of(after)
        limits = [login.pool.config.miners_per_session or NO_LIMIT for login in wanted]
        self.miners_per_session = min(limits, default=NO_LIMIT)
        self.learn()
        return fresh

    def who(self, miner: Miner) -> Who | None:
        """For whom a miner needs a session that is nobody else's, by what its pools take.

        Returns:
            None where it needs none: names share sessions or don't go out, or it has none of its
            own. A connection with several names can't be on a session of each; nor can a miner
            whose session was opened before it said its name, where sessions can't be shared.
        """
        worker = miner.worker
        if not self._with_names or worker is None or miner.workers or not self.shared:
            return None
        own = [login for login in self._with_names if login.way == "own"]
        if not own:
            return None
        who = Who(worker.tenant, worker.name)
        if any(login.names is not None and login.names.naming.by_machine for login in own):
            who = Who(worker.tenant, worker.name, miner.host, miner.listener.name)
        named = any(login.user_for(who) != login.account.user for login in own)
        return who if named else None

    def mines_on(self, pool: Pool) -> bool:
        """Whether it may mine on a pool."""
        return any(login.pool is pool for login in self.logins)

    def learn(self) -> bool:
        """A pool's extranonce2 size is known, or has become smaller, or another pool is configured.

        A pool that is gone does not widen the layout: slots of the old one are still out there.
        Miners seated before keep what they have, as long as it fits. Where miners share sessions
        from now on no more, those who do go on.

        Returns:
            Whether the layout changed.
        """
        sizes = [login.pool.size for login in self.logins] + [self.smallest]
        self.smallest = min((size for size in sizes if size is not None), default=None)
        before = self.layout
        if self.smallest is not None:
            self.layout = Layout.of(self.smallest, alone=self.miners_per_session == 1)
        return self.layout != before

    def lit(self) -> None:
        """There is something to mine on."""
        self.dark_since, self.turning_away = None, False

    def dark(self, now: float) -> None:
        """There is nothing to mine on."""
        if self.dark_since is None:
            self.dark_since = now

    def is_over(self, patience: float, now: float) -> bool:
        """Whether it has been dark just now for as long as miners stay.

        Args:
            patience: seconds that is, before they go to their own fallback.
            now: the time.
        """
        if self.turning_away or self.dark_since is None or now - self.dark_since < patience:
            return False
        self.turning_away = True
        return True


def common_layout(targets: Iterable[Target]) -> Layout | None:
    """What fits every target whose miners share sessions.

    Returns:
        None while no size is known; one that can't be shared if that is true of every target.
    """
    known = [target for target in targets if target.layout is not None]
    shared = [target.smallest for target in known if target.shared and target.smallest is not None]
    if shared:
        return Layout.of(min(shared))
    return known[0].layout if known else None


def common_mask(targets: Iterable[Target]) -> int:
    """The version bits that every target's pool lets miners roll, of those that are known."""
    masks = [target.version_mask for target in targets if target.version_mask is not None]
    return reduce(and_, masks) if masks else 0
