"""An API on every address, of a proxy with two customers and work of the host's own.

What is others' than acme's has ``beta`` (another customer) or ``zulu`` (the host) in it.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.config.control import Api
from stratumproxy.config.control import Ledger as Settings
from stratumproxy.config.hosting import Tenant
from stratumproxy.ledger import Ledger
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import Batch, EventRecord
from stratumproxy.telemetry.targets import TargetSnapshot
from tests.clocks import at
from tests.fleet.telling import NOW, Told, job, miner, pool, share, snapshot, work
from tests.telemetry.test_splits import ONE
from tests.web.asking import Web

OTHERS = (b"beta", b"zulu")
"""What is in all that is not acme's."""

SECRETS = {
    "host": "the secret of the host",
    "acme": "the secret of acme",
    "acme-boss": "the secret of acme's boss",
    "beta": "the secret of beta",
    "look": "the secret of a reader",
    "night": "the secret of the night shift",
}


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRETS[name]}"}


def of(tenant: str) -> dict[str, Any]:
    """What a record of a tenant's has in it."""
    return {
        "tenant": "default" if tenant == "zulu" else tenant,
        "account": f"{tenant}-account",
        "pool": f"{tenant}-pool",
        "target": f"{tenant}-target",
    }


def groups_of(name: str) -> dict[str, str]:
    """``acme-rig`` is in the group ``acme``."""
    return {"customer": name.partition("-")[0]}


TENANTS = ("acme", "beta", "zulu")


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Web]:
    """An API on every address, of a proxy with two customers and work of the host's own."""
    told = Told()
    told.miners(
        *(
            miner(
                number,
                f"{tenant}-rig",
                address=f"{tenant}-address:1",
                agent=f"{tenant}-agent",
                **of(tenant),
            )
            for number, tenant in enumerate(TENANTS)
        )
    )
    pools = tuple(
        pool(name=f"{tenant}-pool", url=f"stratum+tcp://{tenant}:1") for tenant in TENANTS
    )
    splits = tuple(replace(ONE, tenant=of(x)["tenant"], target=f"{x}-other") for x in TENANTS)
    dark = tuple(
        TargetSnapshot(of(x)["tenant"], "", 60.0, f"{x}-pool gives {x} no work") for x in TENANTS
    )
    whole = snapshot(pools=pools, splits=splits, targets=(*dark, TargetSnapshot("idle", "")))
    told.fleet.snapshot(0, "run-1", whole, told.now)
    records: dict[str, Any] = {
        "work": [work(f"{tenant}-rig", 640, stale=1)._replace(**of(tenant)) for tenant in TENANTS],
        "jobs": [job(name=f"{tenant}-job")._replace(**of(tenant)) for tenant in TENANTS],
        "shares": [
            share(at=NOW + number)._replace(
                worker=f"{tenant}-rig", job=f"{tenant}-job", reason=f"{tenant}-reason", **of(tenant)
            )
            for number, tenant in enumerate(TENANTS)
        ],
        "events": [
            *(
                EventRecord(
                    NOW,
                    "warning",
                    "a miner is banned",
                    {
                        "worker": f"{tenant}-rig",
                        "tenant": of(tenant)["tenant"],
                        "other": "beta-rig",
                        "by": "zulu-boss at zulu-desk",
                    },
                )
                for tenant in TENANTS
            ),
            EventRecord(NOW, "warning", "zulu is not well", {"pool": "zulu-pool"}),
        ],
    }
    told.tell(**records)
    strange = [work(f"{tenant}-stranger", 0, stale=3)._replace(**of(tenant)) for tenant in TENANTS]
    told.tell(work=strange, unproven=tuple(each.worker for each in strange))
    path = str(tmp_path / "ledger.sqlite3")
    ledger = Ledger(Settings(path=path), at(told.now))
    ledger.open()
    ledger.take([Batch("zulu-run", 0, 1, told.now, **records)])
    ledger.close()
    files = {}
    for name, secret in SECRETS.items():
        files[name] = str(tmp_path / name)
        Path(files[name]).write_text(f"{secret}\n")
    config = Api.model_validate(
        {
            "listen": ":8080",
            "token_file": files["host"],
            "event_streams": 4,
            "token": [
                {"name": "look", "file": files["look"]},
                {"name": "night", "file": files["night"], "role": "operate"},
                {"name": "boss", "file": files["acme-boss"], "role": "operate", "tenant": "acme"},
            ],
        }
    )
    tenants = [
        Tenant(name=name, workers=[f"{name}-*"], token_file=files[name])
        for name in ("acme", "beta")
    ]
    with closing(LedgerReader(path)) as reader:
        yield Web(told, config, ledger=reader, tenants=tenants, groups_of=groups_of)
