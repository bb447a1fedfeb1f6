"""The made-up fleet in a process of its own: `python -m tests.web.browser_world WORKERS`.

Says where it is, and its token, as a line of JSON. With 0 workers nothing has ever been heard of.
"""

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import trio

from stratumproxy.config.control import Api
from stratumproxy.fleet import Fleet
from stratumproxy.web import make_app, serve
from tests.web.world import serve_world

TOKEN = "made up for tests only"


def tell(url: str) -> None:
    print(json.dumps({"url": url, "token": TOKEN}), flush=True)


async def main(workers: int, config: Api) -> None:
    async with trio.open_nursery() as nursery:
        if workers:
            served = await nursery.start(partial(serve_world, workers, config=config))
            tell(served.url)
        else:
            app = make_app(Fleet(time.time()), config=config, clock=time.time)
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            await nursery.start(serve, app, listeners, trio.Event())
            tell(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "token")
        file.write_text(TOKEN)
        try:
            trio.run(main, int(sys.argv[1]), Api(token_file=str(file)))
        except* KeyboardInterrupt:
            pass
