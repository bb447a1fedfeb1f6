"""POST /api/actions/…: orders for the data plane, and what it shows. Each needs the token."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stratumproxy.errors import StratumProxyError
from stratumproxy.web.errors import Refusal
from stratumproxy.web.miners import told_id
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Reach, Viewer

LONGEST_BAN = 366 * 86400.0


class Done(BaseModel):
    """It was done."""

    done: Any = Field(description="What was done, such as how many miners were disconnected.")


WHOSE = "Whose; of any tenant if left out. A tenant's token means its own."


class Disconnect(Given):
    """Whom: a worker's miners, or one miner."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [one], "properties": {one: {"type": "string"}}}
                for one in ("worker", "miner")
            ]
        }
    )

    worker: str | None = Field(None, min_length=1, max_length=2000)
    miner: str | None = Field(None, min_length=1, max_length=200, description="Its id.")
    tenant: str | None = Field(None, max_length=64, description=WHOSE)

    @model_validator(mode="after")
    def _one(self) -> "Disconnect":
        if (self.worker is None) == (self.miner is None):
            raise ValueError("give either worker or miner")
        return self


class Ban(Given):
    """Whom, and for how long."""

    worker: str = Field(min_length=1, max_length=2000)
    seconds: float = Field(gt=0, le=LONGEST_BAN)
    tenant: str | None = Field(None, max_length=64, description=WHOSE)


class SwitchPool(Given):
    """Where to."""

    pool: str = Field(max_length=64, description="Its name; empty for the configured order.")
    tenant: str | None = Field(
        None, max_length=64, description="Whose miners alone; it goes before an order for all."
    )
    target: str | None = Field(
        None, max_length=64, description="Of which of the tenant's targets; all, if left out."
    )


class Weights(Given):
    """Whose, and in which parts its work is split from now on."""

    weights: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | None = Field(
        max_length=100,
        description="By target, for each that the tenant has; null for those that are configured.",
    )
    tenant: str | None = Field(
        None, max_length=64, description="Whose; of those who are no tenant's if left out."
    )


class Difficulty(Given):
    """Whose, and what it is to be."""

    worker: str = Field(min_length=1, max_length=2000)
    difficulty: float | None = Field(
        gt=0, le=1e300, description="For its miners; null for what vardiff makes of it."
    )
    tenant: str | None = Field(None, max_length=64, description=WHOSE)


class Accept(Given):
    """Whose."""

    worker: str = Field(min_length=1, max_length=2000)
    tenant: str | None = Field(
        None, max_length=64, description="Whose, if several tenants have one of that name."
    )


class Reload(Given):
    """Nothing."""


Carry = Callable[[Site, Any, Viewer], Awaitable[dict[str, Any]]]


def _order(action: str, description: str, reach: Reach) -> Carry:
    """The endpoint of an action."""

    async def carry(site: Site, given: BaseModel, viewer: Viewer) -> dict[str, Any]:
        if site.orders is None:
            raise Refusal(503, "no process of the data plane takes orders")
        arguments = given.model_dump(exclude_unset=True)
        if reach == "own" and (tenant := viewer.asks_of(arguments.pop("tenant", None))):
            arguments["tenant"] = tenant
        asked = arguments.get("miner")
        if asked:
            arguments["miner"] = told_id(asked, lambda id: site.veil.meant(id, viewer.tenant))
        try:
            done = await site.orders.give(action, arguments, viewer.by)
        except StratumProxyError as error:
            # In the words of who asked: what an id stands for is not for a tenant.
            words = str(error).replace(arguments["miner"], asked) if asked else str(error)
            raise Refusal(409, words) from None
        return {"done": done}

    carry.__doc__ = description
    return carry


def _operation(
    action: str, given: type[BaseModel], description: str, reach: Reach = "none"
) -> Operation:
    return Operation(
        "POST",
        f"/api/actions/{action}",
        _order(action, description, reach),
        given,
        Done,
        tag="actions",
        need="act",
        reach=reach,
        errors=(409, 503),
        asker=True,
    )


OPERATIONS = [
    _operation("disconnect", Disconnect, "Hang up on a worker's miners, or on one miner.", "own"),
    _operation("ban", Ban, "Hang up on a worker's miners, and turn them away for a while.", "own"),
    _operation(
        "switch-pool",
        SwitchPool,
        "Mine on one pool until told otherwise, and while it is ready: all, or a tenant.",
    ),
    _operation(
        "weights",
        Weights,
        "Split a tenant's work over its targets by other weights, until others are configured.",
    ),
    _operation("difficulty", Difficulty, "Set the difficulty of a worker's miners.", "own"),
    _operation(
        "accept",
        Accept,
        "Take what a worker does now for what it usually does: it is slow no more.",
    ),
    _operation("reload", Reload, "Read the configuration file again, as SIGHUP does."),
]
