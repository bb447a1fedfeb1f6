"""The application: every endpoint, behind the checks that all requests pass."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stratumproxy.config import Config
from stratumproxy.config.control import Api
from stratumproxy.config.hosting import Tenant
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.watch import Watch
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.sink import SinkState
from stratumproxy.web import (
    actions,
    audit,
    auth,
    credit,
    events,
    groups,
    health,
    history,
    journal,
    miners,
    openapi,
    pools,
    report,
    shares,
    splits,
    static,
    strangers,
    summary,
    table,
    tenants,
    workers,
)
from stratumproxy.web.answer import json_response
from stratumproxy.web.errors import Guard, respond
from stratumproxy.web.headers import HostCheck, SecurityHeaders
from stratumproxy.web.metrics import Metrics
from stratumproxy.web.operation import Operation
from stratumproxy.web.site import Access, Orders, Site, no_groups
from stratumproxy.web.streams import Streams
from stratumproxy.web.viewer import Reach

GZIP_LEVEL = 4
"""Half the time of the usual 9 for a tenth more bytes, and the table is gzipped every second."""

OPERATIONS: Sequence[Operation] = [
    *summary.OPERATIONS,
    *tenants.OPERATIONS,
    *splits.OPERATIONS,
    *groups.OPERATIONS,
    *workers.OPERATIONS,
    *table.OPERATIONS,
    *history.OPERATIONS,
    *miners.OPERATIONS,
    *strangers.OPERATIONS,
    *pools.OPERATIONS,
    *journal.OPERATIONS,
    *shares.OPERATIONS,
    *audit.OPERATIONS,
    *report.OPERATIONS,
    *credit.OPERATIONS,
    *events.OPERATIONS,
    *actions.OPERATIONS,
    *auth.OPERATIONS,
    *health.OPERATIONS,
]


def make_app(
    fleet: Fleet,
    *,
    config: Api,
    tenants: Sequence[Tenant] = (),
    groups_of: Callable[[str], dict[str, str]] = no_groups,
    clock: Callable[[], float],
    unix: Callable[[float], float] = lambda at: at,
    ledger: LedgerReader | None = None,
    orders: Orders | None = None,
    watch: Watch | None = None,
    sinks: Callable[[], Iterable[SinkState]] = tuple,
    whole: Callable[[], Config | None] = lambda: None,
) -> Starlette:
    """The API as an ASGI application for trio.

    Args:
        fleet: the live picture that is answered from.
        config: where it will listen, which decides who needs a token, and the tokens.
        tenants: whose tokens there are besides.
        groups_of: tells a worker's groups from its name.
        clock: the time as the fleet is told it, in seconds that pass evenly.
        unix: what the time of day is at a moment of that.
        ledger: what shares and long histories are read from, in threads.
        orders: who carries out actions.
        watch: of what is not as usual; by default one that knows what the fleet shows.
        sinks: how the ledger and the others do, for /metrics.
        whole: asked for all of the configuration that holds now, for what statements go by.

    Returns:
        The application; its `state.site` is what it answers from.
    """
    watch = watch or Watch(fleet)
    site = Site(
        fleet=fleet,
        watch=watch,
        access=Access(config, tenants),
        clock=clock,
        unix=unix,
        groups_of=groups_of,
        streams=Streams(
            fleet.journal, partial(summary.summary, fleet, watch), config.event_streams
        ),
        ledger=ledger,
        orders=orders,
        config=whole,
    )
    metrics = Metrics(
        fleet,
        clock,
        watch=watch,
        unix=unix,
        sinks=sinks,
        streams=lambda: site.streams.open,
    )
    app = Starlette(
        routes=[
            *(_route(site, operation) for operation in OPERATIONS),
            _guarded(site, "/metrics", metrics.respond, "none"),
            _guarded(site, "/api/openapi.json", _description, "same"),
            *static.routes(),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Guard),
            Middleware(HostCheck, access=site.access),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=GZIP_LEVEL),
        ],
        exception_handlers={HTTPException: respond},
    )
    app.router.redirect_slashes = False
    app.state.site = site
    return app


async def _description(request: Request) -> Response:
    return json_response(openapi.document(OPERATIONS))


def _route(site: Site, operation: Operation) -> BaseRoute:
    async def endpoint(request: Request) -> Response:
        viewer = auth.may(site.access, operation.need, operation.reach, request, site.now())
        with site.turns.turn(viewer.tenant if viewer else None):
            return await operation.respond(site, request, viewer)

    return Route(operation.path, endpoint, methods=[operation.method])


def _guarded(
    site: Site, path: str, answer: Callable[[Request], Awaitable[Response]], reach: Reach
) -> BaseRoute:
    """An endpoint for all who may read, that checks its parameters itself."""

    async def endpoint(request: Request) -> Response:
        auth.may(site.access, "read", reach, request, site.now())
        return await answer(request)

    return Route(path, endpoint)
