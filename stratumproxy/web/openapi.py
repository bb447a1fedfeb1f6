"""/api/openapi.json: the API described, made from what answers it."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from stratumproxy import __version__
from stratumproxy.web.errors import Problem
from stratumproxy.web.operation import Operation

REF = "#/components/schemas/{model}"

Json = dict[str, Any]


def document(operations: Sequence[Operation]) -> Json:
    """The OpenAPI 3.1 document of some endpoints."""
    names, schemas = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _describe(operation, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stratumproxy",
            "version": __version__,
            "description": "The fleet as it stands, its history, and orders. Times are Unix "
            "seconds, hashrates hashes a second. Reading needs a token only where the API is "
            "not bound to loopback; actions need one for orders always. A tenant's token opens "
            "that tenant's figures, and is answered 403 where there are none.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "stratumproxy"},
            },
        },
    }


def _schemas(operations: Iterable[Operation]) -> tuple[dict[type[BaseModel], Json], Json]:
    """The schema of each model that is sent or taken, and all definitions they refer to."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for operation in operations:
        if operation.returns is not None:
            models[operation.returns, "serialization"] = None
        if operation.method == "POST":
            models[operation.given, "validation"] = None
    refs, definitions = models_json_schema(list(models), ref_template=REF)
    names = {model: refs[model, mode] for model, mode in models}
    return names, definitions.get("$defs", {})


def _describe(operation: Operation, names: dict[type[BaseModel], Json]) -> Json:
    first, _, rest = operation.description.partition("\n\n")
    described: Json = {
        "operationId": operation.method.lower() + operation.path.replace("/", "_").strip("{}"),
        "summary": " ".join(first.split()),
        "tags": [operation.tag],
        "responses": _responses(operation, names),
    }
    if rest:
        described["description"] = " ".join(rest.split())
    if operation.need == "read":
        described["security"] = [{}, {"token": []}, {"session": []}]
    elif operation.need in ("act", "token"):
        described["security"] = [{"token": []}]
    if operation.method == "POST":
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": names[operation.given]}},
        }
    elif parameters := _parameters(operation):
        described["parameters"] = parameters
    return described


def _parameters(operation: Operation) -> list[Json]:
    schema = operation.given.model_json_schema(mode="validation", ref_template=REF)
    required = schema.get("required", ())
    described = []
    for name, value in schema.get("properties", {}).items():
        in_path = f"{{{name}}}" in operation.path
        value.pop("title", None)
        described.append(
            {
                "name": name,
                "in": "path" if in_path else "query",
                "required": in_path or name in required,
                "description": value.pop("description", ""),
                "schema": _without_null(value),
            }
        )
    return described


def _without_null(schema: Json) -> Json:
    """A parameter that may be left out; there is no null in a query."""
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(options) == 1:
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return {**options[0], **rest}
    return schema


def _responses(operation: Operation, names: dict[type[BaseModel], Json]) -> Json:
    statuses = set(operation.errors) | {422}
    if operation.method == "POST":
        statuses |= {400, 408, 413, 415}
    if operation.need != "open":
        statuses |= {401}
    if operation.need in ("act", "token") or operation.reach == "none":
        statuses |= {403}
    if operation.long:
        statuses |= {503}
    schema = names[operation.returns] if operation.returns else {"type": "string"}
    answered = {"description": "The answer.", "content": {operation.media: {"schema": schema}}}
    problem = {"application/json": {"schema": names[Problem]}}
    return {
        "200": answered,
        **{
            str(status): {"description": HTTPStatus(status).phrase, "content": problem}
            for status in sorted(statuses)
        },
    }
