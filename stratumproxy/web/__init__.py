"""The API over HTTP, server-sent events, and the dashboard's files. docs/api.md says how to use it.

`make_app` makes the Starlette application, `serve` serves it on sockets. `http1` is the protocol,
by h11 and without I/O; `exchange` makes ASGI of a request, `conversation` of a connection; `wire`
and `crowd` say what a client, and all together, may take of our time, memory and places.
"""

from stratumproxy.web.app import make_app
from stratumproxy.web.server import serve

__all__ = ["make_app", "serve"]
