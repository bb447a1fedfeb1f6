"""Every message is what the schema says, and the schema says everything that is in one."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from stratumproxy.kafka.messages import EVENTS, SHARES, WORK, count, messages
from stratumproxy.kafka.schema import schema
from stratumproxy.telemetry.records import (
    VERDICTS,
    Batch,
    EventRecord,
    JobRecord,
    MinerRecord,
    ShareRecord,
    WorkRecord,
)

VALIDATOR = Draft202012Validator(schema())

text = st.text(max_size=20)
positive = st.floats(0, 1e18)
number = st.integers(0, 1 << 40)
counts = st.dictionaries(text, number, max_size=3)
BATCHES = st.builds(
    Batch,
    run=text,
    process=st.integers(0, 64),
    seq=st.integers(1, 1 << 50),
    at=positive,
    shares=st.lists(
        st.builds(
            ShareRecord,
            *[positive, text, text, text, positive, positive, positive],
            *[st.sampled_from(VERDICTS), text, st.floats(-10, 1e6)],
        ),
        max_size=3,
    ),
    work=st.lists(
        st.builds(
            WorkRecord,
            *[text, text, number, positive, counts, positive, positive, positive],
            *[st.none() | positive, st.none() | positive, *[text] * 4],
        ),
        max_size=3,
    ),
    miners=st.just([MinerRecord(4, "farm.1", "10.0.0.7:4", "x", 1, 1.0, "main", True, "")]),
    jobs=st.lists(
        st.builds(
            JobRecord,
            *[positive, text, number, text, number, st.booleans()],
            *[positive, number, positive, positive, positive],
        ),
        max_size=3,
    ),
    events=st.lists(
        st.builds(EventRecord, positive, st.sampled_from(["info", "warning"]), text, counts),
        max_size=3,
    ),
    dropped=counts,
)


@given(BATCHES)
def test_messages_are_what_the_schema_says(batch: Batch) -> None:
    told = list(messages(batch))
    assert len(told) == count(batch)
    for index, message in enumerate(told):
        value = orjson.loads(message.value)
        VALIDATOR.validate(value)
        assert (value["run"], value["seq"], value["index"]) == (batch.run, batch.seq, index)


@given(BATCHES)
def test_one_that_was_spooled_makes_the_same_messages(batch: Batch) -> None:
    again = Batch.decode(orjson.loads(batch.encode()))
    assert list(messages(again)) == list(messages(batch))


FULL = Batch(
    run="5f3a",
    process=1,
    seq=7,
    at=5.5,
    shares=[
        ShareRecord(
            *(1.5, "farm.1", "main", "6a", 512, 8192.0, 9000.5, "lost", "", 0.03),
            account="farm",
        )
    ],
    work=[WorkRecord("farm.1", "main", 3, 1536.0, {"stale": 1}, 512.0, 9000.5)],
    jobs=[JobRecord(2.0, "main", 0, "6b", 840_000, True, 8192.0, 17_595, 0.001, 0.05, 0.09)],
    events=[EventRecord(3.0, "warning", "pool session lost", {"pool": "main"})],
    dropped={"shares": 12},
    site="north",
)


def test_topics_types_and_keys() -> None:
    told = [(topic, orjson.loads(value)["type"], key) for topic, key, value in messages(FULL)]
    assert told == [
        (SHARES, "share", "farm.1"),
        (WORK, "work", "farm.1"),
        (EVENTS, "job", "main"),
        (EVENTS, "event", "5f3a"),
        (EVENTS, "dropped", "5f3a"),
    ]


def test_one_as_it_stands() -> None:
    assert orjson.loads(next(messages(FULL)).value) == {
        "schema": 1,
        "type": "share",
        "run": "5f3a",
        "process": 1,
        "site": "north",
        "seq": 7,
        "index": 0,
        "at": 1.5,
        "worker": "farm.1",
        "pool": "main",
        "job": "6a",
        "difficulty": 512,
        "pool_difficulty": 8192.0,
        "met": 9000.5,
        "verdict": "lost",
        "reason": "",
        "latency": 0.03,
        "tenant": "default",
        "account": "farm",
        "coin": "BTC",
        "target": "",
    }


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("index", range(5))
def test_the_schema_describes_and_requires_every_field(index: int) -> None:
    value: dict[str, Any] = orjson.loads(list(messages(FULL))[index].value)
    parts = schema()["$defs"]
    described = {**parts["head"]["properties"], **parts[value["type"]]["properties"]}
    assert described.keys() == value.keys()
    for name in value:
        with pytest.raises(ValidationError):
            VALIDATOR.validate({key: said for key, said in value.items() if key != name})
