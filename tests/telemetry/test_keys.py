"""The keys of counters are those that the proxy counts by."""

import ast
import re
from pathlib import Path

import stratumproxy
from stratumproxy.downstream import drops
from stratumproxy.errors import ProtocolError
from stratumproxy.mining import rejects
from stratumproxy.telemetry.keys import DROPPED, REJECTED

ROOT = Path(stratumproxy.__file__).parent
DOCS = ROOT.parent / "docs" / "architecture.md"


def said() -> set[str]:
    """What stands after ``key=`` anywhere in the data plane."""
    found = set()
    for part in ("downstream", "mining", "net", "protocol", "proxy", "routing", "upstream"):
        for path in (ROOT / part).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.keyword)
                    and node.arg == "key"
                    and isinstance(node.value, ast.Constant)
                ):
                    found.add(str(node.value.value))
    return found


def test_every_reason_to_drop_a_connection_is_known() -> None:
    reasons = {each.key for each in vars(drops).values() if isinstance(each, drops.Reason)}
    kinds: list[type[ProtocolError]] = [ProtocolError, *ProtocolError.__subclasses__()]
    errors = {each.key for each in kinds}
    (table,) = re.findall(r"\| key \| when \|\n.*?\n\n", DOCS.read_text(), re.DOTALL)
    documented = set(
        re.findall(r"`([a-z-]+)`", re.sub(r"\| [^|]*\|$", "", table, flags=re.MULTILINE))
    )
    assert reasons | errors | said() | {"broken", "other"} <= set(DROPPED)
    assert documented <= set(DROPPED)
    assert len(set(DROPPED)) == len(DROPPED)


def test_every_reason_to_reject_a_share_is_known() -> None:
    ours = {each.reason for each in vars(rejects).values() if isinstance(each, rejects.Reject)}
    ours |= {each.reason for each in rejects.OF_VERDICT.values()}
    assert ours | {"pool"} == set(REJECTED)
