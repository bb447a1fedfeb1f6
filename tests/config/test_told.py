"""What is told to which process."""

from pathlib import Path

from stratumproxy.config import loads
from stratumproxy.config.told import decode_told, for_control, for_processes

TEXT = """
[[listen]]
address = "127.0.0.1:3333"
name = "hall-a"
[[pool]]
name = "main"
url = "stratum+tcp://pool.example:3333"
user = "farm"
password = "secret-of-pool"
proxy = "socks5://user:secret-of-proxy@127.0.0.1:9050"
[[tenant]]
name = "acme"
workers = ["acme.*"]
token_file = "{token}"
[[tenant.target]]
pools = [{{ pool = "main", user = "acme", password = "secret-of-acme" }}]
[[target]]
pools = [{{ pool = "main", user = "own", password = "secret-of-own" }}]
[[excused]]
from = 2026-11-03T14:00:00+01:00
to = 2026-11-03T15:00:00Z
why = "storm"
[api]
listen = "127.0.0.1:0"
[[api.token]]
name = "night"
file = "{token}.night"
"""


def test_mining_processes_know_no_token_and_the_control_process_no_password(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    night = tmp_path / "token.night"
    night.write_text("fedcba9876543210")
    config = loads(TEXT.format(token=token))
    mining, control = for_processes(config), for_control(config)
    assert bytes(token) not in mining
    assert b"secret-of" not in control
    told = decode_told(control)
    assert (told.api, told.excused, told.tenant[0].token_file) == (
        config.api,
        config.excused,
        str(token),
    )
    assert [each.called for each in told.listen] == ["hall-a"]
    token.unlink()
    night.unlink()
    assert decode_told(mining).tenants == config.tenants
