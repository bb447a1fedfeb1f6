"""What a request that can't be answered gets: one sentence, the right status, and never a trace."""

from http import HTTPStatus
from typing import Any

import structlog
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratumproxy.web.answer import json_response


class Problem(BaseModel):
    """Any answer with a status of 400 and above."""

    error: str = Field(description="One sentence: what is wrong, and what to do.")
    detail: Any = Field(description="More for programs, such as every wrong field; or null.")


class Refusal(HTTPException):
    """A request that can't be answered.

    Args:
        status: the HTTP status.
        error: one sentence for whoever asked.
        detail: more, for programs.
        headers: that belong to the status.
    """

    def __init__(
        self,
        status: int,
        error: str,
        detail: object = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, error, headers)
        self.more = detail


def wrong_fields(error: ValidationError) -> Refusal:
    """Every field that is wrong, at once."""
    problems = [
        {
            "where": ".".join(map(str, problem["loc"])) or "the body",
            "what": problem["msg"].removeprefix("Value error, "),
        }
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    sentence = "; ".join(f"{problem['where']}: {problem['what']}" for problem in problems[:5])
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, sentence, problems)


def respond(request: Request, error: Exception) -> Response:
    """The answer to a request that was refused, by us or by the routing."""
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        sentence, detail = error.detail, error.more
    else:
        sentence, detail = _SENTENCES.get(error.status_code, error.detail), None
    return problem(error.status_code, sentence, detail, error.headers)


def problem(status: int, sentence: str, detail: object = None, headers: Any = None) -> Response:
    """An error as JSON."""
    return json_response({"error": sentence, "detail": detail}, status, headers)


_SENTENCES = {
    404: "there is nothing at this path; /api/openapi.json lists what there is",
    405: "this path has no such method; the Allow header lists those it has",
}


class Guard:
    """Answers 500 where the program failed, and tells the log, not the client, how.

    Args:
        app: what is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            # Whatever it is, it is ours; the other requests must not suffer for it.
            structlog.get_logger().exception("a request failed", path=scope.get("path"))
            if scope["type"] == "http" and not started:
                failed = problem(500, "the program failed at this request; its log says how")
                await failed(scope, receive, send)
