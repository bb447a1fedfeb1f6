"""Hosting: whose a miner is, where each tenant's work goes and in which parts, and how it is told.

[[tenant]] and its targets, [[target]], [groups], [[excused]]. docs/hosting.md says how they work
together; `config.tenants` is what the proxy goes by.
"""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from stratumproxy.config.control import read_token
from stratumproxy.config.difficulty import HIGHEST_DIFFICULTY, LOWEST_DIFFICULTY, Difficulty
from stratumproxy.config.groups import check_pattern
from stratumproxy.config.networks import check_networks
from stratumproxy.config.number import Within
from stratumproxy.config.table import Seconds, Table
from stratumproxy.config.worker_format import check_format

DEFAULT = "default"
"""The tenant of all that belong to no other, and the target of a tenant that has only one."""

WorkerNames = Literal["account", "each", "auto"]
WhenDown = Literal["others", "hold"]

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NAME_SCHEMA = {"pattern": "^[A-Za-z0-9._-]{1,64}$"}


def _check_name(name: str) -> str:
    """A name that can stand in an address, a label and a file's name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f'{name!r} is not 1 to 64 letters, digits, ".", "_" or "-"')
    return name


class Upstream(Table):
    """One place in a target's order: a pool, and the account there.

    They stand in `pools`, as `{ pool = "main", user = "acme" }`: the first that works is used.
    """

    pool: Annotated[
        str,
        Field(
            max_length=64,
            description="What the [[pool]] is called: its `name`, or its url's `host:port`.",
            examples=["main"],
        ),
    ]
    user: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            description="The account there: what sessions authorize as, and whom shares are "
            "credited to.",
            examples=["acme"],
        ),
    ]
    password: Annotated[
        str | None,
        Field(
            max_length=512,
            description="The password of that authorization. Never logged. Not set: the "
            "[[pool]]'s `password`.",
            repr=False,
        ),
    ] = None
    worker_names: Annotated[
        WorkerNames,
        Field(
            description="Under which names shares are sent. `account`: all as `user`. `each`: as "
            "`worker_format` makes them of the account and the worker; on one session where the "
            "pool takes several names on it, which is tried once on a spare session, else on a "
            "session for each name, as many as `limits.named_sessions`, and as the account past "
            "it. `auto`: by worker where the pool takes several names on a session, else as the "
            "account.",
        ),
    ] = "account"
    worker_format: Annotated[
        str,
        Field(
            min_length=1,
            max_length=255,
            description="How a worker is called at the pool, from `{account}`, `{worker}`, `{ip}` "
            "(as 192x168x1x23) and `{listen}` (the listener's name). A worker whose name begins "
            "with the account and a dot already is not given the account twice. Characters that "
            "pools do not take, and what is past their length, is left out.",
            examples=["{account}.{ip}"],
        ),
    ] = "{account}.{worker}"

    @field_validator("worker_format")
    @classmethod
    def _worker_format(cls, text: str) -> str:
        check_format(text)
        return text


class Target(Table):
    """A part of a tenant's work, and the pools that it goes to. Without any: as [[pool]] says."""

    name: Annotated[
        str,
        Field(
            json_schema_extra={"pattern": "^[A-Za-z0-9._-]{0,64}$"},
            description="What records, metrics and the page call it. Empty: `default` if it is the "
            "tenant's only one, else its number, from 1.",
            examples=["main"],
        ),
    ] = ""
    pools: Annotated[
        list[Upstream],
        Field(
            min_length=1,
            max_length=100,
            description="Pools and accounts in order: the first that works is used.",
        ),
    ]
    weight: Annotated[
        int | float,
        Within(0, 1e9),
        Field(
            description="Its part of the tenant's accepted work, beside the weights of the others: "
            "70 and 30, or 7 and 3. With 0 it gets work only while all others are down, if their "
            "`when_down` allows that.",
        ),
    ] = 1
    when_down: Annotated[
        WhenDown,
        Field(
            description="When no pool of it works. `others`: its miners mine for the tenant's "
            "other targets meanwhile, and its debt stays. `hold`: they wait, as they do when "
            "every pool is down (`failover.release_seconds`).",
        ),
    ] = "others"

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        return _check_name(name) if name else name


class TenantDifficulty(Table):
    """What differs from [difficulty] for a tenant's miners. What is not set is as it is there."""

    start: Annotated[
        Annotated[int | float, Within(LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY)] | None,
        Field(description="`difficulty.start` of the tenant's miners."),
    ] = None
    min: Annotated[
        Annotated[int | float, Within(LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY)] | None,
        Field(description="`difficulty.min` of the tenant's miners."),
    ] = None
    max: Annotated[
        Annotated[int | float, Within(LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY)] | None,
        Field(description="`difficulty.max` of the tenant's miners."),
    ] = None
    shares_per_minute: Annotated[
        Annotated[int | float, Within(0.01, 6000)] | None,
        Field(description="`difficulty.shares_per_minute` of each of the tenant's miners."),
    ] = None
    vardiff: Annotated[
        bool | None, Field(description="`difficulty.vardiff` of the tenant's miners.")
    ] = None
    retarget_seconds: Annotated[
        Annotated[Seconds, Within(1, 3600)] | None,
        Field(description="`difficulty.retarget_seconds` of the tenant's miners: seconds."),
    ] = None

    def over(self, whole: Difficulty) -> Difficulty:
        """The tenant's, given what is configured for all.

        Raises:
            pydantic.ValidationError: they do not go together, such as a `max` below `start`.
        """
        return Difficulty(**{**whole.model_dump(), **self.model_dump(exclude_none=True)})


