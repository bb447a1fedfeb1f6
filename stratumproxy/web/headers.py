"""What every answer says to browsers, and what every request must say about us."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratumproxy.web.errors import problem
from stratumproxy.web.site import Access

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::[0-9]{1,5})?")


def secure(headers: MutableHeaders) -> None:
    """Put `SECURITY` among an answer's headers."""
    for name, value in SECURITY.items():
        headers.setdefault(name, value)


class SecurityHeaders:
    """Puts `SECURITY` on every answer, and routes paths as they were sent.

    A path is matched before its percent-encoding is undone, so that a worker's name may hold
    slashes, and no `%2e%2e` becomes a way up.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if raw := scope.get("raw_path"):
            scope = {**scope, "path": raw.decode("latin-1")}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, with_headers)


class HostCheck:
    """Keeps other sites' pages out of an API that is bound to loopback and asks for no token.

    A page may give its own name our address once it is loaded (DNS rebinding); the browser then
    lets it read our answers, but still sends the page's name as Host. A request that says it was
    forwarded may be for any name: it needs the token.

    Args:
        app: what answers.
        access: where the API is bound, and what it may be called.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and self._access.local(headers := Headers(scope=scope)):
            host = _HOST.fullmatch(headers.get("host", ""))
            name = (host[1] or host[2]).lower().rstrip(".") if host else ""
            if name not in self._access.hosts:
                refused = problem(
                    421,
                    "this API is bound to this machine, and is called localhost, 127.0.0.1 or "
                    "[::1]; the Host header says something else",
                )
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)
