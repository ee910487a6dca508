"""Conditions as trees with the values that they saw: true, false or unknown at each leaf. Why layer.

A tree is made once from a checked expression, by the compiler that the operators use, and is then asked for many
events: one call gives the values of all its leaves and of what they read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.language.checked import (
    Aggregate,
    Between,
    Binary,
    Column,
    Constant,
    Expression,
    Field,
    Index,
    KeyValue,
    Lambda,
    Local,
    Member,
    Pattern,
    StepValues,
    Unary,
    WindowBound,
)
from cep.plan.expression_text import constant_text, expression_text
from cep.plan.generate.functions import ExpressionCompiler, Values
from cep.plan.generate.scope import Scope
from cep.plan.walk import conjuncts, walk
from cep.types import ANY, BOOL, Type

_MOST_READ = 6
_LONGEST = 120
_COMPARISONS = frozenset({"==", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Failed:
    """What stands for a value that could not be computed, such as a division by zero."""

    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A condition as it was evaluated.

    ``text`` is what the rule says, ``verdict`` true, false or null (unknown; also where it failed), ``reads`` what the
    leaf reads: text, value and type; ``failed`` why it could not be evaluated. ``parts`` are the operands of
    ``and``, ``or`` and ``not``; ``joined`` says of which. ``gap`` is how far the numbers of a comparison are apart,
    from 0 to 1, and 1 for everything else.
    """

    text: str
    verdict: bool | None
    reads: tuple[tuple[str, Any, Type], ...] = ()
    joined: str = ""
    parts: tuple[Shown, ...] = ()
    failed: str | None = None
    gap: float = 1.0

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """What the leaf reads, with its values as the language writes them."""
        return tuple((text, value_text(value, kind)) for text, value, kind in self.reads)

    @property
    def distance(self) -> float:
        """How far from true, from 0 to 1: of an ``and`` the share of its parts, of an ``or`` the nearest part."""
        if self.verdict is True:
            return 0.0
        if self.joined == "and":
            return sum(part.distance for part in self.parts) / len(self.parts)
        if self.joined == "or":
            return min(part.distance for part in self.parts)
        return max(0.01, self.gap)

    def outcome(self, verb: str = "is") -> str:
        """``is false``, ``is unknown``, ``failed: division by zero``."""
        if self.failed is not None:
            return f"failed: {self.failed}"
        return f"{verb} {'true' if self.verdict else 'unknown' if self.verdict is None else 'false'}"

    def leaves(self) -> Iterator[Shown]:
        """The leaves, left to right."""
        if self.joined in ("and", "or"):
            for part in self.parts:
                yield from part.leaves()
        else:
            yield self

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        told: dict[str, Any] = {"text": self.text, "verdict": self.verdict}
        if self.values:
            told["values"] = dict(self.values)
        if self.failed is not None:
            told["failed"] = self.failed
        if self.parts:
            told |= {"joined": self.joined, "parts": [part.to_dict() for part in self.parts]}
        return told


@dataclass(frozen=True, slots=True)
class _Knot:
    """A node of the tree before it is evaluated; places among the values."""

    text: str
    place: int
    joined: str = ""
    parts: tuple[_Knot, ...] = ()
    reads: tuple[tuple[str, int, Type], ...] = ()
    sides: tuple[int, int] | None = None


class ConditionTree:
    """One condition. The parameters of its methods are those of generated functions: see :class:`Scope`."""

    def __init__(self, expressions: Sequence[Expression], compiler: ExpressionCompiler, scope: Scope) -> None:
        self._compiler = compiler
        self._scope = scope
        self._wanted: list[Expression] = []
        self._knots = [self._knot(part) for expression in expressions for part in conjuncts(expression)]
        self._values: Values = compiler.values(self._wanted, scope)
        self._single: dict[int, Values] = {}

    def values(self, bound: Any, event: Event | None, key: Any, events: Any = None) -> tuple[Any, ...]:
        """What :meth:`shown` needs; immutable where the values are."""
        try:
            return self._values(bound, event, key, events)
        except EvaluationError:
            return tuple([self._one(place, bound, event, key, events) for place in range(len(self._wanted))])

    def _one(self, place: int, bound: Any, event: Event | None, key: Any, events: Any) -> Any:
        values = self._single.get(place)
        if values is None:
            values = self._single[place] = self._compiler.values([self._wanted[place]], self._scope)
        try:
            return values(bound, event, key, events)[0]
        except EvaluationError as error:
            return Failed(error.reason)

    def shown(self, values: tuple[Any, ...]) -> tuple[Shown, ...]:
        """The conjuncts with their verdicts."""
        return tuple(_shown(knot, values) for knot in self._knots)

    def of(self, bound: Any, event: Event | None, key: Any, events: Any = None) -> tuple[Shown, ...]:
        """The conjuncts as they are for an event."""
        return self.shown(self.values(bound, event, key, events))

    # ---- making ----

    def _place(self, expression: Expression) -> int:
        if expression not in self._wanted:
            self._wanted.append(expression)
        return self._wanted.index(expression)

    def _knot(self, node: Expression) -> _Knot:
        text, place = expression_text(node), self._place(node)
        if isinstance(node, Binary) and node.operator in ("and", "or"):
            parts = tuple(self._knot(part) for part in _flat(node, node.operator))
            return _Knot(text, place, node.operator, parts)
        if isinstance(node, Unary) and node.operator == "not":
            return _Knot(text, place, "not", (self._knot(node.operand),))
        reads = tuple((expression_text(each), self._place(each), each.type) for each in _reads(node))
        sides = None
        if isinstance(node, Binary) and node.operator in _COMPARISONS:
            sides = (self._place(node.left), self._place(node.right))
        return _Knot(text, place, reads=reads, sides=sides)


