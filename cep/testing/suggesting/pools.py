"""Values worth trying for a field: what the rule compares it with, those beside it, everyday ones. Testing layer."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cep.durations import format_duration
from cep.language.checked import (
    Aggregate,
    Between,
    Binary,
    Call,
    CheckedRule,
    Column,
    Constant,
    Expression,
    Field,
    Index,
    ListOf,
    Member,
    Pattern,
    SchemaField,
    StepValues,
    Unary,
)
from cep.plan.walk import walk
from cep.testing.suggesting.samples import like_samples, regex_samples
from cep.timestamps import SECOND_US, format_time
from cep.types import ANY, Type

Path = tuple[str | int, ...]
"""A field, and what lies inside it."""

_COMPARED = frozenset({"==", "!=", "<", "<=", ">", ">=", "crosses above", "crosses below"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "**"})
_OF_NUMBERS = frozenset({
    "sum", "avg", "stddev", "variance", "median", "percentile", "approx_percentile", "ewma", "zscore", "slope",
    "correlation", "range",
})  # fmt: skip
_EVERYDAY: dict[str, tuple[Any, ...]] = {
    "user": ("ann", "bob", "cyd", "dan"),
    "ip": ("10.0.0.1", "192.168.1.2", "203.0.113.3", "198.51.100.4"),
    "country": ("DE", "FR", "US", "JP"),
    "currency": ("EUR", "USD"),
    "host": ("web-1", "web-2", "web-3"),
    "lat": (52.5, 40.7, -33.9, 35.7),
    "lon": (13.4, -74.0, 151.2, 139.7),
}
_TEXTS = ("a", "b", "c", "d", "e", "f", "g", "h")
_NUMBERS = (1, 2, 3, 5, 10, 20, 50, 100, 1_000, 10_000, 0, -1)


@dataclass(slots=True)
class Pools:
    """The values of each path, the likeliest first, and which paths are compared with one another."""

    constants: dict[Path, list[Any]] = field(default_factory=dict)
    numeric: set[Path] = field(default_factory=set)
    nulls: set[Path] = field(default_factory=set)

    @staticmethod
    def of(rule: CheckedRule) -> Pools:
        """What the expressions of a rule say about the fields that they read."""
        pools = Pools()
        for node in walk(rule):
            pools._look_at(node)
        return pools

    def _look_at(self, node: object) -> None:
        match node:
            case Binary(operator=operator, left=left, right=right):
                numeric = operator in _ARITHMETIC or operator in ("<", "<=", ">", ">=")
                self._tie(left, right, operator, numeric)
                self._tie(right, left, operator, numeric)
            case Between(value=value, low=low, high=high):
                self._tie(value, low, ">=", True)
                self._tie(value, high, "<=", True)
            case Call(arguments=arguments):
                self._call(node, arguments)
            case Aggregate(function=function, argument=argument) if argument is not None and function in _OF_NUMBERS:
                self.numeric.update(paths_in(argument))

    def _tie(self, value: Expression, other: Expression, operator: str, numeric: bool) -> None:
        """What ``value operator other`` says about the paths in ``value``."""
        for path in paths_in(value):
            for constant in _constants(other):
                self._add(path, constant, operator)
            if numeric and not _has_text(other) and not _has_text(value):
                self.numeric.add(path)

    def _call(self, call: Call, arguments: tuple[object, ...]) -> None:
        texts = [a.value for a in arguments if isinstance(a, Constant) and isinstance(a.value, str)]
        for path in [p for a in arguments for p in paths_in(a)]:
            for text in texts:
                address = _address_in(text) if call.function == "cidr" else None
                self._put(path, [address] if address is not None else [text])

    def _add(self, path: Path, value: object, operator: str) -> None:
        if isinstance(value, Pattern):
            self._put(path, list(regex_samples(value.regex)))
        elif operator in ("like", "not like") and isinstance(value, str):
            self._put(path, list(like_samples(value)))
        elif isinstance(value, tuple):
            self._put(path, [item for item in value if item is not None])
        elif isinstance(value, bool):
            self._put(path, [value, not value])
        elif isinstance(value, int):
            self._put(path, _beside(value, operator))
        elif isinstance(value, float):
            self._put(path, [value, value + 1, value - 1, value * 2])
        elif value is not None:
            self._put(path, [value])

    def _put(self, path: Path, values: list[Any]) -> None:
        known = self.constants.setdefault(path, [])
        known += [value for value in values if not any(_same(value, each) for each in known)]

    def values(self, path: Path, declared: SchemaField | None) -> list[Any]:
        """What to try for a path, the likeliest first."""
        kind = declared.type if declared is not None else ANY
        if declared is not None and declared.domain is not None:
            return [_written(value, kind) for value in declared.domain]
        found = [_written(v, kind) for v in self.constants.get(path, ()) if _fits(v, kind)]
        usual = self._usual(path, kind)
        return found + [value for value in usual if not any(_same(value, each) for each in found)]

    def _usual(self, path: Path, kind: Type) -> list[Any]:
        name = str(path[-1])
        everyday = next((v for word, v in _EVERYDAY.items() if name == word or name.endswith(f"_{word}")), None)
        match kind.name:
            case "string" | "any" if everyday is not None:
                return list(everyday)
            case "string":
                return list(_TEXTS)
            case "int" | "decimal":
                return list(_NUMBERS)
            case "float":
                return list(everyday if everyday is not None else _NUMBERS)
            case "bool":
                return [True, False]
            case "ip":
                return list(_EVERYDAY["ip"])
            case "timestamp":
                return ["2026-01-01T00:00:00Z", "2025-12-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z"]
            case "duration":
                return ["1s", "1m", "1h", "1d"]
            case "list":
                return [["a"], ["a", "b"], []]
            case "map":
                return [{"a": 1}, {}]
        constants = self.constants.get(path, [])
        numbers = any(isinstance(c, int | float) and not isinstance(c, bool) for c in constants)
        return list(_NUMBERS) if path in self.numeric or numbers else list(_TEXTS)


def paths_in(node: object) -> Iterator[Path]:
    """The fields of events that an expression reads, with what it reads inside them."""
    path = path_of(node)
    if path is not None:
        yield path
        return
    match node:
        case Binary(left=left, right=right):
            yield from paths_in(left)
            yield from paths_in(right)
        case Unary(operand=operand):
            yield from paths_in(operand)
        case Call(arguments=arguments):
            for argument in arguments:
                yield from paths_in(argument)
        case Aggregate(argument=argument):
            yield from paths_in(argument)
        case ListOf(items=items):
            for item in items:
                yield from paths_in(item)
        case Between(value=value):
            yield from paths_in(value)


def path_of(node: object) -> Path | None:
    """The path that an expression is, null where it is something else."""
    match node:
        case Field(name=name) | StepValues(name=name) | Column(name=name):
            return (name,)
        case Member(target=target, name=name):
            inner = path_of(target)
            return None if inner is None else (*inner, name)
        case Index(target=target, index=Constant(value=str() as name)):
            inner = path_of(target)
            return None if inner is None else (*inner, name)
    return None


def nested(values: Mapping[Path, Any]) -> dict[str, Any]:
    """The fields of an event from the values of paths."""
    fields: dict[str, Any] = {}
    for path, value in sorted(values.items(), key=lambda item: len(item[0])):
        into = fields
        for part in path[:-1]:
            inner = into.get(str(part))
            if not isinstance(inner, dict):
                inner = into[str(part)] = {}
            into = inner
        into[str(path[-1])] = value
    return fields


def _constants(node: Expression) -> Iterator[object]:
    for each in walk(node):
        if isinstance(each, Pattern):
            yield each
        elif isinstance(each, Constant):
            if each.type.name == "duration" and isinstance(each.value, int):
                near = (each.value, each.value + SECOND_US, each.value * 2, each.value // 2)
                yield tuple(map(format_duration, near))
            else:
                yield each.value


def _has_text(node: Expression) -> bool:
    return any(isinstance(each, Constant) and isinstance(each.value, str) for each in walk(node))


def _beside(value: int, operator: str) -> list[int]:
    """Numbers at and beside a bound, those first that are on its true side."""
    above, below = [value + 1, value + 10, value * 2], [value - 1, value // 2]
    match operator:
        case ">" | "crosses above":
            return [*above, value, *below]
        case "<" | "crosses below":
            return [*below, value, *above]
        case "<=":
            return [value, *below, *above]
    return [value, *above, *below]


def _address_in(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return str(network[1] if network.num_addresses > 1 else network[0])


def _fits(value: Any, kind: Type) -> bool:
    match kind.name:
        case "string" | "ip":
            return isinstance(value, str)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float" | "decimal":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "list" | "map":
            return False
    return True


def _written(value: Any, kind: Type) -> Any:
    """A value as an event of JSON holds it."""
    if isinstance(value, int) and not isinstance(value, bool):
        if kind.name == "timestamp":
            return format_time(value)
        if kind.name == "duration":
            return format_duration(value)
    return list(value) if isinstance(value, tuple) else value


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)
