"""Tests name the parts that they need: `@pytest.mark.interop(BTCD, …)`."""

import pytest


@pytest.fixture(autouse=True)
def parts(request: pytest.FixtureRequest) -> None:
    """All parts that a test names are at hand, or it skips and says what is missing."""
    for marker in request.node.iter_markers("interop"):
        for part in marker.args:
            if part.find() is None:
                pytest.skip(part.why_not)
