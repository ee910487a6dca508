"""The fields of event types: declared by ``event``, or known from the rules that emit them. Language layer.

A type is closed when all its fields are known, and open otherwise: an event type that nobody declares, one that is
emitted with ``*``, ``any(…)``. Fields of open types are ``any`` and checked at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cep.language.checked import Schema, SchemaField
from cep.types import ANY, NUMBERS, Type


@dataclass(frozen=True, slots=True)
class FieldFound:
    """What is known of a field over several event types.

    ``field`` is the declaration where exactly one type is meant and declares it. ``lacking`` are the closed types that
    do not have the field; with ``anywhere`` false no type can have it.
    """

    type: Type
    field: SchemaField | None
    lacking: tuple[str, ...]
    anywhere: bool


class EventTypes:
    """All event types of the rules. Filled by the checker rule by rule; readers come after emitters."""

    def __init__(self) -> None:
        self.declared: dict[str, Schema] = {}
        self._derived: dict[str, dict[str, SchemaField] | None] = {}

    def declare(self, schema: Schema) -> None:
        """Takes an ``event`` declaration."""
        self.declared[schema.name] = schema

    def derive(self, name: str, fields: Mapping[str, Type] | None) -> None:
        """Takes what one rule emits as ``name``; null: fields that are not known.

        Of several rules that emit the same type, a field that one of them leaves out may be missing.
        """
        if name not in self._derived:
            new = None if fields is None else {n: SchemaField(n, t) for n, t in fields.items()}
            self._derived[name] = new
            return
        before = self._derived[name]
        if before is None or fields is None:
            self._derived[name] = None
            return
        merged: dict[str, SchemaField] = {}
        for field in [*before, *(n for n in fields if n not in before)]:
            both = [t for t in (before[field].type if field in before else None, fields.get(field)) if t]
            kind = unified(both)
            merged[field] = SchemaField(field, kind if len(both) == 2 else kind.or_null())
        self._derived[name] = merged

    def fields(self, name: str | None) -> Mapping[str, SchemaField] | None:
        """The fields of a closed type; null for an open one."""
        if name is None:
            return None
        if name in self.declared:
            return self.declared[name].fields
        return self._derived.get(name)

    def find(self, types: Iterable[str | None], name: str) -> FieldFound:
        """The field over all of ``types``; of type ``any`` where one of them is open."""
        kinds: list[Type] = []
        declarations: list[SchemaField] = []
        lacking: list[str] = []
        for event_type in dict.fromkeys(types):
            fields = self.fields(event_type)
            if fields is None:
                kinds.append(ANY)
            elif name in fields:
                kinds.append(fields[name].type)
                declarations.append(fields[name])
            else:
                lacking.append(str(event_type))
        kind = unified(kinds) if kinds else ANY
        if lacking:
            kind = kind.or_null()
        only = declarations[0] if len(declarations) == 1 and len(kinds) == 1 else None
        return FieldFound(kind, only, tuple(lacking), bool(kinds))

    def field_names(self, types: Iterable[str | None]) -> list[str]:
        """The fields of all of the closed ones among ``types``."""
        return list(dict.fromkeys(n for t in types for n in (self.fields(t) or ())))


def unified(kinds: Iterable[Type]) -> Type:
    """The type that takes values of all of them: numbers widen, null makes optional, else ``any``."""
    result: Type | None = None
    optional = False
    for kind in kinds:
        optional = optional or kind.optional or kind.name == "null"
        if kind.name == "null":
            continue
        result = kind.not_null() if result is None else _both(result, kind.not_null())
    if result is None:
        return Type("null") if optional else ANY
    return result.or_null() if optional else result


def _both(left: Type, right: Type) -> Type:
    if left == right:
        return left
    if left.name in NUMBERS and right.name in NUMBERS:
        return wider(left, right)
    if left.name == right.name and left.name in ("list", "map"):
        if left.item is None or right.item is None:
            return Type(left.name)
        item = unified([left.item, right.item])
        return Type(left.name, None if item == ANY else item)
    if {left.name, right.name} == {"string", "ip"}:
        return Type("string")
    return ANY


def wider(left: Type, right: Type) -> Type:
    """The number type that arithmetic of the two gives: float wins over decimal, decimal over int."""
    order = ("int", "decimal", "float")
    return left if order.index(left.name) >= order.index(right.name) else right
