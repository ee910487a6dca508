"""The fast path: a struct per event type, and one generated loop over a batch of them. Plan layer.

The struct's fields have the declared types, so that decoding checks the schema, and event time is a ``datetime``, so
that order can be told without converting it. The loop has every condition of every rule in line; it converts the time
only of events that some rule looks at. What it does not expect (a time that is no aware datetime, an event that is
late, a failed condition) it hands to the general path, one event at a time; a record with a ``cep`` object does not
decode here at all. So this path must never accept what the general path would not.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec

from cep.event import Event
from cep.language.checked import SchemaField
from cep.plan.generate.expressions import Generator
from cep.plan.generate.nodes import assign, attribute, call, compare, function, if_else, is_, is_not, name
from cep.plan.generate.scope import Scope
from cep.plan.plan import Plan, TypePlan, time_fields
from cep.plan.walk import candidate_fields
from cep.projection import INT64, Projection, Value
from cep.timestamps import TIME_FIELDS

_Moment = datetime | int | float | None | msgspec.UnsetType
_SMALL_FLOAT = Annotated[float, msgspec.Meta(gt=-(2.0**63), lt=2.0**63)]
"""Larger ones take the general path, which tells floats from ints outside int64."""


def typed_class(plan: TypePlan | None, kind: str, projection: Projection) -> type[Event]:
    """The struct for records of a type; without a plan for a type that no rule reads."""
    checks = {declared.name: declared for declared in plan.checks} if plan is not None else {}
    times = time_fields(plan)
    names = dict.fromkeys([*times, "cep", *(plan.fields if plan is not None else ())])
    fields: list[Any] = []
    for field in names:
        attribute_name = projection.attributes[field]
        if field == "cep":
            fields.append((attribute_name, msgspec.UnsetType, msgspec.UNSET))
        elif field in times:
            required = plan is not None and field == plan.time_field and not checks[field].type.optional
            fields.append((attribute_name, datetime) if required else (attribute_name, _Moment, msgspec.UNSET))
        elif field in checks and _python_type(checks[field]) is not None:
            fields.append(_declared(attribute_name, checks[field]))
        else:
            fields.append((attribute_name, Value, msgspec.UNSET))
    made = msgspec.defstruct(
        "TypedEvent",
        fields,
        bases=(Event,),
        rename={projection.attributes[field]: field for field in names},
        gc=False,
        kw_only=True,
        tag_field=projection.type_fields[0],
        tag=kind,
    )
    return cast(type[Event], made)


def can_be_typed(plan: TypePlan) -> bool:
    """Whether time fields are not also read as plain data, which a datetime is not, nor the ``cep`` object."""
    if "cep" in plan.fields:
        return False
    if any(plan.time_field in candidate_fields(c) for c in plan.conditions if c is not None):
        return False
    if plan.time_field is None:
        return not set(plan.fields) & set(TIME_FIELDS)
    others = set(TIME_FIELDS) - {plan.time_field} if len(time_fields(plan)) > 1 else set()
    return not set(plan.fields) & others


def _declared(attribute_name: str, declared: SchemaField) -> tuple[Any, ...]:
    kind = _python_type(declared)
    if not declared.type.optional:
        return attribute_name, kind
    return attribute_name, kind | None | msgspec.UnsetType, msgspec.UNSET


def _python_type(declared: SchemaField) -> Any:
    """The Python type that accepts exactly what the schema does, or null where decoding cannot check it."""
    if declared.domain is not None:
        plain = declared.type.name == "string" and all(value.__class__ is str for value in declared.domain)
        return Literal[tuple(declared.domain)] if plain and declared.domain else None
    kinds: dict[str, Any] = {"string": str, "ip": str, "int": INT64, "bool": bool, "map": dict[str, Any]}
    kinds["float"] = _SMALL_FLOAT
    return None if declared.type.item is not None else kinds.get(declared.type.name)


SCAN_PARAMETERS = (
    "events", "now", "timer", "slow", "fire", "routes", "route", "emitted", "follow", "next_timer", "positions",
    "origin", "out",
)  # fmt: skip


class ScanBuilder:
    """Builds the loop for the types that have a struct."""

    def __init__(self, generator: Generator, projection: Projection) -> None:
        self._generator = generator
        self._projection = projection
        self._attributes = projection.attributes

    def scan(self, plan: Plan, kinds: Mapping[type[Event], str], watches_time: bool, text: str) -> ast.FunctionDef:
        """``scan(events, now, timer, slow, fire, routes, route, emitted, follow, next_timer, positions, origin, out)``.

        Gives the last time. ``slow(index, now)`` takes one event on the general path and gives (now, timer); ``timer``
        is the earliest deadline, or the end of time; ``routes`` are the receivers by type and mask, ``route`` finds
        those that are not there yet; ``emitted`` and ``follow`` take what they derive. The timer is looked at only
        with ``watches_time``: ``fire(index, moment)`` is called for an event behind it and gives the next one, or null
        where the event is refused.
        """
        others = frozenset(made for made, kind in kinds.items() if kind not in plan.types)
        known = ast.Compare(attribute(name("e"), "__class__"), [ast.In()], [self._generator.constant(others)])
        branches: list[ast.stmt] = [ast.If(known, self._branch(None), [ast.Raise(name("TypeError"), None)])]
        hits: list[ast.stmt] = []
        start: list[ast.stmt] = []
        for number, (made, kind) in enumerate(kinds.items()):
            of_type = plan.types.get(kind)
            if of_type is None:
                continue
            start.append(assign(f"routes_{number}", ast.Subscript(name("routes"), ast.Constant(kind), ast.Load())))
            test = is_(attribute(name("e"), "__class__"), self._generator.constant(made))
            branches = [ast.If(test, self._branch(of_type), branches)]
            hits = [ast.If(test, self._hand_over(of_type, number), hits)] if hits else self._hand_over(of_type, number)
        late = ast.If(compare(name("m"), ast.Lt(), name("now")), [ast.Raise(name("TypeError"), None)], [])
        both = ast.Tuple([ast.Name("now", ast.Store()), ast.Name("timer", ast.Store())], ast.Store())
        recover: list[ast.stmt] = [ast.Assign([both], call("slow", name("index"), name("now"))), ast.Continue()]
        handler = ast.ExceptHandler(name("Exception"), None, recover)
        refused = ast.If(
            is_(name("timer"), ast.Constant(None)), [assign("timer", call("next_timer")), ast.Continue()], []
        )
        fire = assign("timer", call("fire", name("index"), name("m")))
        due = ast.If(compare(name("m"), ast.Gt(), name("timer")), [fire, refused], [])
        body: list[ast.stmt] = [
            ast.Try([*branches, late], [handler], [], []),
            *([due] if watches_time else []),
            assign("now", name("m")),
            ast.If(name("mask"), [*_convert_time(), *hits, *self._offer(plan.sets_timers)], []),
        ]
        each = ast.Tuple([ast.Name("index", ast.Store()), ast.Name("e", ast.Store())], ast.Store())
        loop = ast.For(each, call("enumerate", name("events")), body, [])
        return function(text, SCAN_PARAMETERS, [*start, loop, ast.Return(name("now"))])

    def _field(self, field: str) -> ast.expr:
        return attribute(name("e"), self._attributes[field])

    def _branch(self, plan: TypePlan | None) -> list[ast.stmt]:
        """Event time and mask of an event of one type."""
        chain: list[ast.stmt] = []
        for field in reversed(time_fields(plan)):
            missing = ast.BoolOp(ast.Or(), [is_(name("m"), name("UNSET")), is_(name("m"), ast.Constant(None))])
            rest: list[ast.stmt] = [ast.If(missing, chain, [])] if chain else []
            chain = [assign("m", self._field(field)), *rest]
        mask = [assign("mask", ast.Constant(0))] if plan is None else [*self._checks(plan), *self._masking(plan)]
        return [*chain, *mask]

    def _checks(self, plan: TypePlan) -> list[ast.stmt]:
        """Records with a declared field that decoding could not check take the general path."""
        addresses: list[ast.stmt] = []
        for declared in plan.checks:
            if declared.type.name == "ip" and declared.domain is None:
                value = self._field(declared.name)
                given = [is_not(value, name("UNSET")), is_not(value, ast.Constant(None))]
                wrong = ast.UnaryOp(ast.Not(), call("is_address", value))
                test = ast.BoolOp(ast.And(), [*given, wrong])
                addresses.append(ast.If(test, [ast.Raise(name("TypeError"), None)], []))
        unchecked = any(
            declared.name != plan.time_field and declared.type.name != "any" and _python_type(declared) is None
            for declared in plan.checks
        )
        return [ast.Raise(name("TypeError"), None)] if unchecked else addresses

    def _masking(self, plan: TypePlan) -> list[ast.stmt]:
        always = sum(1 << bit for bit, condition in enumerate(plan.conditions) if condition is None)
        tested = [condition for condition in plan.conditions if condition is not None]
        used = sorted({field for condition in tested for field in candidate_fields(condition)})
        loaded = {field: f"v{number}" for number, field in enumerate(used)}
        mask: ast.expr | None = ast.Constant(always) if always else None
        for bit, condition in enumerate(plan.conditions):
            if condition is not None:
                truth = self._generator.truth(condition, Scope(loaded=loaded))
                part = if_else(truth, ast.Constant(1 << bit), ast.Constant(0))
                mask = part if mask is None else ast.BinOp(mask, ast.BitOr(), part)
        loads: list[ast.stmt] = [assign(variable, self._field(field)) for field, variable in loaded.items()]
        return [*loads, assign("mask", mask or ast.Constant(0))]

    def _hand_over(self, plan: TypePlan, number: int) -> list[ast.stmt]:
        """What an event of one type needs that a rule looks at, and its receivers."""
        own: ast.expr = ast.Constant(None)
        if plan.id_field is not None:
            own = call("own_id", self._field(plan.id_field))
        body: list[ast.stmt] = [_store("time_us", name("u"))]
        if plan.time_field is not None:
            body.append(_store(self._attributes[plan.time_field], name("u")))
        raw: ast.expr = ast.Constant(None)
        if self._projection.whole:
            raw = ast.Subscript(attribute(name("e"), "about"), ast.Constant(3), ast.Load())
        position = ast.Subscript(name("positions"), name("index"), ast.Load())
        body.append(_store("about", ast.Tuple([name("origin"), position, own, raw], ast.Load())))
        known = ast.Call(attribute(name(f"routes_{number}"), "get"), [name("mask")], [])
        find = assign("found", call("route", ast.Constant(plan.name), name("mask")))
        return [*body, assign("found", known), ast.If(is_(name("found"), ast.Constant(None)), [find], [])]

    def _offer(self, sets_timers: bool) -> list[ast.stmt]:
        """The event to its receivers, and what they derive to those that read it."""
        take = assign("derived", call("receive", name("e"), name("mask")))
        follow: list[ast.stmt] = [
            ast.Expr(call("emitted", name("derived"), name("out"))),
            assign("any_derived", ast.Constant(True)),
        ]
        keep = ast.If(is_not(name("derived"), ast.Constant(None)), follow, [])
        offer = ast.For(ast.Name("receive", ast.Store()), name("found"), [take, keep], [])
        after = ast.If(name("any_derived"), [ast.Expr(call("follow", name("out")))], [])
        body: list[ast.stmt] = [assign("any_derived", ast.Constant(False)), offer, after]
        if sets_timers:
            body.append(assign("timer", call("next_timer")))
        return body


def _convert_time() -> list[ast.stmt]:
    """``u``: the microseconds of the moment ``m``."""
    seconds = ast.BinOp(
        ast.BinOp(attribute(name("d"), "days"), ast.Mult(), ast.Constant(86_400)),
        ast.Add(),
        attribute(name("d"), "seconds"),
    )
    whole = ast.BinOp(seconds, ast.Mult(), ast.Constant(1_000_000))
    return [
        assign("d", ast.BinOp(name("m"), ast.Sub(), name("EPOCH"))),
        assign("u", ast.BinOp(whole, ast.Add(), attribute(name("d"), "microseconds"))),
    ]


def _store(attribute_name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Attribute(name("e"), attribute_name, ast.Store())], value)
