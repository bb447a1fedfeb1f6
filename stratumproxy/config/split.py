"""[split]: how miners are moved between the targets of a tenant that has several."""

from typing import Annotated

from pydantic import Field

from stratumproxy.config.number import Within
from stratumproxy.config.table import Table


class Split(Table):
    """How miners are moved between a tenant's targets."""

    at_once_percent: Annotated[
        int | float,
        Within(0.1, 100),
        Field(
            description="Percent of a tenant's miners that are moved at once, so that no pool sees "
            "more arrive together; one always may be. Kubernetes replaces as many at a time "
            "(`maxUnavailable`).",
        ),
    ] = 25
    at_once_miners: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="And so many at most, also of those whose target has no pool any more: a "
            "second later the next are. A thousand are sent their job in some 20 ms.",
        ),
    ] = 1000
