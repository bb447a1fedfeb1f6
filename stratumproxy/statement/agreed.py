"""What the configuration says of statements: what is excused, and which groups there are."""

from collections.abc import Callable

from stratumproxy.config import Config
from stratumproxy.config.groups import groups_by
from stratumproxy.statement.period import StatementError
from stratumproxy.statement.windows import Window


def agreed(config: Config | None, tenant: str) -> list[Window]:
    """What a tenant's machines are excused for by agreement; nothing without a configuration."""
    if config is None:
        return []
    return [
        Window(each.since.timestamp(), each.until.timestamp(), each.why)
        for each in config.excused
        if each.tenant in ("", tenant)
    ]


def groups(config: Config | None) -> Callable[[str], str]:
    """What gives a machine's group by its name, all its parts together; empty for none.

    Raises:
        StatementError: no groups are configured, or they can't be used here.
    """
    if config is None or not config.groups.pattern:
        raise StatementError("by group: no groups are configured; see pattern in [groups]")
    try:
        of = groups_by(config.groups.pattern)
    except ValueError as error:
        raise StatementError(f"by group: {error}") from None
    return lambda name: ", ".join(f"{group} {value}" for group, value in of(name).items())
