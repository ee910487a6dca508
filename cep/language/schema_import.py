"""``event`` declarations from a JSON Schema. Language layer.

Read is what says something about types: ``type``, ``format``, ``enum``, ``const``, ``required``, ``items``,
``additionalProperties``, null among the types, local ``$ref``, ``allOf`` of objects, and our own annotations. Bounds,
patterns and the like are not part of a declaration and are left out; what has no type of ours becomes ``any``, which
takes everything, so that an import never refuses a record that the schema allows on these grounds.

==============================  =======================================
JSON Schema                     here
==============================  =======================================
``string``                      ``string``
… ``date-time``                 ``timestamp``
… ``duration``                  ``duration``
… ``ipv4``, ``ipv6``            ``ip``
``integer``                     ``int``
``number``                      ``float``
``boolean``                     ``bool``
``array`` of T                  ``list<T>``
``object``                      ``map``, ``map<T>`` where all are T
null allowed, not required      ``?``
``enum``, ``const``             ``in […]``
==============================  =======================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cep.errors import UsageError
from cep.language import syntax
from cep.language.printer import print_file
from cep.timestamps import TIME_FIELDS

TYPE_FIELDS = ("type", "event_type", "event")
_SCALARS = {"string": "string", "integer": "int", "number": "float", "boolean": "bool"}
_FORMATS = {"date-time": "timestamp", "duration": "duration", "ipv4": "ip", "ipv6": "ip"}
_MOST_NESTED = 50

Document = Mapping[str, Any]


def import_events(document: Any, name: str | None = None) -> str:
    """The text of an ``event`` declaration for each type of event that a JSON Schema describes.

    These are the schema itself where it has properties, what its ``oneOf`` and ``anyOf`` name, else its ``$defs``.
    An event is called ``name``, else as the ``const`` of its type field says, its ``title``, its name in ``$defs``.

    Raises:
        UsageError: it is no JSON Schema of an object, or says nothing of how its events are called.
    """
    if not isinstance(document, Mapping):
        raise UsageError("this is no JSON Schema: an object is wanted")
    importer = _Importer(document)
    described = list(importer.events())
    if not described:
        raise UsageError("this JSON Schema describes no object with properties, so it gives no event")
    if name is not None and len(described) > 1:
        raise UsageError(f"this JSON Schema describes {len(described)} events, so they cannot all be called `{name}`")
    declared = {event.name: event for event in (importer.event(each, name, key) for key, each in described)}
    return print_file(syntax.RuleFile(tuple(declared.values())))


class _Importer:
    def __init__(self, document: Document) -> None:
        self._document = document

    def events(self) -> Iterator[tuple[str | None, Document]]:
        """The schemas of events, each with the name under which it stands in ``$defs``."""
        whole = self._merged(self._document)
        if whole.get("properties"):
            yield None, whole
            return
        choices = [*_list(whole.get("oneOf")), *_list(whole.get("anyOf"))]
        definitions = whole.get("$defs") or whole.get("definitions")
        named = choices or [
            {"$ref": f"#/{'$defs' if '$defs' in whole else 'definitions'}/{key}"} for key in _mapping(definitions)
        ]
        for choice in named:
            reference = _mapping(choice).get("$ref")
            key = str(reference).rpartition("/")[2] if reference else None
            merged = self._merged(_mapping(choice))
            if merged.get("properties"):
                yield key, merged

    def event(self, described: Document, name: str | None, key: str | None) -> syntax.EventDeclaration:
        """The declaration of one event; see :func:`import_events` for its name."""
        properties = _mapping(described["properties"])
        constants = {each: _mapping(properties.get(each)).get("const") for each in TYPE_FIELDS}
        constant = next((each for each, value in constants.items() if isinstance(value, str)), None)
        title = name or (constants[constant] if constant is not None else _type_name(described.get("title") or key))
        if not title:
            raise UsageError("the JSON Schema says no name for its event; give it one with --name")
        required = [each for each in _list(described.get("required")) if isinstance(each, str)]
        fields = tuple(
            syntax.FieldDeclaration(each, self._type(self._merged(_mapping(schema)), each not in required))
            for each, schema in properties.items()
            if each != constant and "`" not in each and each.isprintable()
        )
        time = described.get("x-cep-time")
        names = [field.name for field in fields]
        times = [field.name for field in fields if field.type.name == "timestamp"]
        if time not in names:
            time = times[0] if len(times) == 1 and not set(names) & set(TIME_FIELDS) else None
        identity = described.get("x-cep-id")
        return syntax.EventDeclaration(title, fields, time, identity if identity in names else None)

    def _merged(self, schema: Document, depth: int = 0) -> Document:
        """The schema with what its ``$ref`` and ``allOf`` bring."""
        if depth > _MOST_NESTED:
            raise UsageError("the references of this JSON Schema go round in a circle")
        found = dict(schema)
        reference = found.pop("$ref", None)
        parts = _list(found.pop("allOf", None))
        if isinstance(reference, str):
            parts.insert(0, self._target(reference))
        for part in parts:
            merged = self._merged(_mapping(part), depth + 1)
            properties = {**_mapping(merged.get("properties")), **_mapping(found.get("properties"))}
            required = [*_list(merged.get("required")), *_list(found.get("required"))]
            found = {**merged, **found}
            if properties:
                found["properties"] = properties
            if required:
                found["required"] = required
        return found

    def _target(self, reference: str) -> Document:
        target: Any = self._document
        if not reference.startswith("#"):
            raise UsageError(f"the JSON Schema refers to `{reference}`, and only references within it are followed")
        for part in filter(None, reference.removeprefix("#").split("/")):
            target = _mapping(target).get(part.replace("~1", "/").replace("~0", "~"))
        if target is None:
            raise UsageError(f"the JSON Schema refers to `{reference}`, which it does not have")
        return _mapping(target)

    def _type(self, schema: Document, missing: bool, depth: int = 0) -> syntax.TypeExpr:
        """The type of a field or element; optional where it may be missing or null."""
        if depth > _MOST_NESTED:
            return syntax.TypeExpr("any")
        kinds, choice = _kinds(schema), _choices(schema)
        optional = missing or "null" in kinds or schema.get("nullable") is True
        own = schema.get("x-cep-type")
        if own is None and choice is not None:
            others = [self._merged(each) for each in choice if _kinds(each) != ["null"]]
            optional = optional or len(others) < len(choice)
            if len(others) == 1:
                outer = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
                return self._type({**outer, **others[0]}, optional, depth + 1)
            formats = {_FORMATS.get(str(each.get("format"))) for each in others}
            if formats == {"ip"}:
                return syntax.TypeExpr("ip", (), optional)
            return syntax.TypeExpr("any")
        values = schema["enum"] if isinstance(schema.get("enum"), list) else None
        if values is None and "const" in schema:
            values = [schema["const"]]
        kinds = [kind for kind in kinds if kind != "null"] or _kinds_of(values or [])
        optional = optional or None in (values or [])
        if own in ("timestamp", "duration", "decimal"):
            values = schema.get("x-cep-in")
            return syntax.TypeExpr(own, (), optional, _domain(values, own))
        if len(kinds) != 1:
            return syntax.TypeExpr("any")
        name, arguments = self._named(kinds[0], schema, depth)
        return syntax.TypeExpr(name, arguments, optional and name != "any", _domain(values, name))

    def _named(self, kind: str, schema: Document, depth: int) -> tuple[str, tuple[syntax.TypeExpr, ...]]:
        if kind == "array":
            return "list", self._inner(schema.get("items"), depth)
        if kind == "object":
            plain = not schema.get("properties") and not schema.get("patternProperties")
            return "map", self._inner(schema.get("additionalProperties"), depth) if plain else ()
        if kind == "string":
            return _FORMATS.get(str(schema.get("format")), "string"), ()
        return _SCALARS.get(kind, "any"), ()

    def _inner(self, schema: Any, depth: int) -> tuple[syntax.TypeExpr, ...]:
        if not isinstance(schema, Mapping) or not schema:
            return ()
        inner = self._type(self._merged(schema), False, depth + 1)
        plain = syntax.TypeExpr(inner.name, inner.arguments)
        return () if inner.name == "any" else (plain,)


def _kinds(schema: Document) -> list[str]:
    kinds = schema.get("type")
    return [str(kind) for kind in kinds] if isinstance(kinds, list) else [str(kinds)] if kinds is not None else []


def _choices(schema: Document) -> list[Document] | None:
    for word in ("anyOf", "oneOf"):
        found = [each for each in _list(schema.get(word)) if isinstance(each, Mapping)]
        if found:
            return found
    return None


def _kinds_of(values: list[Any]) -> list[str]:
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    found = dict.fromkeys(names.get(type(value), "other") for value in values if value is not None)
    return ["number"] if set(found) == {"integer", "number"} else list(found)


def _domain(values: Any, kind: str) -> tuple[syntax.Expression, ...]:
    """The allowed values where all are plain; a list of which one could not be written is no list of ours."""
    found: list[syntax.Expression] = []
    for value in _list(values):
        if value is None:
            continue
        literal = _literal(value, kind)
        if literal is None:
            return ()
        found.append(literal)
    return tuple(found)


def _literal(value: Any, kind: str) -> syntax.Expression | None:
    match value:
        case bool() if kind == "bool":
            return syntax.Literal(value, "bool")
        case int() | float() if kind in ("int", "float", "decimal") and not isinstance(value, bool):
            whole = isinstance(value, int)
            if value < 0:
                return syntax.Unary("-", syntax.Literal(-value, "int" if whole else "float"))
            return syntax.Literal(value, "int" if whole else "float")
        case str() if kind in ("string", "ip", "timestamp", "duration"):
            return syntax.Literal(value, "string")
    return None


def _type_name(title: Any) -> str:
    """``failed login`` as ``FailedLogin``; empty for what is no name."""
    words = re.findall(r"\w+", title) if isinstance(title, str) else []
    return "".join(word[:1].upper() + word[1:] for word in words)


def _mapping(value: Any) -> Document:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []
