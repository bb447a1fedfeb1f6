"""A whole proxy with two customers: each reads its own by its token, through a reload as well."""

import signal
from functools import partial

import httpx
import trio

from tests.end_to_end.process import configured, running
from tests.ports import KeptPort
from tests.waiting import PATIENCE

HOST = "the secret of host"


def tables(tmp_path, port: int) -> str:
    """Two customers by name, whoever else is refused; an API that trusts nobody."""
    tenants = "".join(
        f"""
        [[tenant]]
        name = "{name}"
        workers = ["{name}.*"]
        token_file = "{tmp_path / name}"
        [[tenant.target]]
        pools = [{{ pool = "main", user = "{name}-account" }}]
        """
        for name in ("acme", "beta")
    )
    return f"""
    {tenants}
    [ledger]
    path = "{tmp_path / "ledger.sqlite3"}"
    [api]
    listen = "127.0.0.1:{port}"
    token_file = "{tmp_path / "host"}"
    read_needs_token = true
    [[api.token]]
    name = "boss"
    file = "{tmp_path / "boss"}"
    role = "operate"
    tenant = "acme"
    """


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def test_two_customers_and_their_tokens(site, tmp_path):
    for name in ("acme", "beta", "host", "boss"):
        (tmp_path / name).write_text(f"the secret of {name}\n")
    pool = await site.pool(clean_every=0)
    with KeptPort() as port:
        config = 'unknown_workers = "refuse"\n' + configured(
            pool, processes=2, pool='name = "main"', tables=tables(tmp_path, port.number)
        )
        url = f"http://127.0.0.1:{port.number}"
        async with (
            running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy,
            httpx.AsyncClient(base_url=url, timeout=60) as http,
        ):
            fleets = {name: await site.miners(proxy, 6, worker=name) for name in ("acme", "beta")}
            for fleet in fleets.values():
                await fleet.each(accepted=2)

            async def names(secret: str, what: str, key: str) -> set[str]:
                try:
                    answer = await http.get(f"/api/{what}", headers=bearer(secret))
                except (httpx.RemoteProtocolError, httpx.NetworkError):
                    # At a reload, slower than the API waits to end.
                    return set()
                found = answer.json().get(what, []) if answer.status_code == 200 else []
                return {each[key] for each in found}

            async def sees(secret: str, what: str, key: str, wanted: set[str]) -> None:
                with trio.fail_after(PATIENCE):
                    while (found := await names(secret, what, key)) != wanted:
                        assert found <= wanted, "nobody else's, however early"
                        await trio.sleep(0.05)

            for name in ("acme", "beta"):
                rigs = {f"{name}.{number}" for number in range(6)}
                see = partial(sees, f"the secret of {name}")
                await see("miners", "worker", rigs)
                await see("miners", "account", {f"{name}-account"})
                await see("shares", "account", {f"{name}-account"})
                await see("jobs", "tenant", {name})
            everybodys = await http.get("/api/miners", headers=bearer(HOST))
            assert everybodys.json()["total"] == 12
            refused = await http.get("/api/pools", headers=bearer("the secret of acme"))
            assert refused.status_code == 403

            hang_up = partial(
                http.post, "/api/actions/disconnect", headers=bearer("the secret of boss")
            )
            assert (await hang_up(json={"worker": "beta.0"})).status_code == 409
            [other, *_] = (
                await http.get("/api/miners?search=beta.1", headers=bearer(HOST))
            ).json()["miners"]
            assert (await hang_up(json={"miner": other["id"]})).status_code == 409
            assert (await hang_up(json={"worker": "acme.0"})).json()["done"]["miners"] == 1
            log = (await http.get("/api/log", headers=bearer(HOST))).json()["events"]
            [order] = [each for each in log if each["event"] == "an operator's order"]
            assert order["values"]["by"] == "boss at 127.0.0.1"

            (tmp_path / "acme").write_text("another secret of acme\n")
            proxy.process.send_signal(signal.SIGHUP)
            await sees("another secret of acme", "miners", "tenant", {"acme"})
            old = await http.get("/api/miners", headers=bearer("the secret of acme"))
            assert old.status_code == 401
            for name, fleet in fleets.items():
                await fleet.each(accepted=2, since=fleet.accepted())
                assert fleet.fleet.reconnects == (1 if name == "acme" else 0)
            assert await proxy.stopped() == 0
    for fleet in fleets.values():
        await fleet.stop()
        assert fleet.fleet.violations == []
    assert list(pool.pool.violations) == []
