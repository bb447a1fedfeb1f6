"""The schema and the reference say what the models do, and the examples are good."""

import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from stratumproxy.config import Listen, Pool, load, loads
from stratumproxy.config.control import Token
from stratumproxy.config.hosting import Excused, Groups, Target, Tenant, Upstream
from stratumproxy.config.reference import json_schema, markdown

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "configs").glob("*.toml"))


def tables() -> dict[str, Any]:
    """Every table of the schema, by its name there."""
    schema = json.loads(json_schema())
    return {"": schema, **schema["$defs"]}


def test_schema_is_fresh() -> None:
    written = (ROOT / "configs" / "stratumproxy.schema.json").read_text(encoding="utf-8")
    assert written == json_schema(), "run `make docs`"


def test_reference_is_fresh() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == markdown(), "run `make docs`"


def test_there_are_examples() -> None:
    assert [path.name for path in EXAMPLES] == [
        "farm.toml",
        "home.toml",
        "hosting.toml",
        "minimal.toml",
        "two-pools.toml",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_load_and_fit_the_schema(path: Path) -> None:
    load(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema ./stratumproxy.schema.json\n")
    # As an editor sees it: JSON has no dates.
    seen = json.loads(json.dumps(tomllib.loads(text), default=datetime.isoformat))
    jsonschema.validate(seen, json.loads(json_schema()))


HOSTING = ("tenant", "target", "groups", "excused")
"""Tables that a farm does without; hosting.toml has them."""


def test_farm_has_every_setting_with_its_default() -> None:
    text = (ROOT / "configs" / "farm.toml").read_text(encoding="utf-8")
    whole = loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    examples = {
        "miners_per_session": 500,
        "extranonce2_size": 8,
        "min_difficulty": 1,
    }
    names = {Listen: "hall-a", Pool: "main"}
    below = (whole.listen[0], whole.pool[0], whole.difficulty, whole.jobs, whole.limits, whole.log)
    for table in (whole, *below):
        for name, field in type(table).model_fields.items():
            if table is whole and name in HOSTING:
                continue
            assert name in table.model_fields_set, f"farm.toml lacks {name}"
            if name == "name":
                assert getattr(table, name) == names[type(table)]
            elif not field.is_required() and not isinstance(field.default, BaseModel):
                assert getattr(table, name) == examples.get(name, field.default)
    assert load(ROOT / "configs" / "farm.toml") == loads(
        '[[listen]]\naddress = "0.0.0.0:3333"\n'
        '[[pool]]\nurl = "stratum+tcp://pool.example:3333"\nuser = "farm"\n'
    )


def test_hosting_has_every_setting_of_its_tables() -> None:
    text = (ROOT / "configs" / "hosting.toml").read_text(encoding="utf-8")
    for model in (Tenant, Target, Upstream, Groups, Excused, Token):
        for name, field in model.model_fields.items():
            assert re.search(rf"\b{field.alias or name} = |\[{name}\]\]", text), (
                f"hosting.toml lacks {name}"
            )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json_schema()))


@pytest.mark.parametrize("name", tables())
def test_every_setting_is_described_and_every_number_bounded(name: str) -> None:
    table = tables()[name]
    assert table["description"]
    assert table["additionalProperties"] is False
    for key, field in table["properties"].items():
        assert field.get("description") or "$ref" in field, key
        if field.get("type") in ("integer", "number"):
            assert field["minimum"] < field["maximum"], key
        if "default" in field and "$ref" not in field:
            assert "Default: " in field["description"], key
        assert f"### {key}\n" in markdown() or field.get("items") or "$ref" in field, key


@pytest.mark.parametrize(
    "mistake",
    [
        {"listen": []},
        {"extra": 1},
        {"difficulty": {"start": "8192"}},
        {"limits": {"connections": 0}},
        {"pool": [{"url": "stratum+tcp://a:1", "user": "u", "version_mask": "1fff"}]},
    ],
)
def test_editors_see_mistakes(mistake: dict[str, Any]) -> None:
    good = tomllib.loads((ROOT / "configs" / "minimal.toml").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, **mistake}, json.loads(json_schema()))
