"""One endpoint: where it is, what it is given, what it gives back. Routes and OpenAPI follow."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from stratumproxy.web.answer import json_response
from stratumproxy.web.body import read_json
from stratumproxy.web.errors import Refusal, wrong_fields
from stratumproxy.web.site import Site
from stratumproxy.web.turns import stand_in
from stratumproxy.web.viewer import Reach, Viewer


class Given(BaseModel):
    """Parameters of a request; each is checked, and an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Nothing(Given):
    """No parameters at all."""


Answer = Callable[..., Awaitable[Any]]
Need = Literal["open", "read", "token", "act"]


@dataclass(frozen=True)
class Operation:
    """One endpoint.

    Args:
        method: ``GET`` or ``POST``.
        path: with parameters in braces, as OpenAPI writes them.
        answer: takes the site and the parameters, and returns a response, or what is made JSON.
            Its docstring is the endpoint's description.
        given: the parameters: of path and query, or of a POST's body.
        returns: the JSON that comes back; None if it is none.
        tag: the group it is shown in.
        need: ``read`` may be done by all who may read, ``act`` needs a token for orders, ``token``
            any token, ``open`` nothing.
        reach: what of it is there for a tenant's token. Unless something else is said, nothing.
        errors: statuses it may answer with, beside those that `need` and `given` bring.
        media: the content type of what comes back.
        long: whether it goes through the whole fleet. Such answers are made one after another.
        asker: whether `answer` takes the viewer as well, which it does where `reach` is ``own``.
    """

    method: Literal["GET", "POST"]
    path: str
    answer: Answer
    given: type[BaseModel] = Nothing
    returns: type[BaseModel] | None = None
    tag: str = "fleet"
    need: Need = "read"
    reach: Reach = "none"
    errors: tuple[int, ...] = ()
    media: str = "application/json"
    long: bool = False
    asker: bool = False

    @property
    def description(self) -> str:
        """What it is for, in words."""
        return inspect.getdoc(self.answer) or ""

    async def respond(self, site: Site, request: Request, viewer: Viewer | None) -> Response:
        """Check the parameters, and answer.

        Args:
            site: what is answered from.
            request: what was asked.
            viewer: who asks; None for somebody who may not read, where `need` is ``open``.

        Raises:
            Refusal: they are wrong, or there is no answer to them.
        """
        try:
            if self.method == "POST":
                given = self.given.model_validate(await read_json(request), strict=True)
            else:
                # Times may be counted back from now.
                context = {"now": site.today()}
                given = self.given.model_validate(_parameters(request), context=context)
        except ValidationError as error:
            raise wrong_fields(error) from None
        asker = self.asker or self.reach == "own"
        asked = (site, given, viewer) if asker else (site, given)
        if not self.long:
            return _response(await self.answer(*asked))
        stand_in(site.makers)
        async with site.makers:
            return _response(await self.answer(*asked))


def _response(value: Any) -> Response:
    return value if isinstance(value, Response) else json_response(value)


def _parameters(request: Request) -> dict[str, str]:
    """Those of the query, and those of the path, which is matched before it is decoded."""
    values: dict[str, str] = {}
    for key, value in request.query_params.multi_items():
        if key in values:
            raise Refusal(422, f"{key[:100]}: given twice")
        values[key] = value
    for key, value in request.path_params.items():
        values[key] = unquote(value)
    return values
