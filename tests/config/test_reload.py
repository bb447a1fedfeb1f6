"""What a running proxy makes of a changed file."""

from pathlib import Path

import pytest

from stratumproxy.config import Config, loads
from stratumproxy.config.reload import ControlTables, reloaded
from stratumproxy.config.told import decode_told, encode_told

TEXT = """\
processes = 1
[[listen]]
address = "127.0.0.1:3333"
[[pool]]
url = "stratum+tcp://pool.example:3333"
user = "farm"
[difficulty]
start = 8192
[log]
format = "json"
level = "info"
"""


def changed(*edits: tuple[str, str]) -> Config:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return loads(text)


def test_the_same_file_changes_nothing() -> None:
    assert reloaded(loads(TEXT), loads(TEXT)) == (loads(TEXT), [], [])


def test_what_can_be_applied_is() -> None:
    wanted = changed(("8192", "4096"), ('"farm"', '"barn"'), ('"info"', '"debug"'))
    applied, changes, waiting = reloaded(loads(TEXT), wanted)
    assert applied == wanted
    assert changes == ["pool", "difficulty.start", "log.level"]
    assert waiting == []


def test_what_needs_a_restart_is_named_and_stays_and_the_rest_is_applied() -> None:
    wanted = changed(
        ("processes = 1", 'processes = 2\nsite = "south"'),
        (":3333", ":4444"),
        ("json", "console"),
        ("8192", "4096"),
    )
    applied, changes, waiting = reloaded(loads(TEXT), wanted)
    assert waiting == ["site", "processes", "listen", "log.format"]
    assert changes == ["pool", "difficulty.start"]
    assert (applied.processes, applied.log.format) == (1, "json")
    assert applied.listen == loads(TEXT).listen
    assert (applied.difficulty.start, applied.pool) == (4096, wanted.pool)


def test_what_needs_a_restart_is_named_each_time() -> None:
    wanted = changed(("processes = 1", "processes = 2"))
    running, _, first = reloaded(loads(TEXT), wanted)
    assert reloaded(running, wanted)[2] == first == ["processes"]


LEDGER = '[ledger]\npath = "/tmp/ledger"\n'
API = '[api]\nlisten = "127.0.0.1:8080"\n'


def test_the_control_plane_changes_under_way_but_for_its_address() -> None:
    running = loads(TEXT + API + LEDGER)
    other = API.replace("8080", "8081") + "event_streams = 2\n"
    applied, changes, waiting = reloaded(running, loads(TEXT + other))
    assert waiting == ["api.listen"]
    assert changes == ["api.event_streams", "ledger.path"]
    assert (applied.api.listen, applied.api.event_streams) == ("127.0.0.1:8080", 2)
    assert applied.ledger.path == ""


@pytest.mark.parametrize(("before", "after"), [("", LEDGER), (LEDGER, ""), ("", API), (API, "")])
def test_whether_there_is_a_control_plane_needs_a_restart(before: str, after: str) -> None:
    running = loads(TEXT + before)
    applied, changes, waiting = reloaded(running, loads(TEXT + after))
    assert (changes, len(waiting)) == ([], 1)
    assert applied == running


def test_a_token_that_changed_in_its_file_is_a_change(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    config = loads(TEXT + API + f'token_file = "{token}"\n')
    before = ControlTables.of(config)
    assert ControlTables.of(config) == before
    token.write_text("fedcba9876543210")
    assert ControlTables.of(config) != before
    token.unlink()
    assert ControlTables.of(config).tokens == ("",)


LISTENERS = """
[[listen]]
address = "127.0.0.1:4444"
name = "hall-b"
[[tenant]]
name = "acme"
listen = ["hall-b"]
"""


def test_listeners_change_their_names_under_way() -> None:
    running = loads(TEXT + LISTENERS)
    applied, changes, waiting = reloaded(running, loads(TEXT + LISTENERS.replace("hall-b", "b")))
    assert [each.called for each in applied.listen] == ["127.0.0.1:3333", "b"]
    assert (changes, waiting) == (["listen.name", "tenant"], [])


def test_a_listener_that_moves_is_what_it_was_until_the_restart() -> None:
    """Its miners stay whose they are."""
    running = loads(TEXT + LISTENERS)
    applied, changes, waiting = reloaded(running, loads(TEXT + LISTENERS.replace("4444", "5555")))
    assert (changes, waiting) == ([], ["listen"])
    assert applied == running


def test_two_listeners_change_their_names_for_each_other() -> None:
    text = TEXT.replace('3333"', '3333"\nname = "a"') + LISTENERS
    swapped = (
        text.replace('name = "a"', 'name = "c"').replace("hall-b", "a").replace('"c"', '"hall-b"')
    )
    applied, _, waiting = reloaded(loads(text), loads(swapped))
    assert ([each.name for each in applied.listen], waiting) == (["hall-b", "a"], [])


def test_a_listener_that_comes_with_the_restart_can_be_named_before() -> None:
    wanted = loads(TEXT + LISTENERS)
    applied, changes, waiting = reloaded(loads(TEXT), wanted)
    assert (changes, waiting) == (["tenant"], ["listen"])
    assert decode_told(encode_told(applied)).tenant == wanted.tenant


def test_a_tenants_token_is_a_change_and_so_are_its_targets(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    config = loads(TEXT + API + LISTENERS + f'token_file = "{token}"\n')
    before = ControlTables.of(config)
    token.write_text("fedcba9876543210")
    assert ControlTables.of(config) != before
