"""The contract: names, defaults, and what the accessors make of them."""

import platform
from typing import Any

import pytest
from pydantic import ValidationError

from stratumproxy.config import Config, Listen, Pool

LISTEN: dict[str, Any] = {"address": "0.0.0.0:3333"}
POOL: dict[str, Any] = {"url": "stratum+tcp://pool.example:3333", "user": "farm"}


def config(**changes: Any) -> Config:
    return Config.model_validate({"listen": [LISTEN], "pool": [POOL], **changes})


def test_defaults_are_the_contract() -> None:
    assert config().model_dump() == {
        "verdict": "pool",
        "site": "",
        "processes": 1,
        "unknown_workers": "serve",
        "listen": [
            {
                "address": "0.0.0.0:3333",
                "backlog": 4096,
                "name": "",
                "tls_certificate": "",
                "tls_key": "",
                "proxy_protocol_from": [],
            }
        ],
        "pool": [
            {
                "url": "stratum+tcp://pool.example:3333",
                "user": "farm",
                "password": "x",
                "tls_ca": "",
                "tls_fingerprint": "",
                "proxy": "",
                "name": "pool.example:3333",
                "coin": "BTC",
                "miners_per_session": None,
                "min_difficulty": None,
                "version_mask": "1fffe000",
                "extranonce2_size": None,
                "connect_timeout_seconds": 10,
                "reply_timeout_seconds": 30,
                "silence_seconds": 90,
                "backoff_min_seconds": 1,
                "backoff_max_seconds": 60,
                "allow_redirect": "same-domain",
            }
        ],
        "tenant": [],
        "target": [],
        "groups": {"pattern": ""},
        "excused": [],
        "difficulty": {
            "start": 8192,
            "min": 0.001,
            "max": 1e15,
            "shares_per_minute": 12,
            "vardiff": True,
            "retarget_seconds": 60,
        },
        "jobs": {"keepalive_seconds": 55, "grace_seconds": 180, "ntime_roll_seconds": 7000},
        "failover": {
            "return_seconds": 60,
            "reject_percent": 50,
            "reject_pause_seconds": 300,
            "release_seconds": 120,
        },
        "split": {"at_once_percent": 25, "at_once_miners": 1000},
        "limits": {
            "line_bytes": 10240,
            "out_buffer_bytes": 65536,
            "connections": 20000,
            "connections_per_address": 0,
            "worker_name_bytes": 255,
            "new_workers_per_minute": 10,
            "messages_per_second": 100,
            "message_burst": 1000,
            "shares_per_second": 1000,
            "invalid_share_percent": 50,
            "invalid_share_window": 500,
            "ban_seconds": 600,
            "exempt": ["127.0.0.0/8", "::1"],
            "handshake_seconds": 60,
            "unauthorized_sessions": 32,
            "named_sessions": 100,
            "idle_seconds": 3600,
            "resume_seconds": 600,
            "drain_seconds": 3,
            "reconnect_on_stop": False,
        },
        "api": {
            "listen": "",
            "token": [],
            "token_file": "",
            "read_needs_token": False,
            "event_streams": 64,
            "connections": 1000,
        },
        "ledger": {
            "path": "",
            "shares_days": 30,
            "five_minutes_days": 2,
            "hours_days": 60,
            "days_days": 1830,
            "events_days": 30,
        },
        "kafka": {
            "brokers": "",
            "topic_prefix": "stratumproxy",
            "spool": "",
            "spool_bytes": 1 << 30,
            "options": {},
        },
        "log": {
            "format": "auto",
            "level": "info",
            "buffer_bytes": 1048576,
            "summary_seconds": 300,
        },
    }


def test_listen_accessors() -> None:
    one = Listen(address="[::1]:3333")
    assert (one.host, one.port) == ("::1", 3333)
    every = Listen(address=":3333")
    assert (every.host, every.port) == (None, 3333)


def test_a_place_has_a_name() -> None:
    assert config(site="north").place == "north"
    assert config().place == platform.node()


def test_pool_accessors() -> None:
    pool = Pool(url="stratum+tcp://[2001:db8::1]:3333", user="farm", version_mask="1FFFFFE0")
    assert (pool.host, pool.port, pool.mask) == ("2001:db8::1", 3333, 0x1FFFFFE0)
    assert pool.name == "[2001:db8::1]:3333"
    assert Pool(**POOL, version_mask="00000000").mask == 0
    assert Pool(**POOL, name="first").name == "first"


def test_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(config(pool=[{**POOL, "password": "hunter2"}]))


def test_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config().verdict = "local"


