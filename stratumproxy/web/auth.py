"""Who may ask and who may order: a bearer token, and for browsers' event streams a cookie by it."""

from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from stratumproxy.web.answer import json_response
from stratumproxy.web.errors import Refusal
from stratumproxy.web.operation import Need, Nothing, Operation
from stratumproxy.web.site import Access, Site
from stratumproxy.web.viewer import Reach, Viewer

COOKIE = "stratumproxy"
SESSION_SECONDS = 12 * 3600

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="stratumproxy"'}
UNKNOWN = "this token is not known"


def may(access: Access, need: Need, reach: Reach, request: Request, now: float) -> Viewer | None:
    """Let a request pass.

    Args:
        access: who may come from where.
        need: what the endpoint needs.
        reach: what of it is there for a tenant's token.
        request: who asks.
        now: the time, as sessions end by it.

    Returns:
        Who asks; None for somebody who may not read, where that needs nothing.

    Raises:
        Refusal: it lacks a token (401); there is none, or it is not enough (403).
    """
    try:
        viewer = _viewer(access, need, request, now)
    except Refusal:
        if need == "open":
            return None
        raise
    if viewer.tenant is not None and reach == "none":
        raise Refusal(403, "this token is for one tenant's figures, and this is of the whole proxy")
    return replace(viewer, origin=origin_of(request))


def _viewer(access: Access, need: Need, request: Request, now: float) -> Viewer:
    tokens = access.tokens
    local = need in ("open", "read") and access.local(request.headers)
    if not tokens:
        if local:
            return Viewer()
        # Without one, this is bound to loopback.
        what = "requests that a proxy forwards" if need == "read" else "orders"
        raise Refusal(403, f"{what} need a token, and none is configured: see [api] token_file")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # Where none is needed, too: it may be for less than whoever has none may see here.
        viewer = tokens.viewer(given.strip().encode("latin-1"))
        if viewer is None and local:
            return Viewer()
        if viewer is None:
            raise Refusal(401, UNKNOWN, headers=CHALLENGE)
        if need == "act" and not viewer.may_act:
            raise Refusal(403, f"the token {viewer.name!r} is for reading only")
        return viewer
    if need == "act":
        raise Refusal(401, "orders need the header Authorization: Bearer TOKEN", headers=CHALLENGE)
    if need == "token":
        raise Refusal(401, "this is asked with Authorization: Bearer TOKEN", headers=CHALLENGE)
    viewer = tokens.of_session(request.cookies.get(COOKIE, ""), now)
    if viewer is None and not local:
        raise Refusal(
            401,
            "this needs the header Authorization: Bearer TOKEN, or a session by /api/login",
            headers=CHALLENGE,
        )
    return viewer or Viewer()


LONGEST_ADDRESS = 100


def origin_of(request: Request) -> str:
    """Where somebody asks from: the address, and for whom it asks if it says that it is a proxy."""
    host = request.client.host if request.client else "somebody"
    *_, origin = request.headers.get("x-forwarded-for", "").rsplit(",", 1)
    origin = "".join(filter(str.isprintable, origin)).strip()[:LONGEST_ADDRESS]
    return f"{origin} by way of {host}" if origin else host


class Login(BaseModel):
    """What to log in with."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=4096, description="A token's secret.")


class LoggedIn(BaseModel):
    """A session began; its cookie is in the answer's headers."""

    seconds: int = Field(description="How long it lasts.")


async def login(site: Site, given: Login) -> Response:
    """Trade a token for a cookie, for browsers: theirs can't put headers on event streams."""
    tokens = site.access.tokens
    if not tokens:
        raise Refusal(403, "there is no token to log in with: see [api] token_file")
    until = int(site.now()) + SESSION_SECONDS
    cookie = tokens.session(given.token.encode(errors="replace"), until)
    if cookie is None:
        raise Refusal(401, UNKNOWN, headers=CHALLENGE)
    response = json_response({"seconds": SESSION_SECONDS})
    response.set_cookie(COOKIE, cookie, max_age=SESSION_SECONDS, httponly=True, samesite="strict")
    return response


class RightToken(BaseModel):
    """A token that is known."""

    may: Literal["read", "act"] = Field(description="What it is good for; act: reading, too.")
    name: str = Field(description="What it is called; empty for the one of [api] token_file.")
    tenant: str | None = Field(description="Whose figures it opens alone; null for everybody's.")


async def access(site: Site, given: Nothing, viewer: Viewer) -> dict[str, str | None]:
    """Ask what a token is good for before it is used: 200 if it is known, and 401 if not."""
    return {
        "may": "act" if viewer.may_act else "read",
        "name": viewer.name,
        "tenant": viewer.tenant,
    }


OPERATIONS = [
    Operation(
        "GET",
        "/api/access",
        access,
        returns=RightToken,
        tag="access",
        need="token",
        reach="own",
    ),
    Operation(
        "POST",
        "/api/login",
        login,
        Login,
        LoggedIn,
        tag="access",
        need="open",
        reach="same",
        errors=(401, 403),
    ),
]
