"""What ``stratumproxy top`` shows, and what keys do to it. No terminal, no network."""

from dataclasses import dataclass, field
from typing import Any

SORTS = (
    "-hashrate",
    "name",
    "-difficulty",
    "-accepted",
    "-rejected",
    "-connections",
    "last_share",
    "-missing",
)
"""What ``s`` goes through."""

KINDS = ("gone", "slow", "rejecting", "reconnecting")
"""What workers need a person for; the order of urgency."""

ANY = "any"
MOST_ROWS = 1000
"""Workers that the API gives at once."""


@dataclass
class State:
    """One page, and where one is on it."""

    sort: str = SORTS[0]
    search: str = ""
    attention: str = ""
    """Only workers that need a person for this, or for `ANY` of `KINDS`; empty for all."""
    tenant: str = ""
    """Only this tenant's workers; empty for all."""
    offset: int = 0
    """Of the first worker shown."""
    cursor: int = 0
    """The chosen worker, counted from the first of all that match."""
    rows: int = 10
    """Workers that there is room for."""
    typing: bool = False
    """Whether keys go into `search`."""
    detail: str | None = None
    """The worker whose own page is shown."""
    whose: str = ""
    """The tenant that it is of; empty if that goes without saying."""
    done: bool = False

    summary: dict[str, Any] = field(default_factory=dict)
    workers: list[dict[str, Any]] = field(default_factory=list)
    first: int = 0
    """The first of these, counted from the first of all that match. It follows `offset`, once the
    answer is there."""
    matched: int = 0
    tenants: list[str] = field(default_factory=list)
    """Whose workers there are."""
    splits: list[dict[str, Any]] = field(default_factory=list)
    """How each target stands, of tenants that have several."""
    needy: dict[str, list[str]] = field(default_factory=dict)
    """Names of a few of those that need a person, by kind."""
    worker: dict[str, Any] = field(default_factory=dict)
    """The one of `detail`."""
    history: list[float] = field(default_factory=list)
    """Its hashrate over the last hour."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Why what is shown is old, by what is missing: ``summary``, ``workers``."""

    @property
    def query(self) -> dict[str, object]:
        """What to ask /api/workers."""
        query: dict[str, object] = {"sort": self.sort, "offset": self.offset, "limit": self.rows}
        if self.search:
            query["search"] = self.search
        if self.attention:
            query["attention"] = self.attention
        if self.tenant:
            query["tenant"] = self.tenant
        return query

    @property
    def several(self) -> bool:
        """Whether it is to be said whose a worker is."""
        return len(self.tenants) > 1

    @property
    def trouble(self) -> str:
        """The first of the troubles, if there is any."""
        return next(iter(self.troubles.values()), "")

    def chosen(self) -> str | None:
        """The name of the worker at the cursor."""
        worker = self._at_cursor()
        return None if worker is None else str(worker["name"])

    def _at_cursor(self) -> dict[str, Any] | None:
        index = self.cursor - self.first
        return self.workers[index] if 0 <= index < len(self.workers) else None

    def room(self, rows: int) -> None:
        """There is room for so many workers."""
        self.rows = min(max(rows, 1), MOST_ROWS)
        self._move(0)

    def took(self, answer: dict[str, Any]) -> None:
        """An answer of /api/workers is here."""
        self.workers, self.first = answer["workers"], answer["offset"]
        self.matched = answer["matched"]
        self._move(0)

    def press(self, key: str) -> bool:
        """Do what a key asks for.

        Returns:
            Whether something else has to be asked for now.
        """
        if self.typing:
            return self._type(key)
        if self.detail is not None:
            return self._press_in_detail(key)
        before = (self.query, self.detail)
        steps = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "page-up": -self.rows,
            "page-down": self.rows,
            " ": self.rows,
            "home": -self.matched,
            "g": -self.matched,
            "end": self.matched,
            "G": self.matched,
        }
        if key in steps:
            self._move(steps[key])
        elif key == "q":
            self.done = True
        elif key == "/":
            self.typing = True
        elif key == "escape":
            self.search = self.attention = self.tenant = ""
            self._top()
        elif key == "s":
            known = SORTS.index(self.sort) if self.sort in SORTS else -1
            self.sort = SORTS[(known + 1) % len(SORTS)]
            self._top()
        elif key == "a":
            self.attention = self._next_kind()
            self._top()
        elif key == "t" and self.several:
            self.tenant = _next(["", *self.tenants], self.tenant)
            self._top()
        elif key == "enter":
            self.detail, self.worker, self.history = self.chosen(), {}, []
            chosen = self._at_cursor()
            self.whose = str(chosen.get("tenant", "")) if chosen and self.several else ""
        return (self.query, self.detail) != before

    def _press_in_detail(self, key: str) -> bool:
        if key == "q":
            self.done = True
        elif key in ("escape", "enter", "backspace"):
            self.detail = None
            return True
        return False

    def _type(self, key: str) -> bool:
        if key in ("enter", "escape"):
            self.typing = False
            if key == "enter" or not self.search:
                return False
            self.search = ""
        elif key == "backspace":
            self.search = self.search[:-1]
        elif key == "clear":
            self.search = ""
        elif len(key) == 1 and len(self.search) < 100:
            self.search += key
        else:
            return False
        self._top()
        return True

    def _next_kind(self) -> str:
        """What ``a`` asks for next: any kind, then each that there are workers of, then all."""
        counts = self.summary.get("attention", {})
        steps = [ANY, *(kind for kind in KINDS if counts.get(kind)), ""]
        return _next(steps, self.attention)

    def _top(self) -> None:
        self.offset = self.cursor = 0

    def _move(self, steps: int) -> None:
        """Move the cursor, and the page with it."""
        self.cursor = max(min(self.cursor + steps, self.matched - 1), 0)
        self.offset = min(self.offset, self.cursor, max(self.matched - self.rows, 0))
        self.offset = max(self.offset, self.cursor - self.rows + 1)


def _next(steps: list[str], now: str) -> str:
    """What comes after that, and the first after the last."""
    known = steps.index(now) if now in steps else -1
    return steps[(known + 1) % len(steps)]
