"""What can be configured: one frozen model for each TOML table, `Config` the whole file.

A description gives the unit, what the setting is for, and what happens at the limit; default and
range are added from the field itself wherever a description is shown.
"""

import platform
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from stratumproxy.config.clashes import CLASH, clashes
from stratumproxy.config.control import Api, Kafka, Ledger
from stratumproxy.config.difficulty import Difficulty
from stratumproxy.config.endpoints import Listen, Pool
from stratumproxy.config.hosting import Excused, Groups, Target, Tenant
from stratumproxy.config.limits import Limits
from stratumproxy.config.locate import dotted
from stratumproxy.config.number import Within
from stratumproxy.config.split import Split
from stratumproxy.config.table import Seconds, Table
from stratumproxy.config.tenants import TenantTable, tenants_of

RUNNING = {"runs": True}
"""The context to validate a configuration in that was found to be good and runs already, so that
what its tables say of one another is not looked at again."""


class Jobs(Table):
    """How the pool's work is passed on."""

    keepalive_seconds: Annotated[
        Seconds,
        Within(1, 85),
        Field(
            description="Seconds without a new job after which the current one is sent again, its "
            "ntime moved on. cgminer leaves a pool after 90 s of silence, hence the upper bound.",
        ),
    ] = 55
    grace_seconds: Annotated[
        Seconds,
        Within(0, 3600),
        Field(
            description="Seconds that shares on a job are still taken after another went out in "
            "its place, unless the pool says that it is over (`clean_jobs`). After a switch "
            "between two pools that are both well, the one that was left takes them for as long. "
            "Every share that counts is remembered while its job is taken, so memory is the rate "
            "of shares times this: at 3,500 a second and 180 s some 40 MB.",
        ),
    ] = 180
    ntime_roll_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=7200,
            description="Seconds past the job's ntime that a share's may lie. Beyond it, and "
            "before the job's own, the share is rejected. ckpool allows 7000; Bitcoin's nodes "
            "refuse a block 7200 in the future.",
        ),
    ] = 7000


class Failover(Table):
    """When another pool is mined on, and when the first one again."""

    return_seconds: Annotated[
        Seconds,
        Within(0, 86_400),
        Field(
            description="Seconds that a pool earlier in the order must have been ready again "
            "before it is gone back to.",
        ),
    ] = 60
    reject_percent: Annotated[
        int | float,
        Within(1, 100),
        Field(
            description="Percent of a pool's verdicts that may be rejects. From there on, and 20 "
            "rejects at least, the next pool is mined on, if one is ready.",
        ),
    ] = 50
    reject_pause_seconds: Annotated[
        Seconds,
        Within(1, 86_400),
        Field(
            description="Seconds until a pool that rejected too many shares gets another chance.",
        ),
    ] = 300
    release_seconds: Annotated[
        Seconds,
        Within(0, 86_400),
        Field(
            description="Seconds that miners stay connected while no pool is ready. Then they are "
            "disconnected, 200 a second, and new ones are turned away until a pool is ready, so "
            "that a miner's own fallback pool takes over. cgminer leaves by itself after 90 s "
            "without a job.",
        ),
    ] = 120


class Log(Table):
    """What is written about it all, to standard error."""

    format: Annotated[
        Literal["auto", "console", "json"],
        Field(
            description="`console`: a line for people; `json`: an object a line, for a log "
            "collector; `auto`: console on a terminal, JSON otherwise.",
        ),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(
            description="The least important level that is written. `info` tells what changes "
            "(miners, pools, jobs, blocks), never each share; `debug` tells more a miner.",
        ),
    ] = "info"
    buffer_bytes: Annotated[
        int,
        Field(
            ge=4096,
            le=1 << 28,
            description="Bytes of it that may wait in each process for whoever reads it. Nothing "
            "else waits: lines that find no room are lost and counted, and the log says so where "
            "they are missing.",
        ),
    ] = 1 << 20
    summary_seconds: Annotated[
        Seconds,
        Within(0, 86_400),
        Field(
            description="Seconds from one line that sums up to the next, at `info`: miners, pool, "
            "hashrate, accepted and refused shares, connects and losses since the last one. 0 for "
            "none. ckpool has one a minute, rsyslog's mark comes every 20.",
        ),
    ] = 300


class Config(Table):
    """The configuration of a stratumproxy."""

    verdict: Annotated[
        Literal["pool", "local"],
        Field(
            description="Who answers a share that is sent to the pool. `pool`: the miner gets the "
            "pool's own verdict, when it comes. `local`: the miner is told `true` at once, and "
            "the pool's verdict is only counted. A share below the pool's difficulty is answered "
            "at once either way.",
        ),
    ] = "pool"
    site: Annotated[
        str,
        Field(
            max_length=64,
            description="What this place is called in records and in the ledger, where there are "
            "others. Empty: the machine's host name.",
        ),
    ] = ""
    processes: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            description="Processes that serve miners, each on a core of its own and with pool "
            "sessions of its own; the kernel spreads connections over them. One serves 17,595 "
            "miners at 12 shares a minute on well under half a core. `limits.connections` counts "
            "for each.",
        ),
    ] = 1
    unknown_workers: Annotated[
        Literal["serve", "refuse"],
        Field(
            description="What becomes of miners that belong to no [[tenant]]. `serve`: they mine "
            "as [[target]] says, or as [[pool]] does where there is none. `refuse`: they are not "
            "authorized.",
        ),
    ] = "serve"
    listen: Annotated[list[Listen], Field(min_length=1, description="Ports for miners.")]
    pool: Annotated[
        list[Pool], Field(min_length=1, description="Pools to mine on, in order of preference.")
    ]
    tenant: Annotated[
        list[Tenant],
        Field(
            max_length=1000,
            description="Customers, each with accounts of their own: the first that fits a miner.",
        ),
    ] = []  # noqa: RUF012 pydantic copies it
    target: Annotated[
        list[Target],
        Field(
            max_length=100,
            description="Where the work of those goes who belong to no tenant, in parts by weight. "
            "None: as [[pool]] says.",
        ),
    ] = []  # noqa: RUF012 pydantic copies it
    groups: Groups = Groups()
    excused: Annotated[
        list[Excused],
        Field(
            max_length=10_000,
            description="Times for which nobody is blamed in a statement.",
        ),
    ] = []  # noqa: RUF012 pydantic copies it
    difficulty: Difficulty = Difficulty()
    jobs: Jobs = Jobs()
    failover: Failover = Failover()
    split: Split = Split()
    limits: Limits = Limits()
    api: Api = Api()
    ledger: Ledger = Ledger()
    kafka: Kafka = Kafka()
    log: Log = Log()

    @property
    def place(self) -> str:
        """`site`, or what stands for it."""
        return self.site or platform.node()

    @property
    def tenants(self) -> tuple[TenantTable, ...]:
        """Every tenant, in the file's order, and at the end "default" for what belongs to none."""
        return tenants_of(self.tenant, self.target, self.pool, self.difficulty)

    @model_validator(mode="after")
    def _nothing_twice(self, info: ValidationInfo) -> "Config":
        if info.context is RUNNING:
            return self
        for path, text in clashes(self.model_dump(exclude_none=True)):
            raise PydanticCustomError(CLASH, "{at}: {text}", {"at": dotted(path), "text": text})
        return self
