"""Who asks: what their token lets them see, what they may order, and what they are called."""

from dataclasses import dataclass
from typing import Literal

from stratumproxy.web.errors import Refusal

Reach = Literal["none", "own", "same"]
"""What of an endpoint is there for a tenant's token. `none`: it is refused, since the answer is of
the whole proxy. `own`: what is that tenant's. `same`: what everybody gets, which is nobody's."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks."""

    name: str = ""
    """What their token is called; empty for the one of `[api] token_file`, and without a token."""
    may_act: bool = False
    """Whether they may give orders."""
    tenant: str | None = None
    """Whose figures they see, and nothing else; None for everybody's."""
    origin: str = "somebody"
    """Where they ask from."""

    @property
    def by(self) -> str:
        """How they stand on record."""
        return f"{self.name} at {self.origin}" if self.name else self.origin

    def sees(self, tenant: str) -> bool:
        """Whether something of a tenant's is for them."""
        return self.tenant is None or self.tenant == tenant

    def asks_of(self, tenant: str | None) -> str | None:
        """Whose figures are meant by a request that names a tenant, or none.

        Raises:
            Refusal: somebody else's.
        """
        if self.tenant is None:
            return tenant
        if tenant not in (None, self.tenant):
            # Whether there is such a tenant is not for them either.
            raise Refusal(403, f"this token opens the figures of {self.tenant!r} alone")
        return self.tenant
