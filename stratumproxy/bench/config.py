"""A file of servers and scenarios: what `stratumproxy bench run` measures."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from stratumproxy.bench.expect import Expectation
from stratumproxy.bench.figures import BY_NAME
from stratumproxy.bench.place import checked_address, checked_host, is_loopback, parse_address
from stratumproxy.config.load import read_text
from stratumproxy.config.locate import Path as At
from stratumproxy.config.locate import dotted, locate
from stratumproxy.config.syntax import mend
from stratumproxy.config.table import Seconds, Table
from stratumproxy.errors import ConfigError

FLOOR = "floor"
"""The name of the floor, which is measured first in each round."""

_POOL = re.compile(r"\{pool(_port)?\}")

Request = Literal["configure", "subscribe", "authorize", "extranonce"]
USUAL: tuple[Request, ...] = ("configure", "subscribe", "authorize")

Count = Annotated[int, Field(ge=1, le=100_000)]
Rate = Annotated[float, Field(gt=0, le=1e7)]
Duration = Annotated[Seconds, Field(ge=0, le=86_400)]
Address = Annotated[str, AfterValidator(checked_address)]
Name = Annotated[str, Field(pattern=r"^[\w.+ -]{1,40}$")]


class PoolSide(Table):
    """What the generator's pool is like, that a proxy is measured on."""

    sessions: Annotated[int, Field(ge=0, le=100_000)] = 1
    """Sessions that the server opens before any miner connects, and that are waited for; 0 for a
    proxy that opens one for each miner."""
    set_difficulty: bool = True
    """Whether the pool tells its difficulty. Without, a server will take it for 1."""
    notify_delay: Annotated[Seconds, Field(ge=0, le=60)] = 0
    """Seconds from the reply to authorize to the first job."""
    extranonce2_size: Annotated[int, Field(ge=1, le=16)] = 8
    """Bytes that the pool leaves to the server."""
    listen: Address | None = None
    """Where it listens for a server that runs already; else a free port, `{pool}`."""


class Server(Table):
    """What is measured. What is peculiar about it is said here; the generator knows no products.

    In `command`, `files` and `beside` these stand for what is chosen for each run: ``{miners}`` and
    ``{pool}`` (the address where miners connect, and where the pool is), ``{miners_port}`` and
    ``{pool_port}``, ``{port:NAME}`` (a free port for anything else), ``{folder}`` (an empty one,
    for its files), ``{here}`` (where the document is), ``{python}``, and what `set` has. Other
    braces are left alone.
    """

    name: Name
    command: list[str] = Field(default_factory=list)
    """Starts it; what it writes is shown when it fails."""
    connect: Address | None = None
    """Or where it runs already: ``127.0.0.1:3333``."""
    pid: int | None = None
    """With `connect`: its process, whose CPU and memory, children included, are measured."""
    files: dict[str, str] = Field(default_factory=dict)
    """What stands in its files before it starts, by their names in ``{folder}``, where it runs.
    Those of the whole document are there, too."""
    set: dict[Annotated[str, Field(pattern=r"^[a-z_]+$")], str] = Field(default_factory=dict)
    """More of what stands for something else in braces."""
    beside: list[list[str]] = Field(default_factory=list)
    """Commands that run with it and are not measured: a node, a dashboard. They run on the
    generator's core, and must not end."""
    cores: Annotated[int, Field(ge=1, le=1024)] = 1
    """How many cores it may use, if the machine has one more for the generator."""
    measure: str = ""
    """A word in the command line of the only child whose CPU and memory count; else all do."""
    elsewhere: list[str] = Field(default_factory=list)
    """Words in the command lines of children that are moved to the generator's core."""
    start_seconds: Annotated[Seconds, Field(gt=0, le=600)] = 30
    """How long it may take until miners can connect."""
    settle_seconds: Annotated[Seconds, Field(ge=0, le=600)] = 0
    """How long it is left alone then: some listen before they have work."""
    user: Annotated[str, Field(max_length=128, pattern=r'^[^"\\\n]*$')] = "farm.m%d"
    """What miners authorize as; ``%d`` is the miner's number, seven digits."""
    password: Annotated[str, Field(max_length=128, pattern=r'^[^"\\\n]*$')] = "x"
    handshake: list[Request] = Field(
        default_factory=lambda: list(USUAL), min_length=1, max_length=4
    )
    """What a miner says, each after the reply to the one before."""
    pool: PoolSide | None = None
    """What the generator's pool is like, for a proxy; without it the server is a pool itself."""

    @model_validator(mode="after")
    def _started_or_found(self) -> "Server":
        if bool(self.command) == bool(self.connect):
            raise ValueError("has one of command and connect")
        if self.connect and self.pool and not self.pool.listen:
            raise ValueError("runs already, so pool.listen has to say where it finds its pool")
        texts = [*self.command, *self.files.values(), *self.set.values()]
        if self.pool is None and any(_POOL.search(text) for text in texts):
            raise ValueError("names {pool}, so it is a proxy, and has pool = {} at least")
        return self


