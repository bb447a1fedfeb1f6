"""One run: machines that fail and come back, shares, blocks, and the controller between them.

Machines of 95 to 200 TH/s are known by their shares alone. One that fails says no goodbye. They
begin target after target, so that the hall, the first of them, is on one: the worst there is.
"""

import heapq
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from time import thread_time

from stratumproxy.bench.split.farm import Event, Farm, Outcome
from stratumproxy.bench.split.shares import Shares
from stratumproxy.routing.split import Band, Move, Part, reach

STEP = 10.0
"""Seconds from look to look."""

SMALL = 30
"""Machines up to which shares are drawn each step; those of more are drawn once a minute, a sixth
of them each step."""

TURNS = 6

MINUTE, HOUR = 60.0, 3600.0
DARK, LIGHT = 12.0, 14.0
"""The hours between which the hall has no power."""

TERAHASH = 1e12 / 2**32
"""Work a second of 1 TH/s."""

EXPECTED = 150 * TERAHASH
"""What a machine is taken for until it has found shares."""


class Day:
    """A farm, from its start on.

    Args:
        farm: what is simulated; the same farm has the same outcome.
    """

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._random = random = Random(farm.seed)
        self._shares = Shares(farm.shares, random)
        count = farm.machines
        self._rates = [random.uniform(95, 200) * TERAHASH for _ in range(count)]
        self._total = sum(self._rates)
        self._names = [str(k + 1) for k in range(len(farm.weights))]
        self._weights = farm.weights
        self._is_up = [random.random() >= farm.down for _ in range(count)]
        self._at = self._first_seats()
        """Whom each mines for."""
        self._since = [0.0] * count
        """Until when the shares of each are drawn."""
        self._hall = range(400 if count >= 500 else max(1, count // 3)) if farm.hall else range(0)
        self._work = dict.fromkeys(self._names, 0.0)
        self._withheld = dict.fromkeys(self._names, 0.0)
        self._is_accused = False
        """The last machine's work counts for nobody any more."""
        self._liar = farm.machines - 1 if farm.lie else -1
        self._down: dict[int, None] = {}
        """Who has no power, and the controller does not know."""
        self._outcome = Outcome(reach=reach(max(self._rates), self._total, farm.rules.stay))
        self._band = Band(self._parts(), farm.rules)
        for i, up in enumerate(self._is_up):
            if up:
                self._band.seat(i, 0.0, expected=self._expected(i), target=self._at[i])
        self._kept = self._band.account.export()
        self._coming: list[tuple[float, int, str, int]] = []
        """When what happens, the soonest first, and whom to."""
        self._schedule()

    def _parts(self) -> list[Part]:
        pairs = zip(self._names, self._weights, strict=True)
        return [Part(name, weight, self._farm.when_down) for name, weight in pairs]

    def _first_seats(self) -> list[str]:
        bounds, bound, place = [], 0.0, 0.0
        for weight in self._weights[:-1]:
            bound += weight / sum(self._weights) * self._total
            bounds.append(bound)
        seats = []
        for rate in self._rates:
            seats.append(self._names[bisect(bounds, place + rate / 2)])
            place += rate
        return seats

    def _expected(self, i: int) -> float:
        claims = self._farm.lie == "claims" and i == self._farm.machines - 1
        return 5 * self._rates[i] if claims else EXPECTED

    # -- what happens ----------------------------------------------------------------------------

    def _schedule(self) -> None:
        farm = self._farm
        for i, up in enumerate(self._is_up):
            self._schedule_change(i, 0.0, up)
        for day in range(int(farm.hours / 24) + 1 if farm.hall else 0):
            self._schedule_at((24 * day + DARK) * HOUR, "dark", 0)
            self._schedule_at((24 * day + LIGHT) * HOUR, "light", 0)
        for number, event in enumerate(farm.events):
            self._schedule_at(event.hour * HOUR, event.what, number)
            if event.what == "down":
                self._schedule_at(event.hour * HOUR + event.minutes * MINUTE, "ready", number)
        if farm.lie == "withholds":
            self._schedule_at(farm.accused * HOUR, "accused", farm.machines - 1)

    def _schedule_at(self, at: float, what: str, whom: int) -> None:
        heapq.heappush(self._coming, (at, len(self._coming), what, whom))

    def _schedule_change(self, i: int, now: float, up: bool) -> None:
        farm = self._farm
        if not farm.down:
            return
        mean = farm.outage * (1 - farm.down) / farm.down if up else farm.outage
        self._schedule_at(now + self._random.expovariate(1 / mean), "fails" if up else "comes", i)

    def _happen(self, now: float) -> None:
        """All that happens until now."""
        farm = self._farm
        while self._coming and self._coming[0][0] <= now:
            _, _, what, whom = heapq.heappop(self._coming)
            if what in ("fails", "comes"):
                dark = whom in self._hall and DARK <= now / HOUR % 24 < LIGHT
                if not dark:
                    self._turn(whom, what == "comes", now)
                self._schedule_change(whom, now, what == "comes" and not dark)
            elif what in ("dark", "light"):
                for i in self._hall:
                    self._turn(i, what == "light", now)
            elif what == "accused":
                self._draw(whom, now)
                self._band.trust(whom, False, now)
                self._is_accused = True
            else:
                for i in range(farm.machines):
                    self._draw(i, now)
                self._disturb(farm.events[whom], what, now)

    def _turn(self, i: int, up: bool, now: float) -> None:
        """A machine has power again, or has none any more."""
        if up == self._is_up[i]:
            return
        self._draw(i, now)
        self._is_up[i] = up
        if not up:
            self._down[i] = None
        else:
            before = self._band.machines.get(i)
            expected, seconds = before.known() if before else (self._expected(i), MINUTE)
            self._band.leave(i)
            target = self._band.seat(i, now, expected=expected, seconds=seconds)
            self._outcome.seated += target != self._at[i]
            self._at[i] = target

    def _disturb(self, event: Event, what: str, now: float) -> None:
        if what in ("restart", "kill"):
            kept = self._band.account.export() if what == "restart" else self._kept
            self._band = Band(self._parts(), self._farm.rules, kept)
            for i, up in enumerate(self._is_up):
                if up:
                    self._at[i] = self._band.seat(i, now, expected=self._expected(i))
        elif what == "weights":
            self._weights = event.weights
            self._band.change(self._parts())
            self._work = dict.fromkeys(self._names, 0.0)
            self._withheld = dict.fromkeys(self._names, 0.0)
        else:
            self._band.set_ready(self._names[event.target], what == "ready", now)
            while moves := self._band.stranded(now):
                self._outcome.rescued += len(moves)
                self._carry_out(moves, now)

    def _carry_out(self, moves: Sequence[Move], now: float) -> None:
        for move in moves:
            self._draw(move.number, now)
            self._at[move.number] = move.target

    # -- shares ----------------------------------------------------------------------------------

    def _draw(self, i: int, now: float) -> None:
        """The shares of a machine until now, for whom it mines."""
        seconds, self._since[i] = now - self._since[i], now
        if not self._is_up[i] or not seconds:
            return
        target, lies = self._at[i], i == self._liar
        if not self._band.parts[target].ready or (lies and not self._is_heard(target)):
            return
        count = self._shares.found(seconds)
        if count:
            work = count * self._rates[i] * MINUTE / self._farm.shares
            self._work[target] += work
            self._band.account.credit(target, work)
            self._band.found(i, work, now, count)
            if lies and self._farm.lie == "withholds":
                self._withheld[target] += work

    def _is_heard(self, target: str) -> bool:
        """Whether shares count that the liar is to find for a target."""
        if self._farm.lie == "idles":
            return target != self._names[-1]
        return not self._is_accused

    # -- the run ---------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """All of it."""
        farm, outcome, random = self._farm, self._outcome, self._random
        turns = 1 if farm.machines <= SMALL else TURNS
        block = random.expovariate(1 / farm.block)
        before = dict(self._work)
        for step in range(int(farm.hours * HOUR / STEP)):
            self._happen(step * STEP)
            now = (step + 1) * STEP
            draw, measure = self._draw, self._band.measure
            for i in range(step % turns, farm.machines, turns):
                draw(i, now)
                measure(i, now)
            self._look_at_silent(now)
            if now >= block:
                block += random.expovariate(1 / farm.block)
                moves = self._timed(self._band.clean, now)
                outcome.moves += len(moves)
                self._carry_out(moves, now)
            moves = self._timed(self._band.look, now)
            outcome.moves += len(moves)
            outcome.off += len(moves)
            self._carry_out(moves, now)
            if now % MINUTE == 0:
                self._kept = self._band.account.export()
                self._trace(now)
            if now % HOUR == 0:
                done = {name: self._work[name] - before[name] for name in self._names}
                if min(done.values()) >= 0:
                    outcome.hour = max(outcome.hour, self._error(done))
                before = dict(self._work)
        outcome.error = self._error(self._work)
        left = {name: self._work[name] - self._withheld[name] for name in self._names}
        outcome.pools = self._error(left)
        return outcome

    def _timed(self, ask: Callable[[float], list[Move]], now: float) -> list[Move]:
        began = thread_time()
        moves = ask(now)
        self._outcome.plan = max(self._outcome.plan, 1000 * (thread_time() - began))
        return moves

    def _look_at_silent(self, now: float) -> None:
        """A silent machine is seen as soon as in the proxy, however seldom shares are drawn."""
        for i in list(self._down):
            machine = self._band.machines.get(i)
            if machine is not None and not self._is_up[i]:
                self._band.measure(i, now)
            if machine is None or not machine.listed or self._is_up[i]:
                del self._down[i]

    def _trace(self, now: float) -> None:
        done, weights = sum(self._work.values()), sum(self._weights)
        debts = [
            (weight / weights * done - self._work[name]) / self._total
            for name, weight in zip(self._names, self._weights, strict=True)
        ]
        self._outcome.debt = max(self._outcome.debt, *map(abs, debts))
        self._outcome.trace.append((now / HOUR, *debts))

    def _error(self, work: dict[str, float]) -> float:
        """In points, of the target that is off most."""
        done, weights = sum(work.values()), sum(self._weights)
        pairs = zip(self._names, self._weights, strict=True)
        parts = [(work[name] / done if done else 0, weight / weights) for name, weight in pairs]
        return 100 * max(abs(part - wanted) for part, wanted in parts) if done else 0.0


def simulate(farm: Farm) -> Outcome:
    """What comes of a farm."""
    return Day(farm).run()


def seeds(farm: Farm, count: int) -> list[Farm]:
    """The same farm with other dice, so often."""
    return [replace(farm, seed=seed + 1) for seed in range(count)]
