"""Tables of hosting: what they refuse, each mistake at its own place."""

import tomllib
from pathlib import Path

import pytest

from stratumproxy.config import loads
from stratumproxy.config.crossings import crossings
from stratumproxy.errors import ConfigError

BASE = """\
[[listen]]
address = "0.0.0.0:3333"
name = "hall-a"
[[pool]]
name = "main"
url = "stratum+tcp://pool.example:3333"
user = "host"
[[tenant]]
name = "acme"
workers = ["acme.*"]
"""
TARGET = '[[tenant.target]]\npools = [{ pool = "main", user = "acme" }]\n'


def problems(text: str) -> list[str]:
    try:
        loads(text, "f")
    except ConfigError as error:
        return error.problems
    return []


def said(more: str, top: str = "") -> list[str]:
    """What is wrong with the base and more, without where it is."""
    assert not problems(BASE)
    return [each.split(": ", 1)[1] for each in problems(top + BASE + more)]


OTHER = '[[tenant]]\nname = "other"\n'


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            f'{OTHER}listen = ["hall-b"]\n',
            "tenant[1].listen[0]: no listener is called 'hall-b'; did you mean 'hall-a'?",
        ),
        (
            '[[tenant]]\nname = "acme"\nworkers = ["b"]\n',
            "tenant[1].name: tenant[0] is called 'acme', too; give one of them another name",
        ),
        (
            '[[tenant]]\nname = "default"\nworkers = ["b"]\n',
            "tenant[1].name: 'default' is what belongs to no tenant; write [[target]] for it, "
            "without a [[tenant]]",
        ),
        (
            '[[tenant]]\nname = "A/S"\nworkers = ["b"]\n',
            'tenant[1].name: \'A/S\' is not 1 to 64 letters, digits, ".", "_" or "-"',
        ),
        (
            OTHER,
            "tenant[1]: says not whose miners are its; name workers, listen or addresses, or "
            'workers = ["*"] for all who are no other tenant\'s',
        ),
        (
            f'{OTHER}workers = ["acme.c*"]\nlisten = ["hall-a"]\n',
            "tenant[1]: nobody can be 'other': whoever fits is acme already, which comes first; "
            "move this [[tenant]] up, or give it other workers, listen or addresses",
        ),
        (
            f'{OTHER}addresses = ["10.1.0.0/33"]\n',
            "tenant[1].addresses: '10.1.0.0/33' does not appear to be an IPv4 or IPv6 network; "
            'expected such as "10.0.0.0/8"',
        ),
        (
            f'{OTHER}workers = ["o.*"]\ntoken_file = "/nowhere"\n',
            "tenant[1].token_file: '/nowhere' can't be read: No such file or directory",
        ),
        (
            f'{OTHER}workers = ["o.*"]\ndifficulty = {{ max = 8000 }}\n',
            "tenant[1].difficulty: with what [difficulty] says of all, max: 8000 is below start, "
            "which is 8192",
        ),
        (
            TARGET.replace('"main"', '"mian"'),
            "tenant[0].target[0].pools[0].pool: no [[pool]] is called 'mian'; did you mean 'main'?",
        ),
        (
            TARGET.replace("}]", '}, { pool = "main", user = "acme", password = "y" }]'),
            "tenant[0].target[0].pools[1]: 'acme' at 'main' is in this order already; take one of "
            "them out",
        ),
        (
            f"{TARGET}weight = 0\n{TARGET}weight = 0.0\n",
            "tenant[0].target[0].weight: no target has a weight above 0, so none would get work; "
            "give one of them a weight",
        ),
        (
            f'{TARGET}{TARGET}name = "1"\n',
            "tenant[0].target[1].name: target[0] is called '1', too; give one of them another name",
        ),
        (
            f"[[target]]{TARGET.removeprefix('[[tenant.target]]')}weight = -1\n",
            "target[0].weight: expected a number from 0 to 1e9, not -1",
        ),
        (
            TARGET.replace("}]", ', worker_format = "{account}" }]'),
            "tenant[0].target[0].pools[0].worker_format: '{account}' calls all workers the same; "
            "expected {worker} or {ip}",
        ),
        (
            TARGET.replace("}]", ', worker_format = "{account}.{name}" }]'),
            "tenant[0].target[0].pools[0].worker_format: '{account}.{name}' has a part {name} that "
            "is not known; known: {account}, {worker}, {ip}, {listen}",
        ),
        (
            TARGET.replace("}]", ', worker_names = "eac" }]'),
            'tenant[0].target[0].pools[0].worker_names: expected "account", "each" or "auto", not '
            "'eac'; did you mean 'each'?",
        ),
        (
            "[[excused]]\nfrom = 2026-11-03T14:00:00\nto = 2026-11-03T15:00:00Z\nwhy = 'x'\n",
            "excused[0].from: 2026-11-03T14:00:00 is without a zone; write such as "
            "2026-11-03T14:00:00Z, or 2026-11-03T14:00:00+01:00",
        ),
        (
            "[[excused]]\nfrom = 2026-11-03T14:00:00Z\nto = 2026-11-03T14:30:00+01:00\nwhy = 'x'\n",
            "excused[0].to: 2026-11-03T14:30:00+01:00 is before from, which is "
            "2026-11-03T14:00:00+00:00",
        ),
        (
            "[[excused]]\nfrom = 'noon'\nto = 2026-11-03T14:30:00Z\nwhy = 'x'\ntenant = 'acne'\n",
            "excused[0].from: expected a date and time with its zone, such as "
            "2026-11-03T14:00:00Z, not 'noon'",
        ),
        (
            '[[api.token]]\nname = "x"\nfile = "/nowhere"\ntenant = "acme"\n',
            "api.token[0].file: '/nowhere' can't be read: No such file or directory",
        ),
    ],
)
def test_says(more: str, says: str) -> None:
    assert says in said(more)


