"""What a miner may say besides mining.submit, and what it is answered."""

import pytest

from stratumproxy.downstream.miner import MAX_WORKERS
from stratumproxy.mining.difficulty import MOST_DIFFICULTIES
from tests.proxy.playbook import POOL_EASY, Playbook, mined_on, notify, opened

# -- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_id",
    [
        *("0", "4", "-7", "-0", "4.0", "1.5", "1.50", "1e2", "true", "false"),
        *("184467440737095516150", "-9223372036854775809"),
        *('"auth"', '"txlistbf"', '""', '"\\u0041"', '"\\u00e4"', '"ä"', '"id\\":5"', '"[{,:"'),
    ],
)
@pytest.mark.parametrize("method", ["mining.ping", "mining.submit", "nonsense"])
def test_an_id_is_echoed_byte_for_byte(request_id: str, method: str) -> None:
    """Wherever it stands in the line; of two, the last is the one."""
    play = mined_on()
    for line in (
        f'{{"id":{request_id},"method":"{method}","params":[]}}',
        f'{{"method":"{method}","params":[{{"id":3}}, "\\"id\\":4"], "id" : {request_id} }}',
        f'{{"id":7,"method":"{method}","params":[],"\\u0069d":{request_id}}}',
    ):
        play.miner("a").says(line.encode() + b"\n")
        heard = play.miner("a").heard.popleft()
        assert heard.startswith(f'{{"id":{request_id},'), heard


def test_one_id_for_everything() -> None:
    """pooler's cpuminer has id 4 for every share, also for several on their way."""
    play = Playbook()
    play.opens()
    miner = play.joins("a")
    good, bad = miner.share(meets=POOL_EASY), miner.share(meets=POOL_EASY)
    play(
        """
        a >> 4 mining.submit "$good"
        pool << 16 mining.submit ["..."]
        a >> 4 mining.submit "$bad"
        pool << 17 mining.submit ["..."]
        a >> 4 mining.submit "$good"
        a << 4 error [22, "Duplicate share", null]
        pool >> 16 result true
        a << 4 result true
        pool >> 17 result false
        a << 4 error [20, "refused without a reason", null]
        """,
        good=good,
        bad=bad,
    )


# -- subscribe ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        "[]",
        '["cgminer/4.11.1"]',
        '["cgminer/4.11.1", "5f1c2a3b"]',
        '["x", null]',
        '["Braiins OS 2019-06-05", null, "stratum.slushpool.com:3333", null]',
        '["whatsminer/v1.0", "b08cf00d1"]',
        '["x", ""]',
        '["x", "zz"]',
        '["x", 5, [], {}]',
        "[5]",
        "[null, null]",
        "{}",
        "null",
    ],
)
def test_subscribe_in_every_form(params: str) -> None:
    play = opened()
    play(
        f"""
        a >> 1 mining.subscribe {params}
        a << 1 result [[["mining.set_difficulty", "$sid"], ["mining.notify", "$sid"]], "$slot", 4]
        """
    )
    assert play.values["slot"] == "01000000"


def test_the_agent_is_remembered_and_cut() -> None:
    play = opened()
    play.aside(f'a >> 1 mining.subscribe ["{"x" * 1000}"]')
    assert play.miner("a").session.agent == "x" * 128


def test_a_session_is_resumed() -> None:
    play = opened()
    play(
        """
        a >> 1 mining.subscribe []
        a << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        a -- hangs up
        b >> 1 mining.subscribe []
        b << 1 result ["*", "$other", 4]
        c >> 1 mining.subscribe ["cgminer", "$sid"]
        c << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        c -- hangs up
        clock -- 300 s
        d >> 1 mining.subscribe ["cgminer", "$sid"]
        d << 1 result ["*", "$slot", 4]
        """
    )
    assert play.values["other"] != play.values["slot"]


def test_a_session_that_is_still_open_is_not_taken_over() -> None:
    play = opened()
    play(
        """
        a >> 1 mining.subscribe []
        a << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        b >> 1 mining.subscribe ["cgminer", "$sid"]
        b << 1 result ["*", "$other", 4]
        """
    )
    assert play.values["other"] != play.values["slot"]


