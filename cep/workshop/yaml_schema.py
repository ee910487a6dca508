"""The JSON Schema of the YAML form, for editors: draft 7, which the YAML language server is made for. Workshop layer.

It knows keys and shapes. Whether a fragment of the language is well formed is for ``cep check`` to say.
"""

from __future__ import annotations

from typing import Any

from cep.language.yaml_form import RULE_KEYS

_PATTERN_ONLY = ("within", "after_match", "on_timeout", "limit")

_KEYS: dict[str, tuple[str, Any]] = {
    "description": ("What the rule finds, in a sentence.", {"type": "string"}),
    "when": ("A pattern, as in `three failed logins within 5 minutes`; over windows, a condition.", "fragment"),
    "from": ("The events that a rule over windows reads, as in `Payment`.", "fragment"),
    "over": ("The window, as in `last 10 minutes`.", "fragment"),
    "where": ("A condition across steps.", "fragment"),
    "within": ("The time for the whole match, as in `5 minutes`.", "fragment"),
    "per": ("The key, or a list of keys, as in `user`.", "fragments"),
    "having": ("A condition on the complete match.", "fragment"),
    "after_match": ("Which runs a match removes, as in `skip past last event`.", "fragment"),
    "emit": ("The derived event and its fields.", "emit"),
    "on_timeout": ("What is emitted for a match that ran out of time.", "emit"),
    "limit": ("How many runs live at once, per key.", "fragment"),
    "to": ("Where derived events go.", "texts"),
    "at_most": ("How often it may alert, as in `1 every 1 hour`.", "fragment"),
    "severity": ("How bad it is, as in `high`.", {"type": "string"}),
    "tags": ("Labels, as in `attack.t1110`.", "texts"),
    "meta": ("Further values of your own.", {"type": ["object", "null"]}),
    "disabled": ("Whether the rule is switched off.", {"type": "boolean"}),
}


def yaml_schema() -> dict[str, Any]:
    """The schema as plain data."""
    sections = {
        "events": ("Schemas of event types.", _map(_ref("event"))),
        "define": ('Named event expressions: `failed login: Login(outcome == "failure")`.', _map(_ref("fragment"))),
        "let": ("Constants.", _map(_ref("fragment"))),
        "tables": ("Reference tables.", _map(_ref("table"))),
        "rules": ("Rules by name.", _map(_ref("rule"))),
        "tests": ("Tests of the rules.", {"type": ["array", "null"], "items": _ref("test")}),
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Rules of cep, in their YAML form",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {name: {"description": text, **kind} for name, (text, kind) in sections.items()},
        "definitions": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    rows = {"type": ["array", "null"], "items": _ref("row")}
    table_rows = {"type": ["array", "null"], "items": {"type": ["object", "null"]}}
    return {
        "fragment": {"type": ["string", "number", "boolean"]},
        "fragments": _one_or_more(_ref("fragment")),
        "texts": _one_or_more({"type": ["string", "number", "boolean"]}),
        "emit": {"anyOf": [{"type": "string"}, _emitted()]},
        "event": _object(
            {"fields": _map(_ref("fragment")), "time": {"type": "string"}, "id": {"type": "string"}}, ["fields"]
        ),
        "table": _object({"from": {"type": "string"}, "key": _ref("texts")}, ["from", "key"]),
        "rule": _rule(),
        "test": _object(
            {
                "name": {"type": ["string", "number", "boolean"]},
                "for": _ref("texts"),
                "from": {"type": "string"},
                "tables": _map(table_rows),
                "given": {"anyOf": [rows, {"const": "nothing"}]},
                "expect": {"anyOf": [rows, {"const": "nothing"}]},
            },
            ["name", "expect"],
        ),
        "row": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 3,
            "properties": {name: _ref("fragment") for name in ("at", "repeat", "then_at", "file")},
            "additionalProperties": {"type": ["object", "null"]},
        },
    }


def _rule() -> dict[str, Any]:
    properties = {
        name: {"description": text, **(_ref(kind) if isinstance(kind, str) else kind)}
        for name, (text, kind) in _KEYS.items()
    }
    assert set(properties) == set(RULE_KEYS)
    return {
        **_object(properties, []),
        "if": {"required": ["from"]},
        "then": {"properties": dict.fromkeys(_PATTERN_ONLY, False)},
        "else": {"required": ["when"], "properties": {"over": False}},
    }


def _emitted() -> dict[str, Any]:
    value = {"type": ["string", "number", "boolean", "null"]}
    fields = {"type": ["object", "null"], "additionalProperties": value}
    return {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": fields}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def _map(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": of}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**found, "required": required} if required else found


def _one_or_more(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "array", "items": of}]}