def test_names_of_tokens_and_of_their_tenants(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef")
    token = f'[[api.token]]\nname = "night"\nfile = "{file}"\ntenant = "acne"\n'
    assert said(token + token.replace("acne", "acme")) == [
        "api.token[0].tenant: no tenant is called 'acne'; did you mean 'acme'?",
        "api.token[1].name: token[0] is called 'night', too; give one of them another name",
        "api.token[1].file: is api.token[0].file's file, too; each token needs a secret of its own",
    ]


def test_each_token_has_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef")
    tenant = f'token_file = "{file}"\n{OTHER}workers = ["o*"]\ntoken_file = "{file}"\n'
    assert said(f'{tenant}[api]\ntoken_file = "{file}"\n') == [
        "tenant[0].token_file: is api.token_file's file, too; each token needs a secret of its own",
        "tenant[1].token_file: is api.token_file's file, too; each token needs a secret of its own",
    ]


def test_each_token_has_a_secret_of_its_own(tmp_path: Path) -> None:
    """Whatever its file is called: who has the one would be taken for who has the other."""
    one, copy, link, short = (tmp_path / name for name in ("one", "copy", "link", "short"))
    one.write_text("0123456789abcdef\n")
    copy.write_text(" 0123456789abcdef")
    link.symlink_to(one)
    short.write_text("0123")
    names = f'token_file = "{one}"\n{OTHER}workers = ["o*"]\ntoken_file = "{copy}"\n'
    assert said(f'{names}[api]\ntoken_file = "{link}"\n') == [
        f"tenant[{n}].token_file: has the secret of api.token_file's file; each token needs one of "
        "its own"
        for n in (0, 1)
    ]
    assert len(said(f'token_file = "{short}"\n[api]\ntoken_file = "{short}"\n')) == 3


def test_refusing_those_who_are_no_tenants() -> None:
    refuse = 'unknown_workers = "refuse"\n'
    target = f"[[target]]{TARGET.removeprefix('[[tenant.target]]')}"
    assert said("", top=refuse) == []
    assert said(target, top=refuse) == [
        "target: is for those who belong to no tenant, and unknown_workers refuses them; take one "
        "of the two out"
    ]
    nobody = refuse + BASE.partition("[[tenant]]")[0]
    assert problems(nobody) == [
        "f:1: unknown_workers: without any [[tenant]] everybody would be refused; add one"
    ]


def test_a_group_needs_a_name_and_the_engine() -> None:
    (one,) = said('[groups]\npattern = "^[a-z]+"\n')
    assert one.startswith("groups.pattern: ")


@pytest.mark.parametrize("value", ["1", '"x"', "[1]", "{ a = 1 }", "[[1]]", "[{}]"])
@pytest.mark.parametrize("key", ["tenant", "target", "excused", "listen", "pool", "api"])
def test_whatever_stands_there_nothing_is_raised(key: str, value: str) -> None:
    list(crossings(tomllib.loads(f"{key} = {value}"), ["main"]))


def test_nor_whatever_stands_in_a_tenant() -> None:
    for key in ("name", "workers", "listen", "addresses", "difficulty", "target"):
        for value in (1, "x", [1], {"a": 1}, [{}], [{"pools": 1, "weight": "x", "name": 3}]):
            list(crossings({"tenant": [{key: value, "listen": ["x"]}, 1]}, []))
