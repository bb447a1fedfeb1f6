"""A login: a pool, and the account that is mined for there."""

from stratumproxy.accounting.account import Account
from stratumproxy.upstream.pool import Pool


class Login:
    """How one target mines on a pool.

    Args:
        pool: the pool.
        account: for whom, and where it is credited.
        password: the account's.
        worker_names: under which names shares go: as the account, or as each worker.
        worker_format: how a worker is called there.
    """

    def __init__(
        self,
        pool: Pool,
        account: Account,
        password: str,
        worker_names: str = "account",
        worker_format: str = "",
    ) -> None:
        self.pool = pool
        self.account = account
        self.password = password
        self.worker_names = worker_names
        self.worker_format = worker_format
        self.retired: float | None = None
        """When it was configured no more; None: it still is."""

    def __repr__(self) -> str:
        return f"Login({self.account.user!r} at {self.pool.name!r})"

    def is_same(self, other: "Login") -> bool:
        """Whether nothing about it has changed."""
        return (
            self.pool is other.pool
            and self.account == other.account
            and self.password == other.password
            and self.worker_names == other.worker_names
            and self.worker_format == other.worker_format
        )
