"""The application as a whole: routing, errors, and what goes wrong inside."""

import pytest
import structlog

from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.sink import SinkState
from tests.fleet.telling import Told
from tests.web.asking import Web, problem_of


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api", "/api/", "/api/workers/", "/api/workers/a/b", "/api/summary/"],
)
async def test_a_path_that_leads_nowhere(web: Web, path: str) -> None:
    assert "openapi.json" in await web.refused(path, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
async def test_a_method_that_is_none(web: Web, method: str) -> None:
    answer = await web.http.request(method, "/api/summary")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    problem_of(answer)


async def test_head_is_get_without_the_body(web: Web) -> None:
    answer = await web.http.head("/api/summary")
    assert answer.status_code == 200


async def test_a_bug_is_told_to_the_log_and_not_to_the_client(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug() -> list[SinkState]:
        raise RuntimeError("the secret inner workings")

    web = Web(told, watch=Watch(told.fleet, sinks=bug))
    with structlog.testing.capture_logs() as logs:
        answer = await web.get("/ready", 500)
    assert "secret" not in answer.text
    problem_of(answer)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [(entry["event"], entry["path"]) for entry in logs] == [("a request failed", "/ready")]
    await web.get("/api/pools")


async def test_metrics_are_there(web: Web) -> None:
    answer = await web.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "stratumproxy_workers 3" in answer.text
