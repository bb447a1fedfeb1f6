"""/api/credit: each account of the last day."""

from contextlib import closing
from pathlib import Path

from stratumproxy.ledger.audit import FINE, REFUSED
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web.credit import CreditAnswer
from tests.fleet.telling import Told
from tests.ledger.told import batch, keep, share, work
from tests.web.asking import Web


async def test_without_a_ledger_nobody_can_say(web: Web) -> None:
    found = await web.read("/api/credit", CreditAnswer)
    assert (found["kept"], found["accounts"]) == (False, [])


async def test_each_account(told: Told, tmp_path: Path) -> None:
    path, at = tmp_path / "ledger.sqlite3", told.now - 600
    works, shares = [], []
    for account, verdict in (("good", "accepted"), ("bad", "rejected")):
        works.append(work("a", 6400, account=account))
        shares += [share(at, "a", verdict, account=account) for _ in range(100)]
    keep(path, [batch(1, at, work=works, shares=shares)])
    with closing(LedgerReader(str(path))) as reader:
        found = await Web(told, ledger=reader).read("/api/credit", CreditAnswer)
    assert found["kept"]
    said = {each["account"]: (each["credited"], each["verdict"]) for each in found["accounts"]}
    assert said == {"good": (100, FINE), "bad": (0, REFUSED)}
    keep(tmp_path / "empty", [batch(1, at)])
    with closing(LedgerReader(str(tmp_path / "empty"))) as reader:
        empty = Web(told, ledger=reader)
        assert (await empty.read("/api/credit", CreditAnswer))["accounts"] == []
    broken = Web(told, ledger=LedgerReader(str(tmp_path / "absent")))
    await broken.refused("/api/credit", 503)
