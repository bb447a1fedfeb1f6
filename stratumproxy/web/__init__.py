"""The API over HTTP, server-sent events, and the dashboard's files. docs/api.md says how to use it.

`make_app` makes the Starlette application, `serve` serves it on sockets by Hypercorn under trio.
"""

from stratumproxy.web.app import make_app
from stratumproxy.web.serve import serve

__all__ = ["make_app", "serve"]
