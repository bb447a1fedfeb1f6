"""Models of the API for records: what their fields are is said with the records."""

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from stratumproxy.telemetry.described import fields


def model_of(name: str, record: type[tuple[Any, ...]], **more: type) -> type[BaseModel]:
    """A model with a record's fields.

    Args:
        name: the model's, as the API's description has it.
        record: a `NamedTuple`; its first line says what it is.
        more: fields that stand before the record's, with their types.
    """
    made: dict[str, Any] = {key: (kind, ...) for key, kind in more.items()}
    for each in fields(record):
        kind = Literal[each.about.one_of] if each.about.one_of else each.type
        made[each.name] = (kind, Field(description=each.about.text or None))
    summary = (record.__doc__ or "").splitlines()[0]
    return create_model(name, __doc__=summary, **made)
