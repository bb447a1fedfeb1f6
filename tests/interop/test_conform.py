"""The conformance suite against software of others: what docs/compatibility.md says.

With STRATUMPROXY_COMPATIBILITY=FOLDER the results are kept there, for `make docs`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.interop.chain import ADDRESS
from tests.interop.field import field
from tests.interop.parts import BTCD, FOUNDATION_VERSION, MINERD
from tests.interop.pools import Ckpool, Foundation, Pool

pytestmark = pytest.mark.interop

STRATUMPROXY = [sys.executable, "-m", "stratumproxy"]


async def conform(name: str, folder: Path, *arguments: str | Path) -> dict[str, Any]:
    """Run the suite; what failed, by id."""
    path = folder / "results.json"
    command = [*STRATUMPROXY, "conform", *map(str, arguments)]
    done = await trio.run_process(command, check=False, capture_stdout=True)
    results = json.loads(done.stdout)
    for each in results["results"]:
        each.pop("transcript", None)
    path.write_text(json.dumps(results, indent=1) + "\n")
    if kept := os.environ.get("STRATUMPROXY_COMPATIBILITY"):
        (Path(kept) / f"{name}.json").write_text(path.read_text())
    return {each["id"]: each for each in results["results"] if each["status"] == "failed"}


@pytest.mark.parametrize(
    ("kind", "name", "version", "found"),
    [
        pytest.param(
            Foundation,
            "foundation-stratum",
            FOUNDATION_VERSION,
            # NOMP: a pair for an error, no answer to what it does not know
            {"SV1-ERROR-SHAPE", "SV1-CONTROL-UNKNOWN", "SV1-SUBSCRIBE-RESUME"},
            marks=pytest.mark.interop(BTCD, *Foundation.parts),
        ),
        pytest.param(
            Ckpool,
            "ckpool-lhr",
            "b51d54b4",
            {"SV1-CONTROL-UNKNOWN", "SV1-SUBMIT-NONCE-UNPADDED"},
            marks=pytest.mark.interop(BTCD, *Ckpool.parts),
        ),
    ],
)
async def test_a_pool(
    tmp_path: Path, kind: type[Pool], name: str, version: str, found: set[str]
) -> None:
    async with field(tmp_path) as site:
        pool = await site.pool(kind)
        options = "--user", ADDRESS + ".conform", "--slow", "--hostile", "--json", "-"
        address = f"127.0.0.1:{pool.port}"
        results = await conform(
            name, tmp_path, "pool", address, "--name", f"{name} {version}", *options
        )
    assert results.keys() >= found
    assert "SV1-SUBMIT-ACCEPTED" not in results


@pytest.mark.interop(MINERD)
async def test_minerd(tmp_path: Path) -> None:
    miner = MINERD.at_hand(), "-a", "sha256d", "-t", "1", "-R", "1", "-o", "{url}", "-u", "farm.1"
    options = "--difficulty", "1e-4", "--hostile", "--json", "-"
    name = "cpuminer 2.5.1 (pooler, 5f02105)"
    results = await conform("cpuminer", tmp_path, "miner", "--name", name, *options, "--", *miner)
    assert results.keys() == {"SV1-MINER-RECONNECT-ASKED"}