def test_a_session_is_not_kept_for_ever() -> None:
    play = opened(limits={"resume_seconds": 100})
    play(
        """
        a >> 1 mining.subscribe []
        a << 1 result [["*", ["mining.notify", "$sid"]], "$slot", 4]
        a -- hangs up
        clock -- 101 s
        b >> 1 mining.subscribe []
        b << 1 result ["*", "$slot", 4]
        c >> 1 mining.subscribe ["cgminer", "$sid"]
        c << 1 result ["*", "$other", 4]
        """
    )
    assert play.values["other"] != play.values["slot"]


# -- authorize ---------------------------------------------------------------------------------


def test_every_name_is_welcome() -> None:
    play = opened()
    play.aside("a >> 1 mining.subscribe []")
    for name in ("-", "farm.1", "bc1qexample.worker", "Ärger/%20", "x" * 255, "ü" * 127):
        play.aside(f'b >> 2 mining.authorize ["{name}"]')
        play.aside(f'a >> 2 mining.authorize ["{name}"]')
    assert play.snapshot().mining == 1


@pytest.mark.parametrize("params", ["[]", "[null]", "[5]", "[[]]", "{}"])
def test_a_name_that_is_none(params: str) -> None:
    play = opened()
    play(
        f"""
        a >> 1 mining.authorize {params}
        a << 1 error [24, "The worker name is not a string", null]
        """
    )


@pytest.mark.parametrize("name", ["x" * 256, "ü" * 128, "\U0001d510" * 64])
def test_a_name_of_too_many_bytes(name: str) -> None:
    """Ledger, Kafka and every table hold bytes, and a character may be four of them."""
    play = opened()
    play(
        f"""
        a >> 1 mining.authorize ["{name}"]
        a << 1 error [24, "The worker name has more than 255 bytes", null]
        """
    )
    assert name not in play.proxy.workers


def test_how_many_bytes_a_name_may_have_is_configured() -> None:
    play = Playbook("pool", limits={"worker_name_bytes": 32})
    play.opens("pool")
    play(
        f"""
        a >> 1 mining.authorize ["{"x" * 33}"]
        a << 1 error [24, "The worker name has more than 32 bytes", null]
        a >> 1 mining.authorize ["{"x" * 32}"]
        a << 1 result true
        """
    )


def test_a_name_that_is_empty_is_refused() -> None:
    """Nobody could look it up, ban it, or tell it from the next."""
    play = opened()
    play('a >> 1 mining.authorize [""]\na << 1 error [24, "The worker name is empty", null]')


def test_several_names_on_one_connection() -> None:
    play = mined_on()
    miner = play.miner("a")
    share, other = miner.share(), miner.share(worker="second")
    play(
        """
        a >> 4 mining.authorize ["second", "x"]
        a << 4 result true
        a >> 5 mining.submit "$share"
        a << 5 result true
        a >> 6 mining.submit "$other"
        a << 6 result true
        """,
        share=share,
        other=other,
    )
    assert [row.accepted for row in play.proxy.workers.get("a").rows()] == [1]
    assert [row.accepted for row in play.proxy.workers.get("second").rows()] == [1]


def test_but_not_any_number_of_them() -> None:
    play = mined_on()
    for number in range(MAX_WORKERS):
        play(
            f"""
            a >> 4 mining.authorize ["w{number}"]
            a << 4 result true
            a >> 4 mining.authorize ["w{number}"]
            a << 4 result true
            """
        )
    play(
        """
        a >> 4 mining.authorize ["one more"]
        a << 4 error [24, "Too many worker names on one connection", null]
        """
    )
    assert "one more" not in play.proxy.workers


# -- configure ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "mask"),
    [
        ('{"version-rolling.mask": "ffffffff"}', "1fffe000"),
        ('{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}', "1fffe000"),
        ('{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":"02"}', "1fffe000"),
        ('{"version-rolling.mask": "00c00000"}', "00c00000"),
        ('{"version-rolling.mask": "1fffffe0"}', "1fffe000"),
        ("{}", "1fffe000"),
    ],
)
def test_version_rolling(options: str, mask: str) -> None:
    play = opened()
    play(
        f"""
        a >> 1 mining.configure [["version-rolling"], {options}]
        a << 1 result {{"version-rolling": true, "version-rolling.mask": "{mask}"}}
        """
    )


def test_version_rolling_without_a_bit_in_common() -> None:
    play = opened()
    play(
        """
        a >> 1 mining.configure [["version-rolling"], {"version-rolling.mask": "0000001f"}]
        a << 1 result {"version-rolling": false}
        """
    )


