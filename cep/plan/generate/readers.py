"""One generated function per event type: time, declared types, all conditions of all rules as bits. Plan layer.

``read(event)`` is called once for each record of the type. It sets ``time_us`` and, where the mask is not zero, the
event's own id; it returns the mask. It raises :class:`cep.plan.intake.RecordError` for a record that cannot be taken
in, and whatever a condition raises; the engine then asks the conditions one by one (see :meth:`Functions.conditions`).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from cep.language.checked import Expression, SchemaField
from cep.plan.generate.expressions import Generator
from cep.plan.generate.nodes import (
    any_bit,
    assign,
    attribute,
    call,
    class_of,
    compare,
    function,
    if_else,
    is_,
    is_not,
    name,
)
from cep.plan.generate.scope import Scope
from cep.plan.intake import EventClock, admission
from cep.plan.plan import TypePlan, time_fields
from cep.plan.walk import candidate_fields
from cep.projection import Projection

_CLASSES = {"string": "str", "int": "int", "float": "float", "bool": "bool", "list": "list", "map": "dict"}


class ReaderBuilder:
    """Builds the readers of one set of rules.

    ``namespace`` is shared with the generator and gets the clock and the admissions.
    """

    def __init__(self, generator: Generator, projection: Projection, clock: EventClock) -> None:
        self._generator = generator
        self._attributes = projection.attributes
        self._whole = projection.whole
        self._clock = clock

    def reader(self, plan: TypePlan, text: str, with_conditions: bool = True) -> ast.FunctionDef:
        """The function for records of a source."""
        conditions = plan.conditions if with_conditions else ()
        used = _used_fields(conditions, plan.checks)
        loaded = {field: f"v{number}" for number, field in enumerate(used)}
        body: list[ast.stmt] = [*self._time(plan)]
        body += [assign(variable, self._field(field)) for field, variable in loaded.items()]
        for declared in plan.checks:
            body.extend(self._check(declared, plan, loaded))
        if not with_conditions:
            return function(text, ["e"], [*body, *self._identify(plan), ast.Return(ast.Constant(0))])
        body.append(assign("mask", self._mask(conditions, loaded)))
        body.append(ast.If(name("mask"), self._identify(plan), []))
        body.append(ast.Return(name("mask")))
        return function(text, ["e"], body)

    def masker(self, plan: TypePlan, text: str) -> ast.FunctionDef:
        """The function for events that other rules emitted: conditions only."""
        return function(text, ["e"], [ast.Return(self._mask(plan.conditions, {}))])

    def time_only(self, text: str) -> ast.FunctionDef:
        """The function for types that no rule reads: event time, for the watermark."""
        return function(text, ["e"], [*self._time(None), ast.Return(ast.Constant(0))])

    def _field(self, field: str) -> ast.expr:
        return attribute(name("e"), self._attributes[field])

    def _mask(self, conditions: Sequence[Expression | None], loaded: dict[str, str]) -> ast.expr:
        scope = Scope(loaded=loaded)
        always = sum(1 << bit for bit, condition in enumerate(conditions) if condition is None)
        parts: list[ast.expr] = [ast.Constant(always)] if always else []
        for bit, condition in enumerate(conditions):
            if condition is not None:
                truth = self._generator.truth(condition, scope)
                parts.append(if_else(truth, ast.Constant(1 << bit), ast.Constant(0)))
        return any_bit(parts)

    def _time(self, plan: TypePlan | None) -> list[ast.stmt]:
        """Find the time field that is present, add up its halves, fall back on the clock."""
        chain: list[ast.stmt] = []
        for field in reversed(time_fields(plan)):
            missing = ast.BoolOp(ast.Or(), [is_(name("s"), name("UNSET")), is_(name("s"), ast.Constant(None))])
            rest: list[ast.stmt] = [ast.If(missing, chain, [])] if chain else []
            chain = [assign("s", self._field(field)), *rest]
        own_time = self._field("time")
        given = [is_not(own_time, name("UNSET")), is_not(own_time, ast.Constant(None))]
        re_read = ast.BoolOp(ast.And(), [is_not(self._field("cep"), name("UNSET")), *given])
        derived = ast.If(re_read, [assign("s", own_time)], [])
        halves = ast.BinOp(_cached("minutes", None, 16), ast.Add(), _cached("rests", 16, None))
        known_errors = ast.Tuple([name("KeyError"), name("TypeError")], ast.Load())
        handler = ast.ExceptHandler(known_errors, None, [assign("u", call("clock", name("s")))])
        quick = ast.Try([assign("u", halves)], [handler], [], [])
        return [*chain, derived, quick, _store("time_us", name("u"))]

    def _check(self, declared: SchemaField, plan: TypePlan, loaded: dict[str, str]) -> list[ast.stmt]:
        """``if the value is not already right: value = event.field = admit(value)``."""
        variable = loaded[declared.name]
        if declared.type.name == "any":
            return []
        admit = self._generator.constant(admission(declared, self._clock))
        store: list[ast.stmt] = [
            assign(variable, ast.Call(admit, [name(variable)], [])),
            _store(self._attributes[declared.name], name(variable)),
        ]
        if declared.type.name == "timestamp" and declared.name == plan.time_field:
            return [ast.If(is_(class_of(name(variable)), name("str")), [
                assign(variable, name("u")), _store(self._attributes[declared.name], name("u")),
            ], store)]  # fmt: skip
        wanted = _CLASSES.get(declared.type.name)
        nested = declared.type.name in ("list", "map") and (declared.type.item or declared.domain) is not None
        if wanted is None or nested:
            return list(store)
        wrong: ast.expr = is_not(class_of(name(variable)), name(wanted))
        if declared.domain is not None:
            outside = compare(name(variable), ast.NotIn(), self._generator.constant(frozenset(declared.domain)))
            wrong = ast.BoolOp(ast.Or(), [wrong, outside])
        return [ast.If(wrong, list(store), [])]

    def _identify(self, plan: TypePlan) -> list[ast.stmt]:
        about = self._field("cep")
        given: ast.expr = if_else(is_(about, name("UNSET")), ast.Constant(None), call("derived_id", about))
        if plan.id_field is not None:
            own = call("own_id", self._field(plan.id_field))
            given = if_else(is_(about, name("UNSET")), own, call("derived_id", about))
        raw: ast.expr = ast.Constant(None)
        if self._whole:
            raw = attribute(name("e"), "raw")
        return [_store("about", ast.Tuple([ast.Constant(None), ast.Constant(0), given, raw], ast.Load()))]


def _used_fields(conditions: Sequence[Expression | None], checks: Sequence[SchemaField]) -> list[str]:
    names: dict[str, None] = dict.fromkeys(declared.name for declared in checks)
    for condition in conditions:
        if condition is not None:
            names.update(dict.fromkeys(sorted(candidate_fields(condition))))
    return list(names)


def _store(attribute_name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Attribute(name("e"), attribute_name, ast.Store())], value)


def _cached(cache: str, start: int | None, stop: int | None) -> ast.expr:
    bounds = ast.Slice(
        None if start is None else ast.Constant(start), None if stop is None else ast.Constant(stop), None
    )
    part = ast.Subscript(name("s"), bounds, ast.Load())
    return ast.Subscript(name(cache), part, ast.Load())
