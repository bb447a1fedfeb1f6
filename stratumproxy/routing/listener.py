"""A port for miners, as routing sees it: to whom those belong that come in by it.

Subscribe is answered with bytes of the extranonce before the miner has said its name. So they have
to fit every target that a miner of this port can come to.
"""

from collections.abc import Sequence

from stratumproxy.mining.extranonce import Layout
from stratumproxy.routing.target import common_layout, common_mask
from stratumproxy.routing.tenant import Tenant


class Listener:
    """One port.

    Args:
        number: which of those that are configured, from 0.
        name: what it is called.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.tenants: Sequence[Tenant] = ()
        """To whom those of its miners can belong that a name tells apart."""
        self.layout: Layout | None = None
        """What fits every target that they can come to."""
        self.version_mask = 0
        """What a miner may roll, whoever it belongs to."""

    def learn(self) -> None:
        """What is known of the pools, or of the tenants, has changed."""
        targets = [target for tenant in self.tenants for target in tenant.targets]
        self.layout = common_layout(targets)
        self.version_mask = common_mask(targets)
