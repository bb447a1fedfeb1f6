"""The dashboard: files of this package, read once, under the paths that were there then."""

from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What may be served, and as what; nothing else is."""


def routes() -> list[Route]:
    """A route for each file, and `/` for the page. A fixed list, so there is no path to escape."""
    found = dict(_walk(files("stratumproxy.web") / "static", "/static"))
    if page := found.get("/static/index.html"):
        found["/"] = page
    return [Route(path, endpoint) for path, endpoint in sorted(found.items())]


Endpoint = Callable[[Request], Awaitable[Response]]


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, Endpoint]]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{path}/{entry.name}")
            continue
        _, dot, suffix = entry.name.rpartition(".")
        if media := TYPES.get(dot + suffix.lower()):
            yield f"{path}/{entry.name}", _file(entry.read_bytes(), media)


def _file(body: bytes, media: str) -> Endpoint:
    """Browsers keep it, and ask each time whether it is still the same: upgrades show at once."""
    headers = {"ETag": f'W/"{sha256(body).hexdigest()[:32]}"', "Cache-Control": "no-cache"}

    async def endpoint(request: Request) -> Response:
        known = request.headers.get("if-none-match", "")
        if headers["ETag"] in known or known.strip() == "*":
            return Response(None, 304, headers)
        return Response(body, 200, {**headers, "Content-Type": media})

    return endpoint
