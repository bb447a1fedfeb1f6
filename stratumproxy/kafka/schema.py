"""The JSON schema (2020-12) of the messages' values, made of what the records are."""

from typing import Any

from stratumproxy.telemetry.described import DIFFICULTY, SHARES, UNIX, Field, fields
from stratumproxy.telemetry.records import EventRecord, JobRecord, ShareRecord, WorkRecord

SCHEMA = 1
"""Version of the messages. Another is one that breaks who reads them; new fields do not."""

COUNT = {"type": "integer", "minimum": 0}

KINDS: dict[str, tuple[type[tuple[Any, ...]], str]] = {
    "share": (ShareRecord, "worker"),
    "work": (WorkRecord, "worker"),
    "job": (JobRecord, "pool"),
    "event": (EventRecord, "run"),
}
"""What kinds of records there are messages of, and what is their key."""

HEAD = {
    "properties": {
        "schema": {"const": SCHEMA},
        "type": {"type": "string"},
        "run": {"type": "string", "description": "One start of one process of the proxy."},
        "process": {**COUNT, "description": "That process, as the supervisor counts them."},
        "site": {"type": "string", "description": "Where that is; empty if it was not told."},
        "seq": {
            "type": "integer",
            "minimum": 1,
            "description": "Number, in the run, of the batch that the message comes from.",
        },
        "index": {
            **COUNT,
            "description": "Number of the message in its batch. Of two messages with the same run, "
            "seq and index one is a repeat.",
        },
    },
    "required": ["schema", "type", "run", "process", "site", "seq", "index", "at"],
}


def schema() -> dict[str, Any]:
    """The whole of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Messages of stratumproxy in Kafka, schema version {SCHEMA}",
        "description": "The value of every message in the topics PREFIX.shares (share), "
        "PREFIX.work (work) and PREFIX.events (job, event, dropped). The version changes when "
        "readers have to; fields may be added without.",
        "type": "object",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in (*KINDS, "dropped")],
        "$defs": {
            "head": HEAD,
            **{kind: _of_record(kind, record, key) for kind, (record, key) in KINDS.items()},
            "dropped": {
                "description": "Records that the proxy had no room for, and that are missing here. "
                "Key: run.",
                "$ref": "#/$defs/head",
                "properties": {
                    "type": {"const": "dropped"},
                    "at": {"type": "number", "description": "They are older than this."},
                    "records": {
                        "type": "object",
                        "additionalProperties": COUNT,
                        "description": "How many, by kind: shares, events, …",
                    },
                },
                "required": ["records"],
            },
        },
    }


def _of_record(kind: str, record: type[tuple[Any, ...]], key: str) -> dict[str, Any]:
    told = list(fields(record))
    summary = (record.__doc__ or "").splitlines()[0]
    properties = {field.name: _of_field(field) for field in told}
    if "at" not in properties:
        at = {"type": "number", "description": "The end of the time it is about, Unix seconds."}
        properties = {"at": at, **properties}
    return {
        "description": f"{summary} Key: {key}.",
        "$ref": "#/$defs/head",
        "properties": {"type": {"const": kind}, **properties},
        "required": [field.name for field in told if field.name != "at"],
    }


def _of_field(field: Field) -> dict[str, Any]:
    about = field.about
    made: dict[str, Any] = {"enum": list(about.one_of)} if about.one_of else _TYPES[field.type]()
    if about.unit in (DIFFICULTY, SHARES) and made.get("type") != "object":
        made["minimum"] = 0
    text = about.text or ("Unix seconds." if about.unit == UNIX else "")
    return {**made, "description": text} if text else made


_TYPES: dict[Any, Any] = {
    str: lambda: {"type": "string"},
    bool: lambda: {"type": "boolean"},
    int: lambda: {"type": "integer"},
    float: lambda: {"type": "number"},
    float | None: lambda: {"type": ["number", "null"]},
    dict[str, int]: lambda: {"type": "object", "additionalProperties": COUNT},
    dict[str, Any]: lambda: {"type": "object"},
}
