"""Who withholds what pools want: workers that send less of it than chance allows."""

from typing import NamedTuple

from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import judge
from stratumproxy.ledger.reader import LedgerReader

SPANS = 86_400.0, 3 * 3600.0
"""How far back it is looked: who has only begun is seen in the shorter time, and who withholds some
of it in the longer."""

CONFIDENCE = 0.9999
"""With which nobody is named if only chance is at work. It is asked again and again, and for it a
worker's shares leave an account: so far more than an audit wants, which a person reads."""


class Withholding(NamedTuple):
    """A worker that does."""

    worker: str
    expected: float
    """Shares that should have been sent."""
    sent: int


def withholding(reader: LedgerReader, tenant: str, until: float) -> tuple[list[Withholding], int]:
    """Workers of a tenant that withhold good shares, or whose hashes are not random.

    Args:
        reader: of the ledger.
        tenant: whose workers, at all pools together.
        until: Unix seconds; it is looked at what they did in `SPANS` before.

    Returns:
        They, those with most work first, and how many workers were looked at.

    Raises:
        SinkError: the ledger can't be read, or has nothing of that tenant.
    """
    found: dict[str, Withholding] = {}
    workers = 0
    for seconds in SPANS:
        account = reader.account(Which(tenant=tenant), until - seconds, until, by="worker")
        audit = judge(account, "worker", 1 - (1 - CONFIDENCE) / len(SPANS))
        workers = max(workers, len(audit.rows))
        for row in audit.rows:
            if (
                row.worker
                and row.expected
                and row.low is not None
                and not row.estimated
                and row.forwarded + audit.total.dropped < row.low
            ):
                each = Withholding(row.worker, row.expected, row.forwarded)
                found.setdefault(row.worker, each)
    return sorted(found.values(), key=lambda each: -each.expected), workers
