"""The two ends of the proxy: where miners connect, and the pools they mine on."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from stratumproxy.config.address import parse_listen, parse_pool_url, parse_proxy_url
from stratumproxy.config.certificates import (
    check_readable,
    miners_context,
    parse_fingerprint,
    pool_context,
)
from stratumproxy.config.networks import check_networks
from stratumproxy.config.number import Within
from stratumproxy.config.table import Seconds, Table


class Listen(Table):
    """A port for miners. At least one; each is served by the same pools and settings."""

    address: Annotated[
        str,
        Field(
            description="Where miners connect: `IPv4:port`, `[IPv6]:port`, or `:port` (also "
            "`*:port`) for every address of this machine. Port 0 lets the system choose one; the "
            "log says which. An address that is in use stops the start.",
            examples=["0.0.0.0:3333", "[::1]:3333", ":3333"],
        ),
    ]
    backlog: Annotated[
        int,
        Field(
            ge=1,
            le=65535,
            description="Connections the kernel holds until they are accepted. Past it the kernel "
            "drops the miner's SYN and the miner tries again a second later, which is what a farm "
            "sees after a power cut. The kernel caps it at net.core.somaxconn (4096 on Linux "
            "since 5.4, the precedent of this default).",
        ),
    ] = 4096

    name: Annotated[
        str,
        Field(
            max_length=64,
            description="What a [[tenant]]'s `listen` and records call it; no two listeners may "
            "have the same. Empty: its `address`.",
            examples=["hall-a"],
        ),
    ] = ""
    tls_certificate: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of a PEM file: this listener speaks TLS, with the certificate in it, "
            "and nothing else. After it come those between it and the authority, if there are any. "
            "Relative paths start where the proxy was started. Empty: without TLS.",
            examples=["proxy.pem"],
        ),
    ] = ""
    tls_key: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of the PEM file with the certificate's private key, which must not "
            "need a passphrase. Empty: it is in `tls_certificate`'s file.",
            examples=["proxy.key"],
        ),
    ] = ""
    proxy_protocol_from: Annotated[
        list[str],
        Field(
            max_length=1000,
            description="Addresses and networks of balancers, whose connections must begin with a "
            "PROXY header (version 1 or 2; before TLS if there is TLS). It names the miner's own "
            "address, which then counts for logs and limits, so name none that miners can "
            "connect from. From anywhere else no header is taken. Empty: no balancers.",
            examples=[["10.0.0.0/8"]],
        ),
    ] = []  # noqa: RUF012 pydantic copies it

    @field_validator("tls_certificate")
    @classmethod
    def _tls_certificate(cls, path: str) -> str:
        if path:
            check_readable(path)
        return path

    @field_validator("tls_key")
    @classmethod
    def _certificate_and_key(cls, key: str, info: ValidationInfo) -> str:
        certificate = info.data.get("tls_certificate")
        if certificate is None:
            return key  # it has a mistake of its own
        if certificate:
            miners_context(certificate, key)
        elif key:
            raise ValueError("a key is of no use without tls_certificate")
        return key

    @field_validator("proxy_protocol_from")
    @classmethod
    def _networks(cls, networks: list[str]) -> list[str]:
        return check_networks(networks)

    @field_validator("address")
    @classmethod
    def _address(cls, address: str) -> str:
        parse_listen(address)
        return address

    @property
    def called(self) -> str:
        """`name`, or what stands for it."""
        return self.name or self.address

    @property
    def host(self) -> str | None:
        """The address without its port; None for every address, IPv4 and IPv6."""
        return parse_listen(self.address)[0]

    @property
    def port(self) -> int:
        """The TCP port; 0 lets the system choose."""
        return parse_listen(self.address)[1]


class Pool(Table):
    """A pool to mine on. At least one, in order of preference: the first that works is used."""

    url: Annotated[
        str,
        Field(
            description="`stratum+tcp://host:port`, or `stratum+ssl://host:port` (also "
            "`stratum+tls`) for TLS. The host is a name, an IPv4 address, or an IPv6 address in "
            "brackets. With TLS the pool's certificate must be valid for that host and signed by "
            "an authority the system trusts, unless `tls_ca` or `tls_fingerprint` says otherwise.",
            examples=["stratum+tcp://pool.example:3333"],
        ),
    ]
    user: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            description="The name that every session to this pool authorizes as, and that every "
            "share is submitted for: an account, an account and a worker, or an address, as the "
            "pool wants it.",
            examples=["farm", "farm.proxy1"],
        ),
    ]
    password: Annotated[
        str,
        Field(
            max_length=512,
            description="The password of that authorization. Most pools ignore it; some read "
            "options such as `d=1000` from it. Never logged.",
            repr=False,
        ),
    ] = "x"
    tls_ca: Annotated[
        str,
        Field(
            max_length=4096,
            description="Path of a PEM file: the certificates of the authorities that may have "
            "signed this pool's, instead of those that the system trusts. Relative paths start "
            "where the proxy was started.",
            examples=["pool-ca.pem"],
        ),
    ] = ""
    tls_fingerprint: Annotated[
        str,
        Field(
            max_length=128,
            description="The SHA-256 of the pool's certificate (of its DER form, as "
            "`openssl x509 -fingerprint -sha256` prints it: the digits or the whole line). Only "
            "that certificate is taken, and then neither who signed it nor its dates nor its name "
            "matter: for a pool that signed its own.",
        ),
    ] = ""
    proxy: Annotated[
        str,
        Field(
            max_length=2048,
            description="A SOCKS5 server to reach this pool by: `socks5://host:port`, or "
            "`socks5://user:password@host:port`, percent-encoded where they need it. The pool's "
            "name is looked up there, not here, so `.onion` names work by Tor's. Never logged "
            "with its password. Empty: straight to the pool.",
            examples=["socks5://127.0.0.1:9050"],
            repr=False,
        ),
    ] = ""
    name: Annotated[
        str,
        Field(
            max_length=64,
            description="What logs and summaries call this pool; no two pools may have the same. "
            "Empty: the url's `host:port`.",
        ),
    ] = ""
    coin: Annotated[
        str,
        Field(
            min_length=1,
            max_length=16,
            description="What the pool mines, as records and the ledger are to call it.",
        ),
    ] = "BTC"
    miners_per_session: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            description="Miners that share one connection to the pool. The next miner opens "
            "another. Not set: as many as the pool's extranonce2 has room for, which is one at "
            "sizes of 2 and below. With 1 a miner is given at least 4 bytes of extranonce2 where "
            "the pool gives 4, which hashrate markets such as NiceHash demand; below 6 it then has "
            "the pool's own extranonce1.",
        ),
    ] = None
    min_difficulty: Annotated[
        Annotated[int | float, Within(1e-12, 1e18)] | None,
        Field(
            description="The least that this pool is taken to ask for: where it names a lower "
            "difficulty, shares below this are counted here and not sent to it. A pool that asks "
            "next to nothing would have every miner send all that it finds. Not set: "
            "0.0001, or `difficulty.min` if that is lower. For a farm of ASICs 1 is a good value.",
        ),
    ] = None
    version_mask: Annotated[
        str,
        Field(
            json_schema_extra={"pattern": "^[0-9a-fA-F]{8}$"},
            examples=["1fffe000"],
            description="The version bits to ask this pool for (BIP310), as 8 hex digits. The "
            'pool may grant fewer; miners are then given those. "00000000" never asks, for a pool '
            "that closes on `mining.configure`.",
        ),
    ] = "1fffe000"
    extranonce2_size: Annotated[
        int | None,
        Field(
            ge=2,
            le=16,
            description="Bytes: the smallest extranonce2 this pool is known to give. Miners get a "
            "layout that fits it from the start, so that a later switch to this pool needs no "
            "reconnect. Not set: learned from the pool's first reply, for which miners are kept "
            "waiting a few seconds at the start. If a smaller one turns up later, miners whose "
            "bytes no longer fit reconnect, a few at a time, except those that take "
            "`mining.set_extranonce`.",
        ),
    ] = None
    connect_timeout_seconds: Annotated[
        Seconds,
        Within(0.1, 300),
        Field(
            description="Seconds for the connection to be made: all of the name's addresses, "
            "the SOCKS server and the TLS handshake together. Past it the attempt has failed and "
            "the backoff begins.",
        ),
    ] = 10
    reply_timeout_seconds: Annotated[
        Seconds,
        Within(0.1, 600),
        Field(
            description="Seconds to wait for the pool's verdict on a share. Past it the share "
            "counts as lost, and its miner is told so. It is also how long the pool may leave "
            "unread what it is sent, before it is connected anew.",
        ),
    ] = 30
    silence_seconds: Annotated[
        Seconds,
        Within(1, 3600),
        Field(
            description="Seconds without a word from the pool, be it a job or a reply, after "
            "which it is taken for dead and connected anew. cgminer's limit is 90.",
        ),
    ] = 90
    backoff_min_seconds: Annotated[
        Seconds,
        Within(0.05, 3600),
        Field(
            description="Seconds before the first reconnection. Every failure doubles it, up to "
            "`backoff_max_seconds`; a session that could be mined on starts it anew. Each wait is "
            "shortened at random, to half at most, so that many proxies do not come back at once.",
        ),
    ] = 1
    backoff_max_seconds: Annotated[
        Seconds,
        Within(0.05, 3600),
        Field(description="Seconds: the longest wait between two attempts."),
    ] = 60
    allow_redirect: Annotated[
        Literal["same-domain", "any", "never"],
        Field(
            description="Which `client.reconnect` to another host is followed. `same-domain`: "
            "one below the same registered domain, by the public suffix list (cgminer compares "
            "the last two labels), which guards against a hijacked connection that sends the "
            "hashrate elsewhere. What is not followed is logged, and the connection stays. A "
            "redirect to the same host is always followed.",
        ),
    ] = "same-domain"

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        parse_pool_url(url)
        return url

    @field_validator("name")
    @classmethod
    def _name(cls, name: str, info: ValidationInfo) -> str:
        if name or "url" not in info.data:
            return name
        return parse_pool_url(info.data["url"]).place

    @field_validator("tls_ca")
    @classmethod
    def _tls_ca(cls, path: str, info: ValidationInfo) -> str:
        if path:
            _expect_tls(info)
            pool_context(path)
        return path

    @field_validator("tls_fingerprint")
    @classmethod
    def _tls_fingerprint(cls, fingerprint: str, info: ValidationInfo) -> str:
        if not fingerprint:
            return fingerprint
        _expect_tls(info)
        if info.data.get("tls_ca"):
            raise ValueError("no authority is asked when a fingerprint is set; leave out tls_ca")
        return parse_fingerprint(fingerprint)

    @field_validator("proxy")
    @classmethod
    def _proxy(cls, url: str) -> str:
        if url:
            parse_proxy_url(url)
        return url

    @field_validator("version_mask")
    @classmethod
    def _version_mask(cls, mask: str) -> str:
        if len(mask) != 8 or not set(mask) <= set("0123456789abcdefABCDEF"):
            raise ValueError(f'{mask!r} is not 8 hex digits, such as "1fffe000"')
        return mask

    @field_validator("backoff_max_seconds")
    @classmethod
    def _backoff(cls, highest: Seconds, info: ValidationInfo) -> Seconds:
        lowest = info.data.get("backoff_min_seconds", highest)
        if highest < lowest:
            raise ValueError(f"{highest} is below backoff_min_seconds, which is {lowest}")
        return highest

    @property
    def host(self) -> str:
        """The url's host: a name or an address, without brackets."""
        return parse_pool_url(self.url).host

    @property
    def port(self) -> int:
        """The url's port."""
        return parse_pool_url(self.url).port

    @property
    def tls(self) -> bool:
        """Whether the url asks for TLS."""
        return parse_pool_url(self.url).tls

    @property
    def mask(self) -> int:
        """`version_mask` as an integer; 0 never asks."""
        return int(self.version_mask, 16)


def _expect_tls(info: ValidationInfo) -> None:
    """A setting of TLS is a mistake on a url without it: it would protect nothing."""
    url = info.data.get("url")
    if url is not None and not parse_pool_url(url).tls:
        raise ValueError(f"the url {url!r} is without TLS; expected stratum+ssl://")