def _flat(node: Expression, operator: str) -> Iterator[Expression]:
    if isinstance(node, Binary) and node.operator == operator:
        yield from _flat(node.left, operator)
        yield from _flat(node.right, operator)
    else:
        yield node


def _reads(leaf: Expression) -> list[Expression]:
    """The parts of a leaf whose values explain it: its sides where they are computed, then what they read."""
    sides: list[Expression] = []
    if isinstance(leaf, Binary) and leaf.type in (BOOL, ANY):
        sides = [leaf.left, leaf.right]
    elif isinstance(leaf, Between):
        sides = [leaf.value, leaf.low, leaf.high]
    found: list[Expression] = [
        side for side in sides if not isinstance(side, Constant | Pattern) and not _has_local(side)
    ]
    found += [each for each in _atoms(leaf) if each not in found]
    distinct = [each for each in dict.fromkeys(found) if each != leaf]
    return (distinct or _atoms(leaf))[:_MOST_READ]


def _atoms(node: object) -> list[Expression]:
    """What is read: fields, keys, aggregates, columns, members of nested values; not inside lambdas and aggregates."""
    if isinstance(node, Lambda):
        return []
    if isinstance(node, Member | Index) and not _has_local(node):
        return [node]
    if isinstance(node, Field | StepValues | KeyValue | Aggregate | Column | WindowBound):
        return [node]
    if isinstance(node, tuple):
        return [each for item in node for each in _atoms(item)]
    if not dataclasses.is_dataclass(node):
        return []
    names = [each.name for each in dataclasses.fields(node) if each.name not in ("span", "type")]
    return [each for name in names for each in _atoms(getattr(node, name))]


def _has_local(node: object) -> bool:
    return any(isinstance(each, Local) for each in walk(node))


# ---- showing ----


def _shown(knot: _Knot, values: tuple[Any, ...]) -> Shown:
    value = values[knot.place]
    failed = value.reason if isinstance(value, Failed) else None
    verdict = value if isinstance(value, bool) else None
    parts = tuple(_shown(part, values) for part in knot.parts)
    reads = tuple((text, values[place], kind) for text, place, kind in knot.reads)
    gap = 1.0 if knot.sides is None else _gap(values[knot.sides[0]], values[knot.sides[1]])
    return Shown(knot.text, verdict, reads, knot.joined, parts, failed, gap)


def _gap(left: Any, right: Any) -> float:
    """How far two numbers are apart, from 0 to 1; 1 for what is no number."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (left, right))
    if not numbers:
        return 1.0
    largest = max(abs(left), abs(right))
    gap = abs(left - right) / largest / 2 if 0 < largest < float("inf") else 0.0 if left == right else 1.0
    return float(gap) if gap == gap else 1.0


def value_text(value: Any, kind: Type = ANY) -> str:
    """A value as the language writes it, cut where it is long."""
    if isinstance(value, Failed):
        return f"failed: {value.reason}"
    if isinstance(value, list):
        text = f"[{', '.join(_runs([value_text(each, kind.item or ANY) for each in value]))}]"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{name}: {value_text(each)}" for name, each in list(value.items())[:20]) + "}"
    elif isinstance(value, Event):
        text = "an event"
    else:
        text = constant_text(value, kind)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _runs(texts: Sequence[str]) -> Iterator[str]:
    """The texts, of which three or more equal ones in a row are counted: ``"a" × 5``."""
    for text, same in groupby(texts):
        count = len(list(same))
        yield from [f"{text} × {count}"] if count > 2 else [text] * count


def all_true(shown: Sequence[Shown]) -> bool:
    """Whether all of them hold."""
    return all(each.verdict is True for each in shown)


def distance(shown: Sequence[Shown]) -> float:
    """How far from true they are together, from 0 to 1."""
    return sum(each.distance for each in shown) / len(shown) if shown else 0.0
