"""The catalogue of cases, as data.

Nothing here knows how a case is run; ``cases.json`` says what its words mean.
"""

import fnmatch
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from stratumproxy.errors import StratumProxyError

FORMAT = 1
"""Of ``cases.json``."""

Role = Literal["pool", "miner", "proxy"]
Level = Literal["must", "should", "firmware"]
Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One rule, and how it is tried."""

    id: str
    """Stable: ``SV1-SUBMIT-DUPLICATE-22``. The first part is the protocol."""
    role: Role
    """Whose rule it is."""
    group: str
    level: Level
    rule: str
    source: str
    firmware: str = ""
    """Who breaks, if that is the level."""
    needs: tuple[str, ...] = ()
    """work, slow, hostile; and mask: version rolling."""
    after: tuple[str, ...] = ()
    """Cases that this one rests on: if one of them fails, this one says nothing."""
    watch: bool = False
    """Looked at in every conversation, besides its steps, if it has any."""
    style: str = ""
    """A style of `stratumproxy.testing.STYLES` that is to get a job."""
    steps: tuple[Step, ...] = ()

    @property
    def protocol(self) -> str:
        """SV1, SV2."""
        return self.id.partition("-")[0]

    @property
    def severity(self) -> str:
        """The level, in words."""
        return f"firmware {self.firmware}" if self.firmware else self.level


@cache
def catalogue() -> tuple[Case, ...]:
    """All cases, in their order."""
    data = json.loads(files(__package__).joinpath("cases.json").read_text(encoding="utf-8"))
    assert data["format"] == FORMAT
    return tuple(_case(each) for each in data["cases"])


def _case(fields: dict[str, Any]) -> Case:
    lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
    return Case(**fields | lists)


def case(case_id: str) -> Case:
    """The case of an id.

    Raises:
        KeyError: there is none.
    """
    for each in catalogue():
        if each.id == case_id:
            return each
    raise KeyError(case_id)


def select(roles: Iterable[Role], wanted: Sequence[str] = ()) -> tuple[Case, ...]:
    """The cases of some roles; of these those that are wanted.

    Args:
        roles: whose.
        wanted: ids, or patterns of ids such as ``SV1-SUBMIT-*``; none: all.

    Raises:
        StratumProxyError: one of them is no case's; names it.
    """
    own = tuple(each for each in catalogue() if each.role in roles)
    for pattern in wanted:
        if not any(fnmatch.fnmatchcase(each.id, pattern.upper()) for each in own):
            raise StratumProxyError(
                f"there is no case {pattern}; --list shows which there are, * stands for anything"
            )
    return tuple(
        each
        for each in own
        if not wanted or any(fnmatch.fnmatchcase(each.id, pattern.upper()) for pattern in wanted)
    )