def test_difficulties_are_kept_as_written() -> None:
    difficulty = config(difficulty={"start": 512, "min": 0.5, "max": 2**53 + 1}).difficulty
    assert (difficulty.start, difficulty.min, difficulty.max) == (512, 0.5, 2**53 + 1)
    assert isinstance(difficulty.max, int)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"listen": []}, "at least 1"),
        ({"pool": []}, "at least 1"),
        ({"difficulty": {"start": 0.0001}}, "0.001 is above start, which is 0.0001"),
        ({"difficulty": {"start": 10, "max": 5}}, "5 is below start, which is 10"),
        ({"difficulty": {"start": 0}}, "expected a number"),
        ({"difficulty": {"start": float("nan")}}, "expected a number"),
        ({"difficulty": {"max": float("inf")}}, "expected a number"),
        ({"difficulty": {"vardiff": 1}}, "bool"),
        ({"limits": {"connections": True}}, "integer"),
        ({"limits": {"connections": 0}}, "greater than or equal to 1"),
        ({"jobs": {"keepalive_seconds": 90}}, "from 1 to 85"),
        ({"pool": [{**POOL, "backoff_min_seconds": 61}]}, "60 is below backoff_min_seconds"),
        ({"pool": [{**POOL, "version_mask": "0x1fffe0"}]}, "not 8 hex digits"),
        ({"pool": [{**POOL, "version_mask": "1fffe00"}]}, "not 8 hex digits"),
        ({"pool": [{**POOL, "version_mask": 0x1FFFE000}]}, "string"),
        ({"pool": [{**POOL, "user": ""}]}, "at least 1 character"),
        ({"pool": [{**POOL, "extranonce2_size": 1}]}, "greater than or equal to 2"),
        ({"pool": [{**POOL, "extranonce2_size": 17}]}, "less than or equal to 16"),
        ({"pool": [POOL, POOL]}, "pool[1].name: pool[0] is called 'pool.example:3333', too"),
        ({"listen": [LISTEN, LISTEN]}, "listen[1].address: '0.0.0.0:3333' is taken by listen[0]"),
        ({"api": {"listen": "127.0.0.1:3333"}}, "api.listen: '127.0.0.1:3333' is taken by"),
        ({"kafka": {"brokers": "a:1,b", "spool": "x"}}, "'b' has no port; expected \"host:port\""),
        ({"kafka": {"brokers": "a:1,", "spool": "x"}}, "'' has no port; expected \"host:port\""),
        ({"verdict": "miner"}, "'pool' or 'local'"),
        ({"extra": 1}, "not permitted"),
    ],
)
def test_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        config(**changes)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("127.0.0.1:3333", "127.0.0.1:3333", True),
        ("127.0.0.1:3333", "127.0.0.1:3334", False),
        ("127.0.0.1:3333", "127.0.0.2:3333", False),
        ("127.0.0.1:3333", "0.0.0.0:3333", True),
        ("127.0.0.1:3333", ":3333", True),
        ("[::1]:3333", "*:3333", True),
        ("[::1]:3333", "[::]:3333", True),
        ("[::1]:3333", "[0:0:0:0:0:0:0:1]:3333", True),
        ("[::1]:3333", "127.0.0.1:3333", False),
        ("0.0.0.0:3333", "[::]:3333", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_listeners_collide(one: str, other: str, collide: bool) -> None:
    listen = [{"address": one}, {"address": other}]
    if collide:
        with pytest.raises(ValidationError, match="is taken by"):
            config(listen=listen)
    else:
        assert len(config(listen=listen).listen) == 2


TLS = {**POOL, "url": "stratum+ssl://pool.example:443"}
FINGERPRINT = "AB:" * 31 + "AB"


def test_a_pool_with_tls() -> None:
    pool = Pool(**TLS, tls_fingerprint=FINGERPRINT)
    assert pool.tls
    assert pool.tls_fingerprint == "ab" * 32
    assert not Pool(**POOL).tls


@pytest.mark.parametrize(
    ("pool", "says"),
    [
        ({**POOL, "tls_fingerprint": FINGERPRINT}, "is without TLS; expected stratum+ssl://"),
        ({**POOL, "tls_ca": "ca.pem"}, "is without TLS; expected stratum+ssl://"),
        ({**TLS, "tls_fingerprint": "ab"}, "is not a SHA-256 fingerprint"),
        ({**TLS, "tls_ca": "/no/such.pem"}, "'/no/such.pem' can't be read: No such file"),
        ({**POOL, "proxy": "http://farm:hunter2@a:1"}, "the proxy is not a socks5:// url"),
    ],
)
def test_a_pool_that_is_not_reached_so(pool: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Pool(**pool)
    [error] = refused.value.errors()
    assert says in error["msg"]
    assert "hunter2" not in error["msg"]


def test_the_proxys_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(Pool(**POOL, proxy="socks5://farm:hunter2@127.0.0.1:1080"))


@pytest.mark.parametrize(
    ("settings", "where", "says"),
    [
        ({"tls_certificate": "/no/such.pem"}, "tls_certificate", "'/no/such.pem' can't be read"),
        ({"tls_certificate": "/no.pem", "tls_key": "/no.key"}, "tls_certificate", "'/no.pem'"),
        ({"tls_certificate": __file__}, "tls_key", "no PEM certificate in"),
        ({"tls_key": "/no.key"}, "tls_key", "of no use without tls_certificate"),
        ({"proxy_protocol_from": ["10.0.0.1/8"]}, "proxy_protocol_from", "has host bits set"),
        ({"proxy_protocol_from": ["balancer"]}, "proxy_protocol_from", 'such as "10.0.0.0/8"'),
    ],
)
def test_a_listener_that_can_not_be_so(settings: dict[str, Any], where: str, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Listen(**LISTEN, **settings)
    [error] = refused.value.errors()
    assert error["loc"] == (where,)
    assert says in error["msg"]
