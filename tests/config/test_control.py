"""The control plane's tables: what they refuse, and the token."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from stratumproxy.config.control import Api, Kafka, read_token


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text("0123456789abcdef\nnot this\n")
    return str(path)


def test_an_api_that_only_this_machine_reaches_needs_no_token() -> None:
    for address in ("127.0.0.1:8080", "127.1.2.3:8080", "[::1]:8080"):
        assert Api(listen=address).secret == ""


@pytest.mark.parametrize("address", ["0.0.0.0:8080", ":8080", "10.0.0.5:8080", "[::]:8080"])
def test_one_that_others_reach_does(address: str, token_file: str) -> None:
    with pytest.raises(ValidationError, match="open to other machines, so a token_file is needed"):
        Api(listen=address)
    assert Api(listen=address, token_file=token_file).secret == "0123456789abcdef"


def test_nobody_may_read_by_a_token_that_is_not_there(token_file: str) -> None:
    with pytest.raises(ValidationError, match="nobody could read without a token_file"):
        Api(listen="127.0.0.1:8080", read_needs_token=True)
    assert Api(token_file=token_file, read_needs_token=True).read_needs_token


def test_event_streams_leave_connections_to_others() -> None:
    with pytest.raises(ValidationError, match="allow 1200 connections, or fewer event_streams"):
        Api(event_streams=600)
    assert Api(event_streams=600, connections=1200).connections == 1200


def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("secret\n")
    with pytest.raises(ValueError, match=r"has 6 characters; a token needs 16\. Make one: head"):
        read_token(str(path))


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'/nowhere/token' can't be read: No such file"):
        read_token("/nowhere/token")
    path = tmp_path / "token"
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(ValueError, match="can't be read: it is not text"):
        read_token(str(path))


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="has no port"):
        Api(listen="localhost")


def test_kafka_needs_a_place_for_what_waits() -> None:
    with pytest.raises(ValidationError, match="brokers are of no use without a spool"):
        Kafka(brokers="kafka:9092")
    assert Kafka(brokers="kafka:9092", spool="/tmp/spool").spool == "/tmp/spool"
