"""Customers of a proxy, and what becomes of them: a reload, a kill, a failover, a restart."""

from collections.abc import Awaitable, Callable

from tests.end_to_end.hosting import Hosting

ACME = [f"acme.{number}" for number in range(6)]
ZENITH = [f"zenith.{number}" for number in range(4)]
SOLD = ACME[:3]

STAY = """
[[tenant]]
name = "acme"
workers = ["acme.*"]
[[tenant.target]]
pools = [
  { pool = "main", user = "acme", worker_names = "each" },
  { pool = "other", user = "acme2" },
]
[[tenant]]
name = "zenith"
workers = ["zenith.*"]
[[tenant.target]]
pools = [
  { pool = "other", user = "z", worker_names = "auto" },
  { pool = "main", user = "z2", worker_names = "each" },
]
"""
COMES = """
[[tenant]]
name = "nova"
workers = ["acme.[0-2]"]
[[tenant.target]]
pools = [
  { pool = "other", user = "nova", worker_names = "each" },
  { pool = "main", user = "nova2" },
]
"""
WHO = {account: (account, "") for account in ("acme", "acme2", "z", "z2", "nova", "nova2")}
WHO |= {worker: ("acme", worker) for worker in ACME}
WHO |= {
    f"{account}.{worker.replace('.', between)}": (account, worker)
    for account, workers in [("z", ZENITH), ("z2", ZENITH), ("nova", SOLD)]
    for worker in workers
    for between in ("_", "")  # foundation-stratum leaves it out
}
"""What a name at a pool stands for: an account, and a worker of its."""


async def through_all(
    hosting: Hosting, cut: Callable[[], Awaitable[None]], mend: Callable[[], Awaitable[None]]
) -> None:
    """All of it, one after the other; after each, all sides are compared.

    Args:
        hosting: with pools "main" and "other", and `WHO`.
        cut: cuts off all of "other".
        mend: has it back.
    """
    await hosting.start(STAY)
    await hosting.mine(acme=len(ACME), zenith=len(ZENITH))
    await hosting.counts("main", "acme", ACME)
    kept = await hosting.settle()
    assert {tenant for tenant, _ in kept.accepted} == {"acme", "zenith"}
    assert hosting.reconnects == 0
    await hosting.check_unnamed(main="acme", other="z")

    await hosting.mine(acme=len(ACME), zenith=len(ZENITH))
    hosting.reload(COMES + STAY)
    await hosting.counts("other", "nova", SOLD)
    await hosting.keeps("nova", SOLD)
    kept = await hosting.settle()
    assert {worker for tenant, worker in kept.accepted if tenant == "nova"} == set(SOLD)
    assert hosting.reconnects == 0

    await hosting.mine(acme=len(ACME), zenith=len(ZENITH))
    await hosting.kill()
    await hosting.more()
    await hosting.rest()
    await hosting.stop()
    await hosting.settle()
    await hosting.start(COMES + STAY)

    await hosting.mine(acme=len(ACME), zenith=len(ZENITH))
    await cut()
    await hosting.counts("main", "z2", ZENITH)
    await hosting.counts("main", "nova2")
    await hosting.settle()
    assert hosting.reconnects == 0
    await mend()

    await hosting.mine(acme=len(ACME), zenith=len(ZENITH))
    await hosting.stop()
    await hosting.start(COMES + STAY)
    await hosting.more()
    await hosting.settle()
    await hosting.stop()
