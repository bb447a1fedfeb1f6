"""The OpenAPI document: valid, complete, true."""

import shutil
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
import trio

from stratumproxy.config.control import Api
from stratumproxy.config.control import Ledger as Settings
from stratumproxy.ledger import Ledger
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web import serve
from stratumproxy.web.app import OPERATIONS
from stratumproxy.web.openapi import document
from tests.clocks import at
from tests.fleet.telling import Told
from tests.web.asking import TOKEN, Web

CONTRACT = {
    "/api/access",
    "/api/actions/ban",
    "/api/actions/difficulty",
    "/api/actions/disconnect",
    "/api/actions/accept",
    "/api/actions/reload",
    "/api/actions/switch-pool",
    "/api/actions/weights",
    "/api/audit",
    "/api/report",
    "/api/credit",
    "/api/events",
    "/api/groups",
    "/api/history",
    "/api/jobs",
    "/api/log",
    "/api/login",
    "/api/miners",
    "/api/pools",
    "/api/shares",
    "/api/splits",
    "/api/strangers",
    "/api/summary",
    "/api/table",
    "/api/tenants",
    "/api/workers",
    "/api/workers/{name}",
    "/api/workers/{name}/history",
    "/health",
    "/ready",
}


async def test_it_is_served(web: Web) -> None:
    answer = await web.get("/api/openapi.json")
    assert answer.json() == document(OPERATIONS)


def test_every_endpoint_is_in_it() -> None:
    paths = document(OPERATIONS)["paths"]
    assert set(paths) == CONTRACT
    for path in paths.values():
        for operation in path.values():
            assert operation["summary"]
            assert "422" in operation["responses"]


def test_operation_ids_differ() -> None:
    ids = [
        operation["operationId"]
        for path in document(OPERATIONS)["paths"].values()
        for operation in path.values()
    ]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    whole = document(OPERATIONS)
    schemas = whole["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    parts: list[object] = [whole]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if "$ref" in part:
                assert part["$ref"].removeprefix("#/components/schemas/") in schemas
            parts += part.values()
        elif isinstance(part, list):
            parts += part


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis is not installed")
async def test_what_it_promises_is_kept(told: Told, token_file: str, tmp_path: Path) -> None:
    """Schemathesis asks and orders whatever the document allows, and what it does not."""
    path = str(tmp_path / "ledger.sqlite3")
    ledger = Ledger(Settings(path=path), at(told.now))
    ledger.open()
    ledger.close()
    reader = LedgerReader(path)
    web = Web(told, Api(token_file=token_file), ledger=reader)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, web.app, listeners, stop))
        ran = await trio.run_process(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"http://127.0.0.1:{port}/api/openapi.json",
                f"--header=Authorization: Bearer {TOKEN}",
                "--exclude-path=/api/events",  # it has no end
                "--checks=all",
                # What a schema can't say: that one time must be before another.
                "--exclude-checks=positive_data_acceptance",
                "--phases=coverage,fuzzing",
                "--max-examples=3",
                "--request-timeout=300",
                "--seed=1",
                "--suppress-health-check=all",
                "--generation-database=none",
                "--continue-on-failure",
                "--no-color",
            ],
            check=False,
            capture_stdout=True,
            capture_stderr=True,
            cwd=tmp_path,
        )
        stop.set()
    reader.close()
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()


def test_the_command_is_where_it_is_looked_for() -> None:
    if find_spec("schemathesis") is not None:
        assert shutil.which("schemathesis", path=str(Path(sys.executable).parent))
