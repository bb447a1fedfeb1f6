"""What ``stratumproxy top`` asks the API for, and where in its state the answers go."""

from contextlib import suppress
from urllib.parse import quote

from stratumproxy.top.api import Api, ApiError
from stratumproxy.top.state import State

NAMES = 12
"""Of workers that need a person for the same thing; the line ends before more anyway."""


async def fill(api: Api, state: State, *, summary: bool = True) -> None:
    """Ask for all that is shown now.

    What the user has turned away from meanwhile is not taken.

    Args:
        api: who is asked.
        state: where the answers go.
        summary: whether to ask for the summary too, which the event stream brings otherwise.

    Raises:
        ApiError: an answer is missing, or is not what it should be.
    """
    try:
        if summary:
            state.summary = await api.get("/api/summary")
        if state.detail is not None:
            await _fill_detail(api, state, state.detail, state.whose)
        else:
            await _fill_page(api, state)
    except (LookupError, TypeError, AttributeError):
        raise ApiError(f"{api.address} answers otherwise than this version expects") from None


async def _fill_page(api: Api, state: State) -> None:
    query = state.query
    answer = await api.get("/api/workers", query)
    if state.query == query:
        state.took(answer)
    with suppress(ApiError):  # of an earlier version, which has neither; all else is said above
        found = (await api.get("/api/tenants"))["tenants"]
        state.tenants = sorted({str(each["tenant"]) for each in found})
        state.splits = (await api.get("/api/splits"))["splits"]
    for kind, count in state.summary.get("attention", {}).items():
        few = {"attention": kind, "sort": "-hashrate", "limit": NAMES}
        found = (await api.get("/api/workers", few))["workers"] if count else []
        state.needy[kind] = [str(worker["name"]) for worker in found]


async def _fill_detail(api: Api, state: State, name: str, whose: str) -> None:
    path = f"/api/workers/{quote(name, safe='')}"
    of = {"tenant": whose} if whose else {}
    worker = await api.get(path, of)
    history = await api.get(f"{path}/history", {"span": "1h", **of})
    if (state.detail, state.whose) == (name, whose):
        state.worker, state.history = worker, [float(point[1] or 0) for point in history["points"]]
