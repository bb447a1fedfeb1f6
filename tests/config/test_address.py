"""Addresses as operators write them."""

import pytest

from stratumproxy.config.address import parse_listen, parse_pool_url, parse_proxy_url


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("0.0.0.0:3333", ("0.0.0.0", 3333)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        (":3333", (None, 3333)),
        ("*:65535", (None, 65535)),
        ("[::1]:3333", ("::1", 3333)),
        ("[2001:db8:0:0::1]:1", ("2001:db8::1", 1)),
        ("[fe80::1%eth0]:3333", ("fe80::1%eth0", 3333)),
    ],
)
def test_listen(address: str, parsed: tuple[str | None, int]) -> None:
    assert parse_listen(address) == parsed


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "has no port"),
        ("3333", "has no port"),
        ("0.0.0.0", "has no port"),
        ("0.0.0.0:", "the port ''"),
        ("0.0.0.0:65536", "from 0 to 65535"),
        ("0.0.0.0:-1", "the port '-1'"),
        ("0.0.0.0:٣", "the port"),
        ("0.0.0.0:" + "9" * 5000, "the port"),
        ("farm.example:3333", "is not an IP address"),
        ("::1:3333", "is not an IP address"),
        ("[::1:3333", "is not an IP address"),
        ("[1.2.3.4]:3333", "is not an IP address"),
        ("1.2.3:3333", "is not an IP address"),
    ],
)
def test_listen_refused(address: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"port|address") as refused:
        parse_listen(address)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("stratum+tcp://pool.example:3333", ("pool.example", 3333, False)),
        ("STRATUM+TCP://pool.example:3333/", ("pool.example", 3333, False)),
        ("stratum+tcp://10.0.0.1:1", ("10.0.0.1", 1, False)),
        ("stratum+tcp://[::1]:65535", ("::1", 65535, False)),
        ("stratum+tcp://ckpool_1:3333", ("ckpool_1", 3333, False)),
        ("stratum+tcp://pool.example.:3333", ("pool.example.", 3333, False)),
        ("stratum+ssl://pool.example:443", ("pool.example", 443, True)),
        ("stratum+TLS://[::1]:443", ("::1", 443, True)),
    ],
)
def test_pool_url(url: str, parsed: tuple[str, int, bool]) -> None:
    assert parse_pool_url(url) == parsed


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "has no scheme"),
        ("pool.example:3333", 'has no scheme; expected "stratum+tcp://host:port"'),
        ("stratum+tcps://pool.example:3333", "the scheme 'stratum+tcps' is not known"),
        ("stratum2+tcp://pool.example:3333", "Stratum V2 is not spoken here, only V1; expected"),
        ("http://pool.example:3333", "the scheme 'http' is not known"),
        ("stratum+tcp://pool.example", "has no port"),
        ("stratum+tcp://[::1]", "has no port"),
        ("stratum+tcp://pool.example:0", "from 1 to 65535"),
        ("stratum+tcp://pool.example:port", "the port 'port'"),
        ("stratum+tcp://:3333", "is not a host name"),
        ("stratum+tcp://po ol:3333", "is not a host name"),
        ("stratum+tcp://-pool:3333", "is not a host name"),
        ("stratum+tcp://pool..example:3333", "is not a host name"),
        ("stratum+tcp://" + "a." * 200 + "b:3333", "is not a host name"),
        ("stratum+tcp://[::g]:3333", "is not an IPv6 address"),
        ("stratum+tcp://user:pass@pool.example:3333", "keys of their own"),
        ("stratum+tcp://pool.example:3333/#xnsub", "nothing may follow the port"),
    ],
)
def test_pool_url_refused(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"expected|port") as refused:
        parse_pool_url(url)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("socks5://10.0.0.1:1080", ("10.0.0.1", 1080, "", "")),
        ("SOCKS5H://[::1]:1080/", ("::1", 1080, "", "")),
        ("socks5://farm:x@socks.example:1080", ("socks.example", 1080, "farm", "x")),
        ("socks5://farm:p%40ss:word@socks.example:1", ("socks.example", 1, "farm", "p@ss:word")),
    ],
)
def test_proxy_url(url: str, parsed: tuple[str, int, str, str]) -> None:
    assert parse_proxy_url(url) == parsed


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "is not a socks5:// url"),
        ("http://farm:hunter2@10.0.0.1:3128", "is not a socks5:// url"),
        ("hunter2", "is not a socks5:// url"),
        ("socks5://farm@10.0.0.1:1080", "user or password is missing"),
        ("socks5://:hunter2@10.0.0.1:1080", "user or password is missing"),
        ("socks5://farm:hunter2@10.0.0.1", "has no port"),
        ("socks5://farm:hunter2@10.0.0.1:0", "from 1 to 65535"),
        ("socks5://farm:hunter2@a b:1080", "is not a host name"),
        ("socks5://farm:" + "hunter2" * 40 + "@10.0.0.1:1080", "past 255 bytes"),
    ],
)
def test_proxy_url_refused(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"prox|port|host") as refused:
        parse_proxy_url(url)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
