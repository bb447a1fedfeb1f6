"""The shortest configuration there is, and what a test adds to it."""

from stratumproxy.config import Config, loads


def short(*listen: str, more: str = "", top: str = "") -> Config:
    """One pool, that nobody can reach.

    Args:
        listen: where miners connect; by default any port of the loopback.
        more: TOML for other tables.
        top: TOML in front of all tables.
    """
    addresses = listen or ("127.0.0.1:0",)
    listens = "".join(f'[[listen]]\naddress = "{address}"\n' for address in addresses)
    pool = '[[pool]]\nurl = "stratum+tcp://pool.example:3333"\nuser = "farm"\n'
    return loads(f"{top}\n{listens}{pool}{more}\n")
