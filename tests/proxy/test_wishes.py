"""The difficulty a miner wishes for: suggested, in its password, remembered, or its least."""

import pytest

from stratumproxy.downstream.requests import difficulty_in_password
from tests.proxy.playbook import EASY, mined_on, opened


@pytest.mark.parametrize(
    ("line", "difficulty"),
    [
        ("mining.suggest_difficulty [0.5]", 0.5),
        ("mining.suggest_difficulty 0.5", 0.5),
        ("mining.suggest_difficulty [5e-7]", 5e-7),
        ("mining.suggest_difficulty [1]", 1),
        ("mining.suggest_difficulty [1024]", 1),
        ('mining.suggest_difficulty ["0.25"]', 0.25),
        ("mining.suggest_difficulty [1e-300]", 1e-12),
        ("mining.suggest_difficulty(0.5 []", 0.5),
        (f'mining.suggest_target ["{"0" * 8}{"f" * 4}{"0" * 52}"]', 1.0),
        (f'mining.suggest_target ["{"0" * 7}1fffe{"0" * 52}"]', 0.5),
    ],
)
@pytest.mark.parametrize("when", ["before", "while mining"])
def test_a_miner_suggests_a_difficulty(line: str, difficulty: float, when: str) -> None:
    play = opened(pool_difficulty=1)
    play.values["d"] = difficulty
    if when == "before":
        play(f"a >> 7 {line}\na << 7 result true")
        play.aside("a >> 1 mining.subscribe []")
        play(
            """
            a >> 2 mining.authorize ["a"]
            a << 2 result true
            a << mining.set_difficulty ["$d"]
            a << mining.notify ["..."]
            """
        )
    else:
        play.joins("a")
        play(
            f"""
            a >> 7 {line}
            a << 7 result true
            a << mining.set_difficulty ["$d"]
            a << mining.notify ["*", "...", false]
            """
        )


@pytest.mark.parametrize(
    ("text", "difficulty"),
    [
        ("mining.suggest_difficulty(0.5", 0.5),
        ("mining.suggest_difficulty(0.5)", 0.5),
        ("mining.suggest_difficulty( 0.5 )", 0.5),
        ("mining.suggest_difficulty(1", 1),
    ],
)
def test_the_old_form_with_the_number_in_the_methods_name(text: str, difficulty: float) -> None:
    play = mined_on(pool_difficulty=1)
    play(
        f"""
        a >> {{"id": 7, "method": "{text}"}}
        a << 7 result true
        a << mining.set_difficulty ["$d"]
        a << mining.notify ["..."]
        """,
        d=difficulty,
    )


@pytest.mark.parametrize(
    "value", ["0", "-1", "null", '"x"', '""', "true", "[]", "{}", '"nan"', '"inf"', '"-1"']
)
def test_a_suggestion_that_is_none(value: str) -> None:
    play = mined_on(pool_difficulty=1)
    play(
        f"""
        a >> 7 mining.suggest_difficulty [{value}]
        a << 7 error [20, "suggest_difficulty wants a positive number", null]
        """
    )


@pytest.mark.parametrize("text", ["mining.suggest_difficulty(", "mining.suggest_difficulty(x)"])
def test_an_old_suggestion_that_is_none(text: str) -> None:
    play = mined_on(pool_difficulty=1)
    play(
        f"""
        a >> {{"id": 7, "method": "{text}"}}
        a << 7 error [20, "suggest_difficulty wants a positive number", null]
        """
    )


@pytest.mark.parametrize("params", ["[]", "[5]", '["ff"]', f'["{"0" * 64}"]', f'["{"x" * 64}"]'])
def test_a_target_that_is_none(params: str) -> None:
    play = mined_on(pool_difficulty=1)
    play(
        f"""
        a >> 7 mining.suggest_target {params}
        a << 7 error [20, "suggest_target wants 64 hex digits", null]
        """
    )


def test_the_same_suggestion_again_changes_nothing() -> None:
    """NerdMiner says it every 30 s to stay connected."""
    play = mined_on(pool_difficulty=1)
    play.aside("a >> 7 mining.suggest_difficulty [2e-9]\nclock -- 1 s")
    play("a >> 7 mining.suggest_difficulty [2e-9]\na << 7 result true")


def test_a_difficulty_in_the_password() -> None:
    play = opened(pool_difficulty=1)
    play.aside("a >> 1 mining.subscribe []")
    play(
        """
        a >> 2 mining.authorize ["a", "x,d=0.25"]
        a << 2 result true
        a << mining.set_difficulty [0.25]
        a << mining.notify ["..."]
        """
    )


def test_what_was_suggested_counts_more_than_the_password() -> None:
    play = opened(pool_difficulty=1)
    play.aside("a >> 1 mining.subscribe []\na >> 2 mining.suggest_difficulty [0.5]")
    play(
        """
        a >> 2 mining.authorize ["a", "d=0.25"]
        a << 2 result true
        a << mining.set_difficulty [0.5]
        a << mining.notify ["..."]
        """
    )


@pytest.mark.parametrize(
    ("password", "difficulty"),
    [
        ("d=1024", 1024),
        ("x,d=1024", 1024),
        ("x;D=0.5;y", 0.5),
        (" diff = 5 ", 0),
        ("diff=5", 5),
        ("d=1e3", 1000),
        ("x", 0),
        ("", 0),
        ("d=", 0),
        ("d=x", 0),
        ("d=-5", 0),
        ("d=0", 0),
        ("d=nan", 0),
        ("d=inf", 0),
        ("d=1e999", 0),
        ("d=" + "9" * 200, float("9" * 200)),
        ("d=5" + " " * 300, 0),
        ("password=5", 0),
        (None, 0),
        (5, 0),
        (["d=5"], 0),
    ],
)
def test_passwords(password: object, difficulty: float) -> None:
    assert difficulty_in_password(password) == difficulty


@pytest.mark.parametrize(
    ("shares", "host", "remembered"), [(8, "a", True), (7, "a", False), (8, "b", False)]
)
def test_a_difficulty_that_a_worker_proved_is_remembered(
    shares: int, host: str, remembered: bool
) -> None:
    """Anybody may name a difficulty under anybody's name, and leave."""
    play = mined_on(pool_difficulty=1)
    play.aside("a >> 7 mining.suggest_difficulty [1e-8]")
    for _ in range(shares):
        play.aside('a >> 8 mining.submit "$s"', s=play.miner("a").share())
    play.aside("a -- hangs up")
    again = play.miner(f"{host}:2")
    play.aside(
        f"""
        {again.name} >> 1 mining.subscribe []
        {again.name} >> 2 mining.authorize ["a", "x"]
        """
    )
    assert again.difficulty == (1e-8 if remembered else EASY)


def test_a_minimum_difficulty() -> None:
    play = opened(pool_difficulty=1)
    wish = '["minimum-difficulty"], {"minimum-difficulty.value": 0.125}'
    play(
        f"""
        a >> 1 mining.configure [{wish}]
        a << 1 result {{"minimum-difficulty": true}}
        a >> 2 mining.subscribe []
        a << 2 result ["..."]
        a >> 3 mining.authorize ["a", "x"]
        a << 3 result true
        a << mining.set_difficulty [0.125]
        a << mining.notify ["..."]
        """
    )
