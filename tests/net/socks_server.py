"""A SOCKS5 server (RFC 1928, RFC 1929), as small as it can be."""

from ipaddress import IPv4Address

import trio

USER, PASSWORD = b"farm", b"hunter2"


class SocksServer:
    """Connects whoever asks, to wherever the test says, and notes what was asked for.

    Args:
        to: where every connection goes; None refuses them all.
        login: ask for `USER` and `PASSWORD`.
    """

    def __init__(self, to: tuple[str, int] | None, *, login: bool = False) -> None:
        self._to = to
        self._login = login
        self.asked: list[tuple[str, int]] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        version, count = await _exactly(stream, 2)
        methods = await _exactly(stream, count)
        method = 2 if self._login else 0
        assert version == 5
        await stream.send_all(bytes([5, method if method in methods else 255]))
        if method not in methods or (self._login and not await self._logged_in(stream)):
            return
        assert await _exactly(stream, 3) == bytes([5, 1, 0])
        self.asked.append(await _address(stream))
        if self._to is None:
            await stream.send_all(bytes([5, 5, 0, 1]) + bytes(6))
            return
        await stream.send_all(bytes([5, 0, 0, 1]) + bytes(6))
        async with await trio.open_tcp_stream(*self._to) as there, trio.open_nursery() as nursery:
            nursery.start_soon(_pass_on, stream, there, nursery.cancel_scope)
            nursery.start_soon(_pass_on, there, stream, nursery.cancel_scope)

    async def _logged_in(self, stream: trio.SocketStream) -> bool:
        assert await _exactly(stream, 1) == b"\1"
        user = await _exactly(stream, (await _exactly(stream, 1))[0])
        password = await _exactly(stream, (await _exactly(stream, 1))[0])
        good = (user, password) == (USER, PASSWORD)
        await stream.send_all(bytes([1, not good]))
        return good


async def _address(stream: trio.SocketStream) -> tuple[str, int]:
    match (await _exactly(stream, 1))[0]:
        case 1:
            host = str(IPv4Address(await _exactly(stream, 4)))
        case 3:
            host = (await _exactly(stream, (await _exactly(stream, 1))[0])).decode()
        case kind:
            raise AssertionError(f"address of kind {kind}")
    return host, int.from_bytes(await _exactly(stream, 2))


async def _exactly(stream: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = await stream.receive_some(size - len(data))
        assert piece
        data += piece
    return data


async def _pass_on(
    here: trio.SocketStream, there: trio.SocketStream, both: trio.CancelScope
) -> None:
    try:
        async for data in here:
            await there.send_all(data)
    except trio.BrokenResourceError:
        pass
    both.cancel()
