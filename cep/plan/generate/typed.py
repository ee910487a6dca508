"""The fast path: a struct per event type, and one generated loop over a batch of them. Plan layer.

The struct's fields have the declared types, so that decoding checks the schema, and event time is a ``datetime``, so
that order can be told without converting it. The loop has every condition of every rule in line; it converts the time
only of events that some rule looks at. What it does not expect (a time that is no aware datetime, an event that is
late, a failed condition) it hands to the general path, one event at a time; a record with a ``cep`` object does not
decode here at all. So this path must never accept what the general path would not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec

from cep.event import HIDDEN_NAMES, Event
from cep.language.checked import CheckedKey, Expression, SchemaField
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.expressions import Generator
from cep.plan.generate.inlined import MOST_INLINED, Inlined, expression, statements
from cep.plan.generate.nodes import (
    all_of,
    any_bit,
    assign,
    attribute,
    call,
    compare,
    function,
    if_else,
    is_,
    is_not,
    item,
    name,
)
from cep.plan.generate.scope import Scope
from cep.plan.loop_then_step import compared_text, conjuncts
from cep.plan.plan import Plan, TypePlan, time_fields
from cep.plan.walk import candidate_fields, may_fail
from cep.projection import INT64, Projection, Value
from cep.record_keys import ANY, TEXT
from cep.timestamps import TIME_FIELDS

_Moment = datetime | int | float | None | msgspec.UnsetType
_SMALL_FLOAT = Annotated[float, msgspec.Meta(gt=-(2.0**63), lt=2.0**63)]
"""Larger ones take the general path, which tells floats from ints outside int64."""


def typed_class(
    plan: TypePlan | None, kind: str, projection: Projection, shape: Mapping[str, str] | None = None
) -> type[Event]:
    """The struct for records of a type; without a plan for a type that no rule reads.

    ``shape``: how keys were found in such records so far (:class:`cep.record_keys.Shape`). Those that no rule reads
    get a field too, and those that were alike in every record are required to be so: then the struct alone tells how
    many quotes its records hold.
    """
    shape = shape or {}
    tag_field = projection.type_fields[0]
    read = dict.fromkeys([*time_fields(plan), "cep", *(plan.fields if plan is not None else ())])
    unread = [key for key in shape if key not in read and key != tag_field and _can_be_field(key)]
    fields: list[Any] = []
    for number, key in enumerate(unread):
        read_elsewhere = key in projection.attributes  # the general path looks at it in records of every type
        fields.append(_unread(f"x{number}", shape[key], read_elsewhere))
    names = {f"x{number}": key for number, key in enumerate(unread)}
    for field in read:
        names[projection.attributes[field]] = field
        fields.append(_read(field, projection.attributes[field], plan, shape.get(field, ANY)))
    order = {key: place for place, key in enumerate(shape)}
    fields.sort(key=lambda made: order.get(names[made[0]], len(order)))  # found sooner where keys come in this order
    made = msgspec.defstruct(
        "TypedEvent", fields, bases=(Event,), rename=names, gc=False, kw_only=True, tag_field=tag_field, tag=kind
    )
    return cast(type[Event], made)


def _can_be_field(key: str) -> bool:
    """Whether a struct may have a field of this name."""
    return key not in HIDDEN_NAMES and not any(c in '"\\' or c < " " for c in key)


def _unread(attribute_name: str, form: str, read_elsewhere: bool) -> tuple[Any, ...]:
    if form == ANY:
        return attribute_name, Value if read_elsewhere else msgspec.Raw, msgspec.UNSET
    integer = INT64 if read_elsewhere else int
    return attribute_name, str if form == TEXT else integer | float | bool | None


def _read(field: str, attribute_name: str, plan: TypePlan | None, form: str) -> tuple[Any, ...]:
    declared = next((d for d in plan.checks if d.name == field), None) if plan is not None else None
    if field == "cep":
        return attribute_name, msgspec.UnsetType, msgspec.UNSET
    if field in time_fields(plan):
        required = declared is not None and not declared.type.optional
        text = required or form == TEXT
        return (attribute_name, datetime) if text else (attribute_name, _Moment, msgspec.UNSET)
    kind = None if declared is None else _python_type(declared)
    if kind is None or declared is None:
        if form == ANY:
            return attribute_name, Value, msgspec.UNSET
        return attribute_name, str if form == TEXT else INT64 | float | bool | None
    if not declared.type.optional:
        return attribute_name, kind
    if form != ANY and (form == TEXT) == (declared.type.name in ("string", "ip")):
        return attribute_name, kind if form == TEXT else kind | None
    return attribute_name, kind | None | msgspec.UnsetType, msgspec.UNSET


def can_be_typed(plan: TypePlan) -> bool:
    """Whether time fields are not also read as plain data, which a datetime is not, nor the ``cep`` object."""
    if "cep" in plan.fields or plan.name == ANY_TYPE:
        return False
    if any(plan.time_field in candidate_fields(c) for c in plan.conditions if c is not None):
        return False
    if plan.time_field is None:
        return not set(plan.fields) & set(TIME_FIELDS)
    others = set(TIME_FIELDS) - {plan.time_field} if len(time_fields(plan)) > 1 else set()
    return not set(plan.fields) & others


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


_Texts = dict[str, list[tuple[int, tuple[Expression, ...]]]]
"""By text: the bits of the conditions that want it, with what else they want."""


class ScanBuilder:
    """Builds the loop for the types that have a struct."""

    def __init__(
        self, generator: Generator, projection: Projection, function_of: Callable[[list[ast.stmt]], Callable[..., Any]]
    ) -> None:
        self._generator = generator
        self._function = function_of
        self._projection = projection
        self._attributes = projection.attributes
        self._inlined: Mapping[str, Sequence[Inlined]] = {}

    def scan(
        self,
        plan: Plan,
        kinds: Mapping[type[Event], str],
        watches_time: bool,
        inlined: Mapping[str, Sequence[Inlined]],
        text: str,
    ) -> ast.FunctionDef:
        """``scan(events, now, timer, slow, fire, routes, route, emitted, follow, next_timer, positions, origin, out)``.

        Gives the last time. ``slow(index, now)`` takes one event on the general path and gives (now, timer); ``timer``
        is the earliest deadline, or the end of time; ``routes`` are the receivers by type and mask, ``route`` finds
        those that are not there yet; ``emitted`` and ``follow`` take what they derive. The timer is looked at only
        with ``watches_time``: ``fire(index, moment)`` is called for an event behind it and gives the next one, or null
        where the event is refused. ``inlined`` are the operators of a type, in rule order, if all can be inlined.
        """
        self._inlined = {kind: found for kind, found in inlined.items() if self._can_inline(plan.types[kind], found)}
        others = frozenset(made for made, kind in kinds.items() if kind not in plan.types)
        known = ast.Compare(attribute(name("e"), "__class__"), [ast.In()], [self._generator.constant(others)])
        branches: list[ast.stmt] = [ast.If(known, self._branch(None), [ast.Raise(name("TypeError"), None)])]
        hits: list[ast.stmt] = []
        start: list[ast.stmt] = []
        for number, (made, kind) in enumerate(kinds.items()):
            of_type = plan.types.get(kind)
            if of_type is None:
                continue
            start.append(self._prepare(of_type, number))
            test = is_(attribute(name("e"), "__class__"), self._generator.constant(made))
            branches = [ast.If(test, self._branch(of_type), branches)]
            hand_over = [*_forget_unread(made), *self._hand_over(of_type, number, plan.sets_timers)]
            hits = [ast.If(test, hand_over, hits)] if hits else hand_over
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
            ast.If(name("mask"), [*_convert_time(), *hits], []),
        ]
        each = ast.Tuple([ast.Name("index", ast.Store()), ast.Name("e", ast.Store())], ast.Store())
        loop = ast.For(each, call("enumerate", name("events")), body, [])
        calm = [] if watches_time or len(kinds) != 1 else self._calm(plan, *next(iter(kinds.items())))
        return function(text, SCAN_PARAMETERS, [*start, *calm, loop, ast.Return(name("now"))])

    def _calm(self, plan: Plan, made: type[Event], kind: str) -> list[ast.stmt]:
        """Most batches of one type: all in order of time, so that only events that a rule looks at need a loop.

        Empty where records have to be looked at one by one.
        """
        of_type = plan.types.get(kind)
        if of_type is None or of_type.time_field is None or self._checks(of_type) or None in of_type.conditions:
            return []
        time = self._attributes[of_type.time_field]
        if len(time_fields(of_type)) != 1:
            return []
        conditions = [c for c in of_type.conditions if c is not None]
        if len(conditions) > 1 and any(map(may_fail, conditions)):
            return []  # the first that is true would hide that another fails
        each = [ast.comprehension(ast.Name("e", ast.Store()), name("events"), [], 0)]
        in_order = ast.BoolOp(ast.And(), [
            is_(attribute(item(name("events"), 0), "__class__"), self._generator.constant(made)),
            compare(item(name("times"), 0), ast.GtE(), name("now")),
            compare(call("sorted", name("times")), ast.Eq(), name("times")),
        ])  # fmt: skip
        hit: list[ast.stmt] = [
            assign("m", ast.Subscript(name("times"), name("index"), ast.Load())),
            *_convert_time("base", "base_us"),
            *_forget_unread(made),
            *self._hand_over(of_type, 0, plan.sets_timers),
        ]
        look: list[ast.stmt] = [
            assign("times", ast.ListComp(attribute(name("e"), time), each)),
            assign("calm", in_order),
        ]
        numbered = ast.Tuple([ast.Name("index", ast.Store()), ast.Name("e", ast.Store())], ast.Store())
        skip = None if any(map(may_fail, conditions)) else self._skip(of_type)
        if skip is not None:
            body = [*self._masking(of_type), *skip, *hit]
            loop = ast.For(numbered, call("enumerate", name("events")), body, [])
        else:
            tests = [self._generator.truth(c, Scope()) for c in conditions]
            any_true = tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)
            looked_at = ast.comprehension(numbered, call("enumerate", name("events")), [any_true], 0)
            look.append(ast.If(name("calm"), [assign("places", ast.ListComp(name("index"), [looked_at]))], []))
            body = [
                assign("e", ast.Subscript(name("events"), name("index"), ast.Load())),
                *([assign("mask", ast.Constant(1))] if len(tests) == 1 else self._masking(of_type)),
                *hit,
            ]
            loop = ast.For(ast.Name("index", ast.Store()), name("places"), body, [])
        handler = ast.ExceptHandler(name("Exception"), None, [assign("calm", ast.Constant(False))])
        last = ast.Return(ast.Subscript(name("times"), ast.Constant(-1), ast.Load()))
        base = [assign("base", item(name("times"), 0)), assign("base_us", call("time_us_of", name("base")))]
        return [ast.Try(look, [handler], [], []), ast.If(name("calm"), [*base, loop, last], [])]

    def _skip(self, plan: TypePlan) -> list[ast.stmt] | None:
        """Passes over what the only operator of a type has no use for; null where it does not say."""
        inlined = self._inlined.get(plan.name, ())
        if len(inlined) != 1 or inlined[0].skip is None:
            return None
        found = self._key(inlined[0].keys, plan)
        assert found is not None
        key, tests = found
        if tests:
            return None
        names = {text: self._generator.constant(value) for text, value in inlined[0].names.items()}
        unwanted = ast.UnaryOp(ast.Not(), name("mask"))
        useless = ast.BoolOp(ast.Or(), [unwanted, expression(inlined[0].skip, {**names, "key": key})])
        return [ast.If(useless, [ast.Continue()], [])]

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
        parts: list[ast.expr] = [ast.Constant(always)] if always else []
        by_text = self._by_text(plan)
        parts += [self._looked_up(plan, name(loaded[field]), texts) for field, texts in by_text.items()]
        looked_up = {bit for texts in by_text.values() for bits in texts.values() for bit, _ in bits}
        for bit, condition in enumerate(plan.conditions):
            if condition is not None and bit not in looked_up:
                truth = self._generator.truth(condition, Scope(loaded=loaded))
                parts.append(if_else(truth, ast.Constant(1 << bit), ast.Constant(0)))
        loads: list[ast.stmt] = [assign(variable, self._field(field)) for field, variable in loaded.items()]
        return [*loads, assign("mask", any_bit(parts))]

    def _prepare(self, plan: TypePlan, number: int) -> ast.stmt:
        """What the events of a type in this batch share: an ``Unplaced``, or the receivers by mask."""
        if plan.name not in self._inlined:
            return assign(f"routes_{number}", ast.Subscript(name("routes"), ast.Constant(plan.name), ast.Load()))
        time, own = (
            ast.Constant(None if field is None else self._attributes[field])
            for field in (plan.time_field, plan.id_field)
        )
        return assign(f"unplaced_{number}", call("Unplaced", name("origin"), name("positions"), time, own))

    def _hand_over(self, plan: TypePlan, number: int, sets_timers: bool) -> list[ast.stmt]:
        """An event of one type that a rule looks at, to its operators, and what they derive to those that read it."""
        if plan.name in self._inlined:
            offer = [*self._unplaced(plan, number), *self._offer_inline(plan)]
        else:
            offer = [*self._placed(plan, number), *self._offer()]
        return [*offer, assign("timer", call("next_timer"))] if sets_timers else offer

    def _unplaced(self, plan: TypePlan, number: int) -> list[ast.stmt]:
        """See :mod:`cep.plan.generate.inlined`."""
        assert plan.time_field is not None
        return [
            _store("time_us", name("u")),
            _store("about", name(f"unplaced_{number}")),
            _store(self._attributes[plan.time_field], name("index")),
        ]

    def _placed(self, plan: TypePlan, number: int) -> list[ast.stmt]:
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

    def _offer(self) -> list[ast.stmt]:
        """The event to its receivers, and what they derive to those that read it."""
        take = assign("derived", call("receive", name("e"), name("mask")))
        offer = ast.For(ast.Name("receive", ast.Store()), name("found"), [take, _keep_derived()], [])
        return [assign("any_derived", ast.Constant(False)), offer, _follow()]

    def _by_text(self, plan: TypePlan) -> dict[str, _Texts]:
        """Conditions that want one field to be a certain text, two or more: one look-up finds those that may hold.

        Only where the field is declared to be a text, since nothing else could be looked up, and where nothing that is
        written before it may fail. A condition is told by one field at the most.
        """
        declared = _texts_of(plan)
        found: dict[str, _Texts] = {}
        for bit, condition in enumerate(plan.conditions):
            parts = [] if condition is None else conjuncts(condition)
            for place, part in enumerate(parts):
                equal = compared_text(part)
                if equal is not None and equal[0] in declared and not any(map(may_fail, parts[:place])):
                    rest = tuple(parts[:place] + parts[place + 1 :])
                    found.setdefault(equal[0], {}).setdefault(equal[1], []).append((bit, rest))
                    break
        return {field: texts for field, texts in found.items() if sum(map(len, texts.values())) > 1}

    def _looked_up(self, plan: TypePlan, value: ast.expr, texts: _Texts) -> ast.expr:
        """The bits of conditions by the text of a field; a function for what else they want."""
        if not any(rest for bits in texts.values() for _, rest in bits):
            masks = {text: sum(1 << bit for bit, _ in bits) for text, bits in texts.items()}
            return ast.Call(attribute(self._generator.constant(masks), "get"), [value, ast.Constant(0)], [])
        functions = {text: self._function(self._rest(plan, bits)) for text, bits in texts.items()}
        known = attribute(self._generator.constant(functions), "get")
        return ast.Call(ast.Call(known, [value, self._generator.constant(_no_bit)], []), [name("e")], [])

    def _rest(self, plan: TypePlan, bits: Sequence[tuple[int, tuple[Expression, ...]]]) -> list[ast.stmt]:
        """``mask``: the bits whose further parts are true."""
        used = sorted({field for _, rest in bits for part in rest for field in candidate_fields(part)})
        loaded = {field: f"v{number}" for number, field in enumerate(used)}
        mask: ast.expr | None = None
        for bit, rest in bits:
            truth = all_of([self._generator.truth(part, Scope(loaded=loaded)) for part in rest])
            part = if_else(truth, ast.Constant(1 << bit), ast.Constant(0))
            mask = part if mask is None else ast.BinOp(mask, ast.BitOr(), part)
        loads: list[ast.stmt] = [assign(variable, self._field(field)) for field, variable in loaded.items()]
        return [*loads, ast.Return(mask)]

    # ---- operators in the loop ----

    def _can_inline(self, plan: TypePlan, inlined: Sequence[Inlined]) -> bool:
        keys = [self._key(each.keys, plan) for each in inlined]
        return (
            0 < len(keys) <= MOST_INLINED
            and None not in keys
            and plan.time_field is not None
            and not self._projection.whole
        )

    def _key(self, keys: Sequence[CheckedKey], plan: TypePlan) -> tuple[ast.expr, list[ast.expr]] | None:
        """The key, where it is made of texts alone, and the tests that it is; null where it cannot be told so."""
        texts = _texts_of(plan)
        values: list[ast.expr] = []
        tests: list[ast.expr] = []
        for key in keys:
            path = key.by_type.get(plan.name, key.path)
            if key.optional or len(path) != 1 or path[0] == plan.time_field:
                return None
            value = self._field(str(path[0]))
            values.append(value)
            if path[0] not in texts:
                tests.append(is_(attribute(value, "__class__"), name("str")))
        return values[0] if len(values) == 1 else ast.Tuple(values, ast.Load()), tests

    def _offer_inline(self, plan: TypePlan) -> list[ast.stmt]:
        """The event to each operator in turn, by its own statements."""
        inlined = self._inlined[plan.name]
        alone = len(inlined) == 1
        body: list[ast.stmt] = [] if alone else [assign("any_derived", ast.Constant(False))]
        everything = (1 << len(plan.conditions)) - 1
        for each in inlined:
            found = self._key(each.keys, plan)
            assert found is not None
            key, tests = found
            names = {text: self._generator.constant(value) for text, value in each.names.items()}
            names["receive"] = self._generator.constant(each.receive)
            moves = [assign("key", key), *statements(each.body, names)]
            if tests:
                receive = assign("derived", ast.Call(names["receive"], [name("e"), name("mask")], []))
                moves = [ast.If(all_of(tests), moves, [receive])]
            offer = [assign("derived", ast.Constant(None)), *moves, _keep_derived(follow=alone)]
            wanted = ast.BinOp(name("mask"), ast.BitAnd(), ast.Constant(each.reads))
            body += offer if each.reads == everything else [ast.If(wanted, offer, [])]
        return body if alone else [*body, _follow()]


def _texts_of(plan: TypePlan) -> set[str]:
    """The fields that hold a text in every event of the type."""
    return {d.name for d in plan.checks if d.type.name == "string" and not d.type.optional}


def _no_bit(event: Event) -> int:
    return 0


def _keep_derived(follow: bool = False) -> ast.stmt:
    """What an operator derived, if anything; with ``follow`` no other operator comes before what follows from it."""
    after: ast.stmt = ast.Expr(call("follow", name("out"))) if follow else assign("any_derived", ast.Constant(True))
    kept = [ast.Expr(call("emitted", name("derived"), name("out"))), after]
    return ast.If(is_not(name("derived"), ast.Constant(None)), kept, [])


def _follow() -> ast.stmt:
    return ast.If(name("any_derived"), [ast.Expr(call("follow", name("out")))], [])


def _forget_unread(made: type[Event]) -> list[ast.stmt]:
    """``e.x0 = e.x1 = None``: what no rule reads is not kept with an event that an operator may hold."""
    unread = [field for field in made.__struct_fields__ if field.startswith("x")]
    targets: list[ast.expr] = [ast.Attribute(name("e"), field, ast.Store()) for field in unread]
    return [ast.Assign(targets, ast.Constant(None))] if targets else []


def _convert_time(base: str = "EPOCH", base_us: str | None = None) -> list[ast.stmt]:
    """``u``: the microseconds of the moment ``m``, by those of another moment, which is near it where it is given."""
    seconds: ast.expr = attribute(name("d"), "seconds")
    day = ast.BinOp(attribute(name("d"), "days"), ast.Mult(), ast.Constant(86_400))
    if base_us is None:
        seconds = ast.BinOp(day, ast.Add(), seconds)
    whole = ast.BinOp(seconds, ast.Mult(), ast.Constant(1_000_000))
    since: ast.expr = ast.BinOp(whole, ast.Add(), attribute(name("d"), "microseconds"))
    found = [assign("d", ast.BinOp(name("m"), ast.Sub(), name(base)))]
    if base_us is None:
        return [*found, assign("u", since)]
    days_us = ast.BinOp(attribute(name("d"), "days"), ast.Mult(), ast.Constant(86_400_000_000))
    far = ast.If(attribute(name("d"), "days"), [ast.AugAssign(ast.Name("u", ast.Store()), ast.Add(), days_us)], [])
    return [*found, assign("u", ast.BinOp(since, ast.Add(), name(base_us))), far]


def _store(attribute_name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Attribute(name("e"), attribute_name, ast.Store())], value)
