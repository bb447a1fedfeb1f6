"""Limbo: shares that were on their way when their pool's connection ended.

A pool that takes the session up again, with the same extranonce1, still knows their jobs, and gets
them once more. It may have had them already: "duplicate" is then as good as "accepted". Otherwise
they are lost, and their miners are told so.
"""

from stratumproxy.mining.job import Terms
from stratumproxy.mining.submission import Submission
from stratumproxy.proxy.pool import PoolSession

DUPLICATE = 22


class Limbo:
    """Shares of one session that ended.

    Args:
        session: the session; its shares without a verdict are taken out of it.
        now: when it ended.
    """

    def __init__(self, session: PoolSession, now: float) -> None:
        self.extranonce = session.extranonce1, session.extranonce2_size
        self.shares = session.abandon()
        self.since = now

    def fits(self, terms: Terms) -> bool:
        """Whether a session with these terms is the same one, taken up again."""
        return self.extranonce == (terms.extranonce1, terms.extranonce2_size)

    def send_again(self, session: PoolSession, now: float) -> None:
        """Send all of them on the session that takes theirs up."""
        for share in self.shares:
            share.sent = now
            share.again = True
            session.submit(share, share.head, share.fields)


def accepted(share: Submission) -> bool:
    """Whether the pool's verdict on a share means that it counts."""
    return share.error is None or (share.again and share.error[0] == DUPLICATE)
