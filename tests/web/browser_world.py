"""The made-up fleet in a process of its own.

`python -m tests.web.browser_world WORKERS TOKEN_FILE [ACMES [LEDGER]]` says where it is. With
acme's token file as well, half of the machines are acme's, and nobody reads without a token. With 0
workers nothing has ever been heard of, the ledger can't be written, and an operator's order holds.
"""

import sys
import time
from functools import partial

import trio

from stratumproxy.config.control import Api
from stratumproxy.config.hosting import Tenant
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.fleet.watch import Watch
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.sink import SinkState
from stratumproxy.web import make_app, serve
from tests.web.world import serve_world


async def main(
    workers: int, config: Api, tenants: list[Tenant], ledger: LedgerReader | None
) -> None:
    async with trio.open_nursery() as nursery:
        if workers:
            served = await nursery.start(
                partial(serve_world, workers, config=config, tenants=tenants, ledger=ledger)
            )
            url = served.url
        else:
            fleet = Fleet(time.time())
            full = SinkState("ledger", False, "the disk is full", None, 9, 3, 0.1, 0)
            order = PoolOrder("backup.example:3333", "10.0.0.9", fleet.started - 600, kept=True)
            watch = Watch(fleet, sinks=lambda: [full], orders=lambda: [order])
            app = make_app(fleet, config=config, clock=time.time, watch=watch)
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            await nursery.start(serve, app, listeners, trio.Event())
            url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        print(url, flush=True)


if __name__ == "__main__":
    _, number, file, *more = sys.argv
    owners = [Tenant(name="acme", workers=["*"], token_file=each) for each in more[:1]]
    ledger = LedgerReader(more[1]) if more[1:] else None
    config = Api(token_file=file, read_needs_token=bool(owners))
    trio.run(main, int(number), config, owners, ledger)
