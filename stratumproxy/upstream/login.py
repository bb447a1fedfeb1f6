"""A login: a pool, and the account that is mined for there."""

from stratumproxy.accounting.account import Account, Earned
from stratumproxy.accounting.naming import Naming
from stratumproxy.config.hosting import WorkerNames
from stratumproxy.telemetry.notices import Notices
from stratumproxy.telemetry.records import TARGET, TENANT
from stratumproxy.upstream.names import Names, SessionNames, Who
from stratumproxy.upstream.pool import Pool
from stratumproxy.upstream.sharing import Way


class Login:
    """How one target mines on a pool.

    Args:
        pool: the pool.
        account: for whom, and where it is credited.
        password: the account's.
        worker_names: under which names shares go: as the account, or as each worker.
        worker_format: how a worker is called there.
        notices: where it is told what pools make of names.
        earned: where the work is added up that counts by it, and by others of the target.
    """

    def __init__(
        self,
        pool: Pool,
        account: Account,
        password: str,
        worker_names: WorkerNames,
        worker_format: str,
        notices: Notices,
        earned: Earned,
    ) -> None:
        self.pool = pool
        self.account = account
        self.password = password
        self.worker_names = worker_names
        self.worker_format = worker_format
        self.names: Names | None = None
        """What workers are called there; None where all go as the account."""
        if worker_names != "account":
            self.names = Names(Naming(account.user, worker_format), pool.sharing, notices)
        self.earned = earned
        self.said: dict[str, str] = {"pool": pool.name}
        """What events of its sessions say of it. Those of a tenant's are for the tenant, too."""
        if account.tenant != TENANT:
            self.said |= {"tenant": account.tenant, "account": account.user}
            if account.target != TARGET:
                self.said["target"] = account.target
        self.retired: float | None = None
        """When it was configured no more; None: it still is."""

    def __repr__(self) -> str:
        return f"Login({self.account.user!r} at {self.pool.name!r})"

    @property
    def way(self) -> Way | None:
        """How names get to the pool; None as long as that is not known."""
        return self.pool.sharing.way(self.worker_names)

    def user_for(self, who: Who | None) -> str:
        """What a session authorizes as.

        Args:
            who: whose it is; None for one of many.
        """
        if who is None or self.names is None or self.way != "own":
            return self.account.user
        return self.names.name(who)

    def session_names(self, who: Who | None) -> SessionNames | None:
        """For a new session: the names that its shares may go under, beside its user's."""
        own = self.user_for(who) != self.account.user
        return None if self.names is None or own else SessionNames(self.names)

    def is_same(self, other: "Login") -> bool:
        """Whether nothing about it has changed."""
        return (
            self.pool is other.pool
            and self.account == other.account
            and self.password == other.password
            and self.worker_names == other.worker_names
            and self.worker_format == other.worker_format
        )