class Generator(Table):
    """One process of the load generator; each has an equal part of the miners."""

    host: Annotated[str, AfterValidator(checked_host)] = "127.0.0.1"
    """The address of the machine it runs on. Any other than this one must be allowed by
    ``--allow``."""
    command: list[str] = Field(default_factory=lambda: ["{load}"])
    """Starts it, its options are put behind: on another machine
    ``["ssh", "192.0.2.9", "path/of/load"]``."""


class Scenario(Table):
    """A load."""

    servers: list[Name] | None = None
    """Which of the servers get it; all if it is not given. The first is what ratios refer to."""
    floor: bool = True
    """Whether the floor is measured, too."""
    miners: Count = 1000
    rate: Rate | None = None
    """Open loop: shares a second of all miners together, a Poisson process that does not wait."""
    depth: Annotated[int, Field(ge=1, le=1000)] = 1
    """Closed loop, where no rate is given: shares that each miner has under way."""
    vary: dict[Literal["miners", "rate"], list[Rate]] = Field(default_factory=dict, max_length=1)
    """Several loads: one for each of these numbers, in the place of `miners` or `rate`."""
    shares: Literal["every-hash", "hash", "invalid"] = "every-hash"
    """What shares are: ``every-hash``: any, at a difficulty that every hash meets; ``hash``: found,
    at the server's difficulty, one after the other; ``invalid``: any, and most miss the server's
    difficulty, so what is measured are rejections."""
    forward: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The part of the shares that meets the pool's difficulty, and is for a proxy to send on."""
    job_interval: Duration = 0
    """Seconds between the pool's jobs; 0: only the first."""
    clean_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Every so many jobs one is clean; 0: only the first."""
    seconds: Annotated[Seconds, Field(gt=0, le=86_400)] = 8
    """The window that is measured."""
    warmup: Duration = 2
    """Seconds of load before it."""
    settle: Duration = 0.5
    """Seconds without load before that, once all miners mine."""
    repeats: Annotated[int, Field(ge=1, le=100)] = 3
    """How often each server is measured; one after the other, and then again."""
    sample: Duration = 0
    """Seconds between the samples of a series, which is what `drift` is told of; 0: none."""
    late: Annotated[Seconds, Field(gt=0, le=60)] = 0.01
    """Seconds that 1 % of the shares may be sent after their time. If more are, the generator was
    the bottleneck, and the run is no result."""
    deadline: Annotated[Seconds, Field(gt=0, le=3600)] = 120
    """Seconds that a run may take beside warm-up and window."""
    expect: list[str] = Field(default_factory=list)
    """What must come out, such as ``reply.p99 <= 25 ms``, ``cpu.share <= 2.5 floor``,
    ``reply.p99 <= first + 5 ms``: of every server but the floor, medians over the repeats."""
    show: list[str] = Field(default_factory=list)
    """The figures to print; all that were measured if none is given."""

    @field_validator("expect")
    @classmethod
    def _understood(cls, texts: list[str]) -> list[str]:
        for text in texts:
            Expectation.parse(text)
        return texts

    @field_validator("show")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in BY_NAME:
                raise ValueError(f"{name!r} is no figure; there are {', '.join(BY_NAME)}")
        return names

    @model_validator(mode="after")
    def _possible(self) -> "Scenario":
        if self.shares == "hash" and self.rate is None:
            raise ValueError('shares = "hash" needs a rate: they are found one after the other')
        if any(number != int(number) for number in self.vary.get("miners", ())):
            raise ValueError("vary.miners: whole numbers were expected")
        if self.forward > 0.5 and self.forward != 1:
            raise ValueError("forward is at most 0.5, or 1 for all")
        return self


class Bench(Table):
    """The whole file."""

    server: Annotated[list[Server], Field(min_length=1)]
    scenario: Annotated[dict[Name, Scenario], Field(min_length=1)]
    files: dict[str, str] = Field(default_factory=dict)
    """Files that every server has, with what its `set` says."""
    generator: list[Generator] = Field(
        default_factory=lambda: [Generator()], min_length=1, max_length=16
    )

    def servers(self) -> dict[str, Server]:
        """By name, with the files that all have."""
        return {
            each.name: each.model_copy(update={"files": self.files | each.files})
            for each in self.server
        }

    @model_validator(mode="after")
    def _names(self) -> "Bench":
        names = [server.name for server in self.server]
        for name in names:
            if name == FLOOR or names.count(name) > 1:
                raise ValueError(f"server {name!r}: the name is taken")
        for key, scenario in self.scenario.items():
            for name in scenario.servers or ():
                if name not in names:
                    raise ValueError(f"scenario {key!r}: there is no server {name!r}")
            if scenario.shares == "hash" and len(self.generator) > 1:
                raise ValueError(f'scenario {key!r}: shares = "hash" is for one generator')
        return self

    def strangers(self) -> list[str]:
        """Addresses of other machines that get load, or give it."""
        places = [server.connect for server in self.server]
        places += [server.pool.listen for server in self.server if server.pool]
        hosts = [parse_address(place)[0] for place in places if place]
        hosts += [generator.host for generator in self.generator]
        return [host for host in dict.fromkeys(hosts) if not is_loopback(host)]


def load(path: Path, allowed: list[str]) -> Bench:
    """Read such a file.

    Args:
        path: the TOML file.
        allowed: addresses beside this machine's own that may be loaded, or give load.

    Raises:
        ConfigError: it can't be used: every problem, one line each.
    """
    text, name = read_text(path), str(path)
    mended = mend(text)
    if mended.mistakes:
        raise ConfigError([f"{name}:{at.line}: not TOML: {at.text}" for at in mended.mistakes])
    lines = locate(text)
    try:
        bench = Bench.model_validate(tomllib.loads(text))
    except ValidationError as error:
        found = [(_line(lines, each["loc"]), each) for each in error.errors(include_url=False)]
        raise ConfigError(
            [f"{name}{line}: {_told(each)}" for line, each in sorted(found, key=lambda it: it[0])]
        ) from None
    if refused := [host for host in bench.strangers() if host not in allowed]:
        raise ConfigError(
            [
                f"{name}: {host} is another machine; only --allow {host} allows it"
                for host in refused
            ]
        )
    return bench


def _line(lines: Mapping[At, int], at: At) -> str:
    """The line of a path, or of what should hold it, as it stands behind a file's name."""
    while at and at not in lines:
        at = at[:-1]
    return f":{lines[at]}" if at else ""


def _told(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        text = "unknown key"
    elif error["type"] == "value_error":
        text = str(error["ctx"]["error"])
    else:
        text = error["msg"][0].lower() + error["msg"][1:]
    at = dotted(error["loc"])
    return f"{at}: {text}" if at else text
