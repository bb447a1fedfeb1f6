"""Files that can be used, and what is said about those that can't."""

from pathlib import Path

import pytest

from stratumproxy.config import load, loads
from stratumproxy.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"

GOOD = """\
[[listen]]
address = "0.0.0.0:3333"

[[pool]]
url = "stratum+tcp://pool.example:3333"
user = "farm"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        loads(text, "farm.toml")
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


def test_good(tmp_path: Path) -> None:
    path = tmp_path / "farm.toml"
    path.write_text(GOOD, encoding="utf-8")
    config = load(path)
    assert config.listen[0].port == 3333
    assert config == load(str(path)) == loads(GOOD)


def test_windows_editors_may_have_written_it(tmp_path: Path) -> None:
    path = tmp_path / "farm.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path) == loads(GOOD)


def test_every_problem_at_once_in_the_order_of_the_file() -> None:
    assert problems(
        'verdict = "polo"\n'
        "listn = 3\n"
        "[[listen]]\n"
        'address = "0.0.0.0:99999"\n'
        "[[pool]]\n"
        'url = "tcp://x:1"\n'
        'usr = "a"\n'
        "[difficulty]\n"
        'start = "8192"\n'
        "min = nan\n"
        "[jobs]\n"
        "keepalive_seconds = 90\n"
        "ntime_roll_seconds = 7000.5\n"
    ) == [
        "farm.toml:1: verdict: expected \"pool\" or \"local\", not 'polo'; did you mean 'pool'?",
        "farm.toml:2: listn: unknown key; did you mean 'listen'?",
        "farm.toml:4: listen[0].address: the port '99999' is not a number from 0 to 65535",
        "farm.toml:5: pool[0].user: is missing; "
        'expected a string of 1 to 512 characters, such as "farm"',
        "farm.toml:6: pool[0].url: the scheme 'tcp' is not known; "
        'expected "stratum+tcp://host:port" or "stratum+ssl://host:port"',
        "farm.toml:7: pool[0].usr: unknown key; did you mean 'user'?",
        "farm.toml:9: difficulty.start: expected a number from 1e-12 to 1e18, not '8192'",
        "farm.toml:10: difficulty.min: expected a number from 1e-12 to 1e18, not nan",
        "farm.toml:12: jobs.keepalive_seconds: expected a number from 1 to 85, not 90",
        "farm.toml:13: jobs.ntime_roll_seconds: expected a whole number from 0 to 7200, not 7000.5",
    ]


def test_missing_tables() -> None:
    assert problems("") == [
        "farm.toml: listen: is missing; expected one [[listen]] table at least",
        "farm.toml: pool: is missing; expected one [[pool]] table at least",
    ]


def test_checks_between_keys_name_the_table_when_the_key_is_not_there() -> None:
    assert problems(GOOD + "[difficulty]\nstart = 0.0001\n") == [
        "farm.toml:7: difficulty.min: 0.001 is above start, which is 0.0001"
    ]


def test_one_table_where_many_are_expected() -> None:
    text = GOOD.replace("[[pool]]", "[pool]")
    assert problems(text) == [
        "farm.toml:4: pool: expected one [[pool]] table at least, not a table"
    ]


@pytest.mark.parametrize(
    ("addition", "says"),
    [
        ("verdict = 'local'", "pool[0].verdict: unknown key here; it belongs at the top, "),
        ("connections = 5", "pool[0].connections: unknown key here; it belongs in [limits]"),
        ("[limits]\nuser = 'a'", "limits.user: unknown key here; it belongs in [[pool]]"),
        ("[limits]\nconnexions = 5", "limits.connexions: unknown key; did you mean 'connections'?"),
        ("[log]\nzzz = 5", "log.zzz: unknown key; known here: format, level"),
        ('"a\\nb" = 5', "pool[0].'a\\nb': unknown key; known here"),
        ("password = 5", "pool[0].password: expected a string of 0 to 512 characters, not what"),
        ("miners_per_session = 0", "expected a whole number from 1 to 1000000, not 0"),
        ("name = [1]", "expected a string of 0 to 64 characters, not an array"),
        ("name = true", "characters, not true"),
        ("name = 2024-01-01", "characters, not 2024-01-01"),
        ("extranonce2_size = 0x" + "f" * 5000, "not a number of thousands of digits"),
        ("[difficulty]\nstart = 0x" + "f" * 5000, "not a number of thousands of digits"),
        ("name = '" + "n" * 70 + "'", "n..."),
        ("[log]\nlevel = {}", 'expected "debug", "info", "warning" or "error", not a table'),
    ],
)
def test_says(addition: str, says: str) -> None:
    (problem,) = problems(f"{GOOD}{addition}\n")
    assert says in problem
    assert "\n" not in problem


def test_a_setting_that_was_renamed_says_its_name() -> None:
    assert problems(f"workers = 2\n{GOOD}") == ["farm.toml:1: workers: is called 'processes' now"]


def test_every_mistake_beside_one_of_syntax_is_named_at_its_own_place() -> None:
    assert problems(
        "[[listen]]\n"
        'address = ":3333\n'
        "[[pool]]\n"
        'url = "stratum+tcp://pool.example:3333"\n'
        'usr = "farm"\n'
        "[difficulty]\n"
        "start = 0,5\n"
        "min = 9\n"
        "max = 5\n"
        "[log]\n"
        'level = "warn"\n'
    ) == [
        "farm.toml:2:11: not TOML: the quote that opens here is not closed",
        "farm.toml:3: pool[0].user: is missing; "
        'expected a string of 1 to 512 characters, such as "farm"',
        "farm.toml:5: pool[0].usr: unknown key; did you mean 'user'?",
        "farm.toml:7:10: not TOML: Expected newline or end of document after a statement; "
        "a string needs quotes, and a decimal has a point",
        "farm.toml:9: difficulty.max: 5 is below min, which is 9",
        'farm.toml:11: log.level: expected "debug", "info", "warning" or "error", not \'warn\'; '
        "did you mean 'warning'?",
    ]


def test_what_could_not_be_read_is_not_called_missing() -> None:
    assert problems(GOOD.replace("user =", "user")) == [
        "farm.toml:6:6: not TOML: Expected '=' after a key in a key/value pair"
    ]


def test_what_is_there_twice_is_told_for_each_where_it_is() -> None:
    again = GOOD.replace("user", "usr")
    assert problems(
        f"{GOOD}{again}[[pool]]\nurl = 'stratum+tcp://pool.example:3333'\nuser = ''\n"
    ) == [
        "farm.toml:8: listen[1].address: '0.0.0.0:3333' is taken by listen[0] '0.0.0.0:3333'; "
        "name another port",
        "farm.toml:10: pool[1].user: is missing; "
        'expected a string of 1 to 512 characters, such as "farm"',
        "farm.toml:11: pool[1].url: pool[0] is called 'pool.example:3333', too; "
        "give one of them another name",
        "farm.toml:12: pool[1].usr: unknown key; did you mean 'user'?",
        "farm.toml:14: pool[2].url: pool[0] is called 'pool.example:3333', too; "
        "give one of them another name",
        "farm.toml:15: pool[2].user: expected a string of 1 to 512 characters, "
        "such as \"farm\", not ''",
    ]


def test_the_api_needs_a_port_of_its_own() -> None:
    assert problems(GOOD + "[api]\nlisten = '127.0.0.1:3333'\n") == [
        "farm.toml:8: api.listen: '127.0.0.1:3333' is taken by listen[0] '0.0.0.0:3333'; "
        "name another port"
    ]


def test_unreadable(tmp_path: Path) -> None:
    def problem(path: Path) -> str:
        with pytest.raises(ConfigError) as refused:
            load(path)
        return str(refused.value).removeprefix(str(path))

    assert problem(tmp_path / "absent.toml") == ": can't be read: No such file or directory"
    assert problem(tmp_path) == ": can't be read: Is a directory"
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"# caf\xe9\n".join([b"\n", b"\n"]))
    assert problem(odd) == ":2: byte 0xe9 is not UTF-8; save the file as UTF-8"
    odd.write_bytes(b"#" * ((1 << 20) + 1))
    assert problem(odd) == (
        ": can't be read: it is longer than 1048576 bytes, and so some other file"
    )
