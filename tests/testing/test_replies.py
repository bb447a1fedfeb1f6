import pytest

from stratumproxy.testing.replies import notification, rejection, reply
from stratumproxy.testing.settings import RejectShape


def test_yes() -> None:
    assert reply("xnsub", True) == b'{"id":"xnsub","result":true,"error":null}\n'


def test_notification() -> None:
    assert (
        notification("mining.set_difficulty", [0.5])
        == b'{"id":null,"method":"mining.set_difficulty","params":[0.5]}\n'
    )


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ("array", b'{"id":4,"result":null,"error":[23,"low",null]}\n'),
        ("pair", b'{"id":4,"result":null,"error":[23,"low"]}\n'),
        ("object", b'{"id":4,"error":{"code":23,"message":"low","data":null}}\n'),
        ("string", b'{"id":4,"result":null,"error":"low"}\n'),
        ("false", b'{"id":4,"result":false,"error":null,"reject-reason":"low"}\n'),
        ("false-array", b'{"id":4,"result":false,"error":[23,"low",null]}\n'),
        ("true", b'{"id":4,"result":null,"error":true}\n'),
    ],
)
def test_every_shape_of_no(shape: RejectShape, line: bytes) -> None:
    assert rejection(shape, 4, 23, "low") == line
