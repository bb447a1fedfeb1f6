"""Who takes orders in a fleet made up for tests."""

from collections.abc import Sequence

from stratumproxy.errors import StratumProxyError


class MadeUpOrders:
    """Says that whatever was ordered was done, in the words of the real ones.

    Args:
        pools: those there are; only the first is ready, as in `World.snapshot`.
    """

    def __init__(self, pools: Sequence[str] = ()) -> None:
        self._pools = pools

    async def give(self, action: str, arguments: dict[str, object], by: str) -> dict[str, object]:
        if action == "reload":
            return {"reload": "asked for; the log says what changed"}
        if action == "switch-pool":
            pool = arguments["pool"]
            if pool and pool not in self._pools:
                raise StratumProxyError(f"no pool is named {pool!r}")
            ready = pool in ("", *self._pools[:1])
            return {"pool": pool, "miners": 1200 if ready else 0, "ready": ready}
        if action == "accept":
            return {"worker": arguments["worker"], "was": 1e14, "usual": 5e13, "kept": True}
        return {"miners": 1}
