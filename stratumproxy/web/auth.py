"""Who may ask and who may order: a bearer token, and for browsers' event streams a cookie by it."""

import hmac
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from stratumproxy.web.answer import json_response
from stratumproxy.web.errors import Refusal
from stratumproxy.web.operation import Nothing, Operation
from stratumproxy.web.site import Access, Site

COOKIE = "stratumproxy"
SESSION_SECONDS = 12 * 3600

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="stratumproxy"'}


def may(access: Access, need: Literal["open", "read", "act"], request: Request, now: float) -> None:
    """Let a request pass.

    Raises:
        Refusal: it lacks the token (401), or there is none (403).
    """
    if need == "open" or (need == "read" and access.local(request.headers)):
        return
    if not access.token:
        # Without one, this is bound to loopback.
        what = "orders" if need == "act" else "requests that a proxy forwards"
        raise Refusal(403, f"{what} need a token, and none is configured: see [api] token_file")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if hmac.compare_digest(given.strip().encode("latin-1"), access.token):
            return
        raise Refusal(401, "this is not the token of [api] token_file", headers=CHALLENGE)
    if need == "act":
        raise Refusal(401, "orders need the header Authorization: Bearer TOKEN", headers=CHALLENGE)
    if not _is_session(access, request.cookies.get(COOKIE, ""), now):
        raise Refusal(
            401,
            "this needs the header Authorization: Bearer TOKEN, or a session by /api/login",
            headers=CHALLENGE,
        )


def reads(access: Access, request: Request, now: float) -> bool:
    """Whether whoever asks may read."""
    try:
        may(access, "read", request, now)
    except Refusal:
        return False
    return True


LONGEST_ADDRESS = 100


def asker(request: Request) -> str:
    """Who asks, for the record: the address, and for whom it asks if it says that it is a proxy."""
    host = request.client.host if request.client else "somebody"
    *_, origin = request.headers.get("x-forwarded-for", "").rsplit(",", 1)
    origin = "".join(filter(str.isprintable, origin)).strip()[:LONGEST_ADDRESS]
    return f"{origin} by way of {host}" if origin else host


def _session(access: Access, until: int) -> str:
    """A session's cookie: when it ends, signed with the token, so that nothing need be kept."""
    signature = hmac.digest(access.token, f"session until {until}".encode(), "sha256").hex()
    return f"{until}.{signature}"


def _is_session(access: Access, cookie: str, now: float) -> bool:
    until, _, _ = cookie.partition(".")
    if not until.isascii() or not until.isdigit() or len(until) > 12 or int(until) <= now:
        return False
    return hmac.compare_digest(cookie.encode(), _session(access, int(until)).encode())


class Login(BaseModel):
    """What to log in with."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=4096, description="The secret of [api] token_file.")


class LoggedIn(BaseModel):
    """A session began; its cookie is in the answer's headers."""

    seconds: int = Field(description="How long it lasts.")


async def login(site: Site, given: Login) -> Response:
    """Trade the token for a cookie, for browsers: theirs can't put headers on event streams."""
    access = site.access
    if not access.token:
        raise Refusal(403, "there is no token to log in with: see [api] token_file")
    if not hmac.compare_digest(given.token.encode(errors="replace"), access.token):
        raise Refusal(401, "this is not the token of [api] token_file", headers=CHALLENGE)
    response = json_response({"seconds": SESSION_SECONDS})
    response.set_cookie(
        COOKIE,
        _session(access, int(site.now()) + SESSION_SECONDS),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
    )
    return response


class RightToken(BaseModel):
    """The token is the right one."""

    may: Literal["act"] = Field(description="What it is good for, beside reading.")


async def access(site: Site, given: Nothing) -> dict[str, str]:
    """Ask whether a token is the right one before it is used: 200 if so, and 401 if not."""
    return {"may": "act"}


OPERATIONS = [
    Operation("GET", "/api/access", access, returns=RightToken, tag="access", need="act"),
    Operation(
        "POST", "/api/login", login, Login, LoggedIn, tag="access", need="open", errors=(401, 403)
    ),
]