class Tenant(Table):
    """A customer: whose miners they are, and where their work goes. The first that fits counts.

    Which tenant a miner belongs to follows from its worker's name, its listener or its address; of
    those that are set here all must fit. It is known when the miner authorizes at the latest, and
    fixed for the connection then. What fits no tenant belongs to `default`.
    """

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            json_schema_extra=_NAME_SCHEMA,
            description="What records, metrics and the page call it: letters, digits, `.`, `_` and "
            "`-`, and not `default`. No two tenants may have the same.",
            examples=["acme"],
        ),
    ]
    workers: Annotated[
        list[str],
        Field(
            max_length=1000,
            description="Patterns of worker names, as a shell has them: `*` is anything, `?` one "
            "character, `[ab]` one of these; capital letters count. A name is what a miner says it "
            "is: where that could be another customer's miner, name `listen` or `addresses`, too. "
            "Empty: any name.",
            examples=[["acme.*"]],
        ),
    ] = []  # noqa: RUF012 pydantic copies it
    listen: Annotated[
        list[str],
        Field(
            max_length=1000,
            description="Listeners whose miners are this tenant's: what they are called, which is "
            "`name` or `address`. Empty: any listener.",
            examples=[["hall-a"]],
        ),
    ] = []  # noqa: RUF012 pydantic copies it
    addresses: Annotated[
        list[str],
        Field(
            max_length=1000,
            description="Addresses and networks whose miners are this tenant's. Behind a balancer "
            "`listen.proxy_protocol_from` makes the miner's own address known. Empty: any address.",
            examples=[["10.1.0.0/16"]],
        ),
    ] = []  # noqa: RUF012 pydantic copies it
    difficulty: TenantDifficulty = TenantDifficulty()
    max_miners: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            description="Miners of this tenant at a time, over all processes. The next is refused "
            "when it authorizes. "
            "Not set: as many as `limits.connections` lets in.",
        ),
    ] = None
    token_file: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of a file with a secret of 16 or more characters on its first line. "
            "Whoever gives it as a bearer token reads this tenant's figures, and nobody else's. "
            "Empty: nobody reads them alone.",
            examples=["acme.token"],
        ),
    ] = ""
    target: Annotated[
        list[Target],
        Field(
            max_length=100,
            description="Where its work goes, in parts by weight. None: as [[pool]] says.",
        ),
    ] = []  # noqa: RUF012 pydantic copies it

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        if name == DEFAULT:
            raise ValueError(
                f"{DEFAULT!r} is what belongs to no tenant; write [[target]] for it, without a "
                "[[tenant]]"
            )
        return _check_name(name)

    @field_validator("addresses")
    @classmethod
    def _addresses(cls, networks: list[str]) -> list[str]:
        return check_networks(networks)

    @field_validator("token_file")
    @classmethod
    def _token_file(cls, path: str) -> str:
        if path:
            read_token(path)
        return path


class Groups(Table):
    """Groups of workers, by the parts of their names: racks, halls, customers of a customer."""

    pattern: Annotated[
        str,
        Field(
            max_length=1000,
            description="A regular expression in RE2's syntax, looked for in each worker's name; "
            "`(?P<rack>…)` makes the part that it matches the worker's `rack`. Sums are told for "
            "each value of each. Needs `stratumproxy[groups]`. Empty: no groups.",
            examples=[r"^(?P<customer>[^.]+)\.(?P<rack>c\d+)"],
        ),
    ] = ""

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, pattern: str) -> str:
        if pattern:
            check_pattern(pattern)
        return pattern


class Excused(Table):
    """A time for which nobody is blamed in a statement: curtailment, maintenance, a storm."""

    # `from` is a word of Python's own.
    model_config = ConfigDict(populate_by_name=True)

    since: Annotated[
        datetime,
        Field(
            alias="from",
            description="When it begins: a date and time with its zone.",
            examples=["2026-11-03T14:00:00Z"],
        ),
    ]
    until: Annotated[
        datetime,
        Field(
            alias="to",
            description="When it is over: a date and time with its zone.",
            examples=["2026-11-03T18:00:00+01:00"],
        ),
    ]
    why: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="What a statement says of it.",
            examples=["curtailment, asked for by the grid"],
        ),
    ]
    tenant: Annotated[
        str,
        Field(
            max_length=64,
            description="Whose miners were stopped for it; `default` for those of no tenant. "
            "Empty: everybody's.",
            examples=["acme"],
        ),
    ] = ""

    @field_validator("since", "until")
    @classmethod
    def _zone(cls, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError(
                f"{moment.isoformat()} is without a zone; write such as {moment.isoformat()}Z, or "
                f"{moment.isoformat()}+01:00"
            )
        return moment

    @field_validator("until")
    @classmethod
    def _order(cls, until: datetime, info: ValidationInfo) -> datetime:
        since = info.data.get("since", until)
        if until < since:
            raise ValueError(f"{until.isoformat()} is before from, which is {since.isoformat()}")
        return until
