"""Where a pool may send us: `client.reconnect` to another host."""

from functools import cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList


def prepare(rule: str, pool: str) -> None:
    """Read the list of suffixes if it may be needed: a tenth of a second, when nobody mines yet."""
    if rule == "same-domain":
        _registered(pool)


def may_follow(rule: str, pool: str, host: str) -> bool:
    """Whether a pool's request to reconnect to a host is followed.

    What lies below a public suffix belongs to whoever registered it: ``pool.co.uk`` is not
    ``evil.co.uk``, and neither are two names below ``github.io``.

    Args:
        rule: `allow_redirect` of the pool.
        pool: the host that is configured, a name or an address.
        host: where it wants us to go.
    """
    pool, host = (each.lower().rstrip(".") for each in (pool, host))
    if host == pool or rule == "any":
        return True
    if rule != "same-domain":
        return False
    domain = _registered(pool)
    return domain != "" and domain == _registered(host)


def _registered(host: str) -> str:
    """The domain that somebody registered; empty for an address, or for a suffix itself."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return _suffixes().privatesuffix(host) or ""
    return ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
