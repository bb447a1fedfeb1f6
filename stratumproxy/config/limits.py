"""[limits]: where the proxy stops giving."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import Field, field_validator

from stratumproxy.config.number import Within
from stratumproxy.config.table import Seconds, Table


class Limits(Table):
    """Where the proxy stops giving: what a miner, or all of them, may use."""

    line_bytes: Annotated[
        int,
        Field(
            ge=1024,
            le=1_048_576,
            description="Bytes: the longest line a miner may send. Past it the miner is "
            "disconnected. ckpool allows 1024, NOMP 10240.",
        ),
    ] = 10_240
    out_buffer_bytes: Annotated[
        int,
        Field(
            ge=4096,
            le=16_777_216,
            description="Bytes that wait here for a miner that does not read, beyond what the "
            "kernel holds. Past it the miner is disconnected, as Redis does with a subscriber "
            "that falls behind (there at 32 MiB). The default has room for a dozen jobs.",
        ),
    ] = 65_536
    connections: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Miner connections at a time. The next is closed as soon as it is "
            "accepted. Each needs a file descriptor: the soft RLIMIT_NOFILE is raised at start "
            "when it is too low. The default holds the largest site measured, 17,595 miners.",
        ),
    ] = 20_000
    connections_per_address: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Miner connections at a time from one address; 0 for no limit. The next is "
            "closed as soon as it is accepted. No limit by default, since a whole site behind NAT "
            "has one address; where it does not, 64 is generous (nginx's example for limit_conn: "
            "10).",
        ),
    ] = 0
    worker_name_bytes: Annotated[
        int,
        Field(
            ge=32,
            le=255,
            description="Bytes of UTF-8 that a worker name may have; a longer one is not "
            "authorized. Stratum V2 has room for 255 in its user_identity; WhatsMiner, the most "
            "generous firmware, takes 127.",
        ),
    ] = 255
    new_workers_per_minute: Annotated[
        int | float,
        Within(0, 1_000_000),
        Field(
            description="New worker names that the control plane is told of in a minute, once as "
            "many were as `connections` allows at a time; for each process. Any other new one "
            "mines and is credited all the same, and is counted in the sum until there is room "
            "for it. A name is new until a share of it counted. It bounds what made-up names take, "
            "800 bytes of the ledger and 4 kB of memory each. Graphite's carbon creates 50 series "
            "a minute at most.",
        ),
    ] = 10
    messages_per_second: Annotated[
        int | float,
        Within(1, 1_000_000),
        Field(
            description="Messages a second that a miner may send, the shares aside that are "
            "accepted: those vardiff limits. One that goes on with more, once it has sent "
            "`message_burst` too many, is disconnected. A miner subscribes, authorizes, and then "
            "sends little but shares: the most talkative one known, NerdMiner, a message in 30 s.",
        ),
    ] = 100
    message_burst: Annotated[
        int,
        Field(
            ge=10,
            le=10_000_000,
            description="Messages that a miner may be ahead of `messages_per_second`. The default "
            "is 10 s of it: what gathers while a connection hangs comes at once.",
        ),
    ] = 1000
    shares_per_second: Annotated[
        int | float,
        Within(1, 1_000_000),
        Field(
            description="Accepted shares a second that a miner may send. Vardiff keeps miners far "
            "below; one that goes on finding shares of a job that is too easy for it, and does "
            "not take the harder one, is disconnected when it is 10 s of it ahead. A terahash a "
            "second is 233 shares a second at difficulty 1.",
        ),
    ] = 1000
    invalid_share_percent: Annotated[
        int | float,
        Within(0, 100),
        Field(
            description="Percent of a miner's shares that may be invalid (refused here, stale ones "
            "aside). More in one window is logged as a warning; in the next one, too, the miner is "
            "disconnected; when that happens again within `ban_seconds`, its worker is banned. 100 "
            "for no limit. NOMP's is 50.",
        ),
    ] = 50
    invalid_share_window: Annotated[
        int,
        Field(
            ge=10,
            le=1_000_000,
            description="Shares after which `invalid_share_percent` is judged. NOMP's is 500, too.",
        ),
    ] = 500
    ban_seconds: Annotated[
        Seconds,
        Within(0, 86_400),
        Field(
            description="Seconds that a worker is banned, at the address it did it from, when it "
            "was disconnected twice in that time for invalid shares or a flood: its authorize is "
            "refused and the connection closed. The address is not banned, since other miners may "
            "have the same; nor is a name that another connection is open under. All processes "
            "agree on that if there is a control process (`[api]`, `[ledger]` or `[kafka]`); else "
            "each goes by what it saw itself. 0 bans nobody. NOMP bans for 600.",
        ),
    ] = 600
    exempt: Annotated[
        list[str],
        Field(
            max_length=1000,
            description="Addresses and networks that may do what they want: `messages_per_second`, "
            "`invalid_share_percent`, bans and `connections_per_address` are not for them. The "
            "default is this machine. Add a load balancer that hides its clients' addresses, and "
            "another proxy in front of this one, whose one connection has the shares of many.",
            examples=[["127.0.0.0/8", "::1", "10.0.0.5"]],
        ),
    ] = ["127.0.0.0/8", "::1"]  # noqa: RUF012 pydantic copies it
    handshake_seconds: Annotated[
        Seconds,
        Within(1, 3600),
        Field(
            description="Seconds from the connection (at the start: from the first pool's first "
            "job) to subscribe and authorize. Past it the connection is closed: port scanners and "
            "half-open connections end here. nginx gives a client's request header 60.",
        ),
    ] = 60
    unauthorized_sessions: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Sessions with each pool at a time on which no miner has authorized, where "
            "a session has to be opened for one that subscribes: with an extranonce2 of 2 bytes, "
            "or `miners_per_session`. The next waits for its answer until one authorizes, or is "
            "disconnected because it did not within 5 s of its own (`handshake_seconds` if nobody "
            "waits). OpenSSH's MaxStartups refuses at random from 10, and all past 100.",
        ),
    ] = 32
    named_sessions: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Sessions with each pool at a time that are opened for one worker's name, "
            'where `worker_names` is "each" and the pool does not take several names on a session; '
            "for each process. Workers past it are sent as the account, which is said. Pools limit "
            "connections of an address, and few say at how many.",
        ),
    ] = 100
    idle_seconds: Annotated[
        Seconds,
        Within(1, 86_400),
        Field(
            description="Seconds without a line from a miner that is mining, after which it is "
            "disconnected. At 12 shares a minute an hour is 720 missed shares.",
        ),
    ] = 3600
    resume_seconds: Annotated[
        Seconds,
        Within(0, 86_400),
        Field(
            description="Seconds that the extranonce1 of a miner that is gone is kept for its "
            "return (subscribe with a session id). 0 frees it at once.",
        ),
    ] = 600
    drain_seconds: Annotated[
        Seconds,
        Within(0, 60),
        Field(
            description="Seconds to wait at the stop for the pool's verdicts on shares that are "
            "on their way. Past it the proxy stops without them, and the summary says how many. A "
            "second signal stops at once.",
        ),
    ] = 3
    reconnect_on_stop: Annotated[
        bool,
        Field(
            description="Send `client.reconnect` to every miner at the stop, within "
            "`drain_seconds` and 200 a second if that is enough. For a proxy whose miners come "
            "back to another one at the same address, behind a load balancer or with socket "
            "activation; a miner that finds nobody there goes to its next pool either way.",
        ),
    ] = False

    @field_validator("exempt")
    @classmethod
    def _exempt(cls, networks: list[str]) -> list[str]:
        for each in networks:
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(
                    f"{error}; expected an address or a network, such as 10.0.0.5 or 10.0.0.0/8"
                ) from None
        return networks
