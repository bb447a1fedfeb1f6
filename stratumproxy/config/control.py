"""What the control plane keeps and shows: the ledger, Kafka, the API and its dashboard."""

from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from stratumproxy.config.address import check_brokers, parse_listen
from stratumproxy.config.number import Within
from stratumproxy.config.reading import check_kind, read_file
from stratumproxy.config.table import Table

Days = int | float


class Token(Table):
    """Who may ask the API by a token of their own, besides those who know `api.token_file`'s."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            description="What events and the log call whoever has it. No two may have the same.",
            examples=["night-shift"],
        ),
    ]
    file: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4096,
            description="Path of a file with a secret of 16 or more characters on its first line.",
            examples=["/etc/stratumproxy/night-shift.token"],
        ),
    ]
    role: Annotated[
        Literal["read", "operate"],
        Field(
            description="`read`: look only. `operate`: give orders, too (disconnect miners, switch "
            "pools, change weights); each stands in the events with the token's name. With a "
            "`tenant`, for its workers: disconnect, ban, set a difficulty.",
        ),
    ] = "read"
    tenant: Annotated[
        str,
        Field(
            max_length=64,
            description="The [[tenant]] whose figures it opens, and nothing else. Empty: all.",
            examples=["acme"],
        ),
    ] = ""

    @field_validator("file")
    @classmethod
    def _file(cls, path: str) -> str:
        read_token(path)
        return path


class Api(Table):
    """The dashboard, the API behind it, and /metrics for Prometheus: one address for all three."""

    listen: Annotated[
        str,
        Field(
            description="Where browsers, scripts and Prometheus connect, by HTTP: `IPv4:port`, "
            "`[IPv6]:port`, or `:port` for every address. Anything but a loopback address needs "
            "`token_file` or an [[api.token]], and should stand behind a proxy that speaks TLS. "
            "Empty: no API.",
            examples=["127.0.0.1:8080", "[::1]:8080"],
        ),
    ] = ""
    token: Annotated[
        list[Token],
        Field(max_length=1000, description="Further tokens, each with a name and a role."),
    ] = []  # noqa: RUF012 pydantic copies it
    token_file: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of a file with a secret of 16 or more characters on its first line. "
            "Whoever gives it as a bearer token may disconnect miners, switch pools and so on. "
            "Without it only those may that [[api.token]] lets. On an address that is not "
            "loopback, reading needs one of them too.",
            examples=["/etc/stratumproxy/token"],
        ),
    ] = ""
    read_needs_token: Annotated[
        bool,
        Field(
            description="Whether reading needs the token on a loopback address too. Set it where "
            "other people have an account on this machine, or where a proxy on it brings requests "
            "from elsewhere and does not say so in a header (`Forwarded`, `X-Forwarded-For`, "
            "`Via`, …): what says so needs the token anyway."
        ),
    ] = False
    event_streams: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Event streams (`/api/events`) at a time: each open dashboard has one. The "
            "next is answered 503. Browsers open six connections to a host at most.",
        ),
    ] = 64
    connections: Annotated[
        int,
        Field(
            ge=64,
            le=100_000,
            description="HTTP connections at a time, twice `event_streams` or more. For the next, "
            "the one that has kept us waiting for longest is closed, of those of the address that "
            "has the most; 16 are for this machine alone. Each needs a file descriptor, and some "
            "10 kB. nginx has 512 a worker.",
        ),
    ] = 1000

    @field_validator("listen")
    @classmethod
    def _listen(cls, listen: str) -> str:
        if listen:
            parse_listen(listen)
        return listen

    @field_validator("token_file")
    @classmethod
    def _token_file(cls, path: str, info: ValidationInfo) -> str:
        listen = info.data.get("listen", "")
        if listen and not path and not info.data.get("token", "failed"):
            host = parse_listen(listen)[0]
            if host is None or not ip_address(host).is_loopback:
                raise ValueError(
                    f"listen = {listen!r} is open to other machines, so a token_file is needed, "
                    'or an [[api.token]]; or listen on "127.0.0.1:8080"'
                )
        if path:
            read_token(path)
        return path

    @field_validator("read_needs_token")
    @classmethod
    def _read_needs_token(cls, needed: bool, info: ValidationInfo) -> bool:
        if needed and not any(info.data.get(key, "failed") for key in ("token_file", "token")):
            raise ValueError("nobody could read without a token_file; name one")
        return needed

    @field_validator("connections")
    @classmethod
    def _connections(cls, connections: int, info: ValidationInfo) -> int:
        streams = info.data.get("event_streams", 0)
        if connections < 2 * streams:
            raise ValueError(
                f"event_streams = {streams} may take more than half of them; allow {2 * streams} "
                "connections, or fewer event_streams"
            )
        return connections

    @property
    def secret(self) -> str:
        """What stands in `token_file`; empty without it."""
        return read_token(self.token_file) if self.token_file else ""


class Ledger(Table):
    """The ledger: every share that was sent to a pool, and every worker's work over time.

    An SQLite database, for as long as these settings say.
    """

    path: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of the database; made if it is not there. A local disk: SQLite's "
            "write-ahead log does not work over a network. Empty: no ledger.",
            examples=["/var/lib/stratumproxy/ledger.sqlite3"],
        ),
    ] = ""
    shares_days: Annotated[
        Days,
        Within(0.01, 36_500),
        Field(
            description="Days that each share sent to a pool is kept. Some 150 bytes a share: at "
            "1 a second 13 MB a day."
        ),
    ] = 30
    five_minutes_days: Annotated[
        Days,
        Within(0.01, 36_500),
        Field(
            description="Days that each worker's work in five minutes is kept. Some 60 bytes a "
            "worker and five minutes: 17,595 workers take 300 MB a day."
        ),
    ] = 2
    hours_days: Annotated[
        Days,
        Within(0.1, 36_500),
        Field(description="Days that each worker's work in an hour is kept."),
    ] = 60
    days_days: Annotated[
        Days,
        Within(1, 36_500),
        Field(description="Days that each worker's work in a day (UTC) is kept."),
    ] = 1830
    events_days: Annotated[
        Days,
        Within(0.01, 36_500),
        Field(description="Days that jobs, and events such as a lost pool, are kept."),
    ] = 30

    @field_validator("path")
    @classmethod
    def _path(cls, path: str) -> str:
        with suppress(OSError):  # what can't be looked at yet may be mended while it runs
            check_kind(path)
        return path


class Kafka(Table):
    """The same records for other programs, by Apache Kafka. Needs `stratumproxy[kafka]`."""

    brokers: Annotated[
        str,
        Field(
            max_length=4096,
            description="Brokers to begin with, as `host:port,host:port`. Empty: no Kafka.",
            examples=["kafka-1:9092,kafka-2:9092"],
        ),
    ] = ""
    topic_prefix: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._-]{1,200}$",
            description="What topics begin with: `.shares`, `.work` and `.events` follow. Records "
            "are keyed by worker, so each worker's stay in order.",
        ),
    ] = "stratumproxy"
    spool: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of a folder for records that no broker has acknowledged yet. Needed "
            "with `brokers`.",
            examples=["/var/lib/stratumproxy/kafka"],
        ),
    ] = ""
    spool_bytes: Annotated[
        int,
        Field(
            ge=1 << 20,
            le=1 << 40,
            description="Bytes that may wait in `spool`. When it is full nothing more is taken, "
            "which is logged; the data plane keeps what it can, and counts what it can't.",
        ),
    ] = 1 << 30
    options: Annotated[
        dict[str, str],
        Field(
            max_length=100,
            description="Settings of librdkafka, handed on as they are: TLS, SASL, compression.",
            examples=[{"security.protocol": "SSL", "ssl.ca.location": "/etc/ssl/kafka.pem"}],
        ),
    ] = {}  # noqa: RUF012 pydantic copies it

    @field_validator("brokers")
    @classmethod
    def _brokers(cls, brokers: str) -> str:
        if brokers:
            check_brokers(brokers)
        return brokers

    @field_validator("spool")
    @classmethod
    def _spool(cls, spool: str, info: ValidationInfo) -> str:
        if info.data.get("brokers") and not spool:
            raise ValueError("brokers are of no use without a spool; name a folder for it")
        return spool


SHORTEST_TOKEN = 16


def read_token(path: str) -> str:
    """The secret on the first line of a file.

    Raises:
        ValueError: there is none, or it is too short to be one.
    """
    try:
        token = read_file(path).partition(b"\n")[0].decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path!r} can't be read: it is not text") from None
    except ValueError as error:
        raise ValueError(f"{path!r} can't be read: {error}") from None
    if len(token) < SHORTEST_TOKEN:
        raise ValueError(
            f"the first line of {path!r} has {len(token)} characters; a token needs "
            f"{SHORTEST_TOKEN}. Make one: head -c 24 /dev/urandom | base64 > {path}"
        )
    return token
