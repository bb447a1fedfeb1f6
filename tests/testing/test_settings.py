import pytest

from stratumproxy.testing import PoolSettings


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"extranonce1_size": 2, "extranonce1_prefix": b"abc"}, "extranonce1_size"),
        ({"extranonce1_size": 33}, "extranonce1_size"),
        ({"extranonce2_size": 0}, "extranonce2_size"),
        ({"extranonce2_size": 17}, "extranonce2_size"),
        ({"difficulty": 0}, "difficulty"),
    ],
)
def test_what_can_not_be_is_named(changes: dict[str, object], setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        PoolSettings(**changes)  # type: ignore[arg-type]
