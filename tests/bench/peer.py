"""Servers of a few lines, each with a habit that real ones have. `peer.py HABIT PORT [POOL_PORT]`.

They are processes of their own, as everything is that `stratumproxy bench` measures.
"""

import asyncio
import json
import sys
from asyncio import StreamReader, StreamWriter
from typing import Any

HABIT, PORT, *POOL = [word for word in sys.argv[1:] if word != "the-child"]

NOTIFY = [
    *("job-a", "00" * 32, "01" * 40, "02" * 60, ["03" * 32, "04" * 32]),
    *("20000000", "1d00ffff", "65000000", True),
]
BABBLE = b'\n\r\nHTTP/1.1 400\n{"id":\n[]\n{"id": 7, "result": tru\n' + b"[" * 900 + b"\n"
HOST = "::1" if HABIT == "six" else "127.0.0.1"
SIZES = {"sizes": (11, 3)}
seen: set[tuple[object, ...]] = set()
DIFFICULTY = {"hashing": 1e-8, "hard": 1}.get(HABIT, 1e-10)


def told(writer: StreamWriter, message: dict[str, Any]) -> None:
    if HABIT == "method-last":
        message = dict(sorted(message.items(), reverse=True))
        message["method"] = message.pop("method", None)
    writer.write(json.dumps(message).encode() + b"\n")


async def pool(reader: StreamReader, writer: StreamWriter) -> None:
    """A pool, or what looks like one."""
    first, second = SIZES.get(HABIT, (4, 8))
    async for line in reader:
        request = json.loads(line)
        reply: dict[str, Any] = {"id": request["id"], "result": True, "error": None}
        match request["method"]:
            case "mining.configure":
                if HABIT == "deaf-to-configure":
                    continue
                reply["result"] = {}
            case "mining.subscribe":
                reply["result"] = [[["mining.notify", "1"]], "ab" * first, second]
            case "mining.authorize":
                told(writer, reply)
                told(writer, {"method": "mining.set_difficulty", "params": [DIFFICULTY]})
                told(writer, {"method": "mining.notify", "params": NOTIFY, "id": None})
                if HABIT == "babbles":
                    writer.write(BABBLE)
                continue
            case "mining.submit":
                if HABIT == "silent":
                    continue
                if HABIT == "endless":
                    writer.write(b"x" * 70_000)
                    continue
                wrong = len(request["params"]) != 5 or len(request["params"][2]) != 2 * second
                if HABIT == "refuses" or wrong:
                    reply |= {"result": None, "error": {"code": 23, "message": "low"}}
                if request["params"][1] != "job-a":
                    if HABIT == "hangs-up":
                        writer.close()
                        return
                    reply |= {"result": False, "error": [21, "what job", None]}
                elif (share := (id(writer), *request["params"])) in seen:
                    reply |= {"result": None, "error": [22, "again", None]}
                else:
                    seen.add(share)
                if HABIT == "names-for-ids":
                    reply["id"] = str(reply["id"])
        told(writer, reply)


async def passed_on(reader: StreamReader, writer: StreamWriter) -> None:
    """A proxy with a session for each miner, that looks at little."""
    upstream, downstream = await asyncio.open_connection("127.0.0.1", int(POOL[0]))

    async def back() -> None:
        async for line in upstream:
            writer.write(line)

    task = asyncio.create_task(back())
    async for line in reader:
        message = json.loads(line)
        if HABIT == "loses-bits" and message["method"] == "mining.submit":
            del message["params"][5]
        downstream.write(json.dumps(message).encode() + b"\n")
    task.cancel()
    downstream.close()
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(passed_on if POOL else pool, HOST, int(PORT))
    await server.serve_forever()


asyncio.run(main())