def test_version_rolling_on_a_pool_without() -> None:
    play = Playbook()
    play.opens(mask=None)
    play(
        """
        a >> 1 mining.configure [["version-rolling"], {"version-rolling.mask": "1fffe000"}]
        a << 1 result {"version-rolling": false}
        """
    )


def test_all_extensions_at_once() -> None:
    """As OCEAN saw it."""
    play = opened()
    play(
        """
        a >> {"id":1,"method":"mining.configure","params":[["version-rolling","minimum-difficulty",\
"subscribe-extranonce","x"],{"version-rolling.mask":"1fffe000","minimum-difficulty.value":1}]}
        a << 1 result {"version-rolling": true, "version-rolling.mask": "1fffe000",\
 "minimum-difficulty": true, "subscribe-extranonce": true, "x": false}
        """
    )
    assert play.miner("a").session.takes_extranonce


def test_a_miner_is_asked_what_its_own_pool_session_lets_it_roll() -> None:
    """Groups may be on different pools for a while: the mask of its own group is what counts."""
    play = Playbook("pool", "backup", pool={"miners_per_session": 1})
    play.opens("pool")
    play.opens("backup", mask=None)
    play.joins("a", mask=None)
    play.joins("b", mask=None)
    play.opens("backup.1", mask="00ffe000")
    play.skip()
    play(
        """
        b >> 7 mining.configure [["version-rolling"], {"version-rolling.mask": "ffffffff"}]
        b << 7 result {"version-rolling": true, "version-rolling.mask": "00ffe000"}
        """
    )


# -- the rest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_line", "result"),
    [
        ("mining.extranonce.subscribe []", "true"),
        ("mining.multi_version [1]", "true"),
        ('mining.get_transactions ["bf"]', "[]"),
        ("mining.ping []", '"pong"'),
    ],
)
def test_small_requests(request_line: str, result: str) -> None:
    play = opened()
    play(f"a >> 1 {request_line}\na << 1 result {result}")


def test_a_request_named_pong_is_an_answer() -> None:
    """Bitaxe's to mining.ping."""
    play = opened()
    play('a >> {"id":9,"method":"pong","params":[]}')


def test_answers_are_not_answered() -> None:
    play = opened()
    play('a >> {"id":9,"result":"pong","error":null}\na >> {}')


@pytest.mark.parametrize("method", ["mining.capabilities", "eth_submitWork", "", "x" * 2000])
def test_what_is_unknown(method: str) -> None:
    play = opened()
    play.miner("a").says(b'{"id":1,"method":"%b"}\n' % method.encode())
    play('a << 1 error [20, "$text", null]', text=f"Unknown method {method[:64]}")


@pytest.mark.parametrize("method", ["5", "[]", "true", "{}", "1.5"])
def test_what_is_no_method(method: str) -> None:
    play = opened()
    play(f'a >> {{"id":1,"method":{method}}}\na << 1 error [20, "method is not a string", null]')


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "{", "[]", "5", "\x16\x03\x01", '{"id":[1]}x'])
def test_what_is_no_stratum_ends_the_connection(line: str) -> None:
    play = mined_on()
    play.aside(f"a >> raw {line}")
    assert play.miner("a").closed is not None
    assert play.snapshot().mining == 0


def test_empty_lines_are_nothing() -> None:
    play = mined_on()
    play.miner("a").says(b"\n\r\n \n\n")
    play.miner("a").says(b"\n")
    play.nothing_more()
    assert play.miner("a").closed is None


def test_a_whole_day_of_one_connection() -> None:
    """Everything a session keeps has a bound: it is the same after many requests as after few."""
    play = mined_on()
    miner = play.miner("a")
    for number in range(300):
        play.aside(
            f"""
            clock -- 1 s
            a >> {number} mining.suggest_difficulty [{1e-9 * (1 + number % 7)!r}]
            clock -- 1 s
            a >> {number} mining.subscribe ["x{number}", "{number:08x}"]
            a >> {number} mining.authorize ["w{number}", "x"]
            a >> {number} mining.configure [["version-rolling", "x{number}"]]
            """
        )
        play.aside('pool >> mining.notify "$n"', n=notify(f"{number}"))
    session = miner.session
    assert len(session.workers or {}) <= MAX_WORKERS
    assert len(session.difficulty.history()) <= MOST_DIFFICULTIES + 1
    assert len(play.proxy.jobs) < 200
    assert play.snapshot().connected == play.snapshot().mining == 1
