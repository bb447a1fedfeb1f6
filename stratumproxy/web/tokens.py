"""The tokens that are configured, who has which, and the sessions that are begun with them."""

import hmac
from collections.abc import Iterator, Sequence
from hashlib import sha256
from secrets import token_bytes
from typing import NamedTuple

import structlog

from stratumproxy.config.control import Api, read_token
from stratumproxy.config.hosting import Tenant
from stratumproxy.web.viewer import Viewer


class _Token(NamedTuple):
    secret: bytes
    viewer: Viewer


class Tokens:
    """Who has which token. The files are read here, once.

    Args:
        api: `token_file` and `[[api.token]]`.
        tenants: each has its own `token_file`, or none.
    """

    def __init__(self, api: Api, tenants: Sequence[Tenant] = ()) -> None:
        # By a digest that nobody can foresee: how long a look-up takes says nothing of a secret.
        self._key = token_bytes(32)
        self._by_digest: dict[bytes, _Token | None] = {}
        """Nobody's is a secret that two customers have: neither is to be told of the other."""
        self._by_id: dict[str, _Token] = {}
        for id, token in _configured(api, tenants):
            self._by_id[id] = token
            digest = self._digest(token.secret)
            if digest not in self._by_digest:
                self._by_digest[digest] = token
                continue
            same = self._by_digest[digest]
            self._by_digest[digest] = same and _lesser(same, token)
            structlog.get_logger().warning(
                "two tokens have one secret, which opens what the lesser of them may, and nothing "
                "if they are two customers'; make another for one of them",
                names=[each.viewer.name for each in (same, token) if each is not None],
            )

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._by_digest)

    def viewer(self, given: bytes) -> Viewer | None:
        """Who has a token; None for nobody."""
        token = self._by_digest.get(self._digest(given))
        return token and token.viewer

    def session(self, given: bytes, until: int) -> str | None:
        """A session's cookie: until when, by which token, signed with it, so that nothing is kept.

        Args:
            given: a token.
            until: when the session ends, in seconds.

        Returns:
            None if nobody has that token.
        """
        token = self._by_digest.get(self._digest(given))
        if token is None:
            return None
        id = next(id for id, each in self._by_id.items() if each is token)
        return f"{until}.{id}.{_signed(token.secret, id, until)}"

    def of_session(self, cookie: str, now: float) -> Viewer | None:
        """Who has begun a session; None if it is over, or none."""
        until, _, rest = cookie.partition(".")
        id, _, signature = rest.partition(".")
        token = self._by_id.get(id)
        if not until.isascii() or not until.isdigit() or len(until) > 12 or int(until) <= now:
            return None
        if token is None or not signature.isascii():
            return None
        if not hmac.compare_digest(signature, _signed(token.secret, id, int(until))):
            return None
        return token.viewer

    def _digest(self, secret: bytes) -> bytes:
        return hmac.digest(self._key, secret, "sha256")


def _configured(api: Api, tenants: Sequence[Tenant]) -> Iterator[tuple[str, _Token]]:
    if api.token_file:
        yield _id("api", ""), _Token(api.secret.encode(), Viewer(may_act=True))
    for each in api.token:
        viewer = Viewer(each.name, each.role == "operate", each.tenant or None)
        yield _id("token", each.name), _Token(read_token(each.file).encode(), viewer)
    for tenant in tenants:
        if tenant.token_file:
            viewer = Viewer(f"tenant {tenant.name}", tenant=tenant.name)
            yield _id("tenant", tenant.name), _Token(read_token(tenant.token_file).encode(), viewer)


def _id(kind: str, name: str) -> str:
    """What a session calls a token."""
    return sha256(f"{kind} {name}".encode(errors="replace")).hexdigest()[:16]


def _signed(secret: bytes, id: str, until: int) -> str:
    return hmac.digest(secret, f"session of {id} until {until}".encode(), "sha256").hex()


def _lesser(one: _Token, other: _Token) -> _Token | None:
    """Which of two tokens with one secret it is taken for: the one of a tenant, then a reader's.

    Returns:
        None if they are two tenants'.
    """
    mine, theirs = one.viewer, other.viewer
    if mine.tenant and theirs.tenant and mine.tenant != theirs.tenant:
        return None
    if (theirs.tenant is not None, not theirs.may_act) > (
        mine.tenant is not None,
        not mine.may_act,
    ):
        return other
    return one
