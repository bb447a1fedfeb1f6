"""Conditions of the proxy as the API gives them: in /ready and in the summary."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.fleet.conditions import KINDS
from stratumproxy.fleet.watch import Watch


class Condition(BaseModel):
    """One thing that is not as usual."""

    kind: str = Field(description=f"One of {', '.join(KINDS)}.")
    severity: Literal["critical", "warning", "notice"] = Field(
        description="critical: miners are not served; warning: they are, and somebody should look; "
        "notice: somebody ordered it."
    )
    text: str = Field(description="The kind in words.")
    subject: str = Field(
        description="Which tenant, target, pool, process, sink or kind of record; empty for the "
        "whole proxy."
    )
    tenant: str | None = Field(description="Whose alone it is; null for what is everybody's.")
    since: float = Field(description="Unix seconds.")
    why: str = Field(description="Why, in a line; it may be empty.")


def told(watch: Watch, now: float, today: float) -> list[dict[str, Any]]:
    """All that is not as usual, each as `Condition`, the worst first.

    Args:
        watch: who knows.
        now: even time.
        today: the same moment's time of day.
    """
    return [
        {
            "kind": each.kind,
            "severity": each.severity,
            "text": KINDS[each.kind].begins,
            "subject": each.subject,
            "since": today if each.since is None else today - (now - each.since),
            "tenant": each.tenant or None,
            "why": each.why,
        }
        for each in watch.look(now)
    ]


def without_words(found: Iterable[dict[str, Any]], *tenants: str | None) -> list[dict[str, Any]]:
    """Some of them for who may not know of which pool, or why: the words may be of others.

    What is a tenant's says which of its targets or pools; that is its own.

    Args:
        found: all, as `told` says.
        tenants: whose; None for everybody's.
    """
    return [
        {**each, "subject": each["subject"] if each["tenant"] else "", "why": ""}
        for each in found
        if each["tenant"] in tenants
    ]
