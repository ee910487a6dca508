"""Aggregates over the events of a match, of one of its steps, or of a window. Language layer.

Which events an aggregate ranges over is read off its first argument: ``sum(fails.amount)`` and ``count(fails)`` name a
step; ``sum(amount)`` and ``count()`` mean all events. Inside, bare names are fields of each of them, and nothing else
than one step may be ranged over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from cep.functions.aggregates import AGGREGATES
from cep.functions.records import AggregateRecord, ParameterRecord
from cep.language import syntax
from cep.language.checked import Aggregate, Binary, CheckedWindow, Constant, Expression
from cep.language.expressions import operators
from cep.language.expressions.arguments import check_argument, default_of, placed
from cep.language.expressions.constants import constant, duration_us
from cep.language.expressions.names import event_target, names_step
from cep.language.expressions.scope import Context, Scope
from cep.language.report import article, is_poison, listed, poison
from cep.types import NUMBERS, Type

COUNTING = ("count", "rate")
"""Aggregates of the events themselves: they take a condition, or the name of a step."""

Check = Callable[[syntax.Expression, Scope], Expression]
CheckWindow = Callable[[syntax.Window], CheckedWindow | None]


@dataclass(frozen=True, slots=True)
class _Range:
    """The step that is ranged over (null: all events); ``whole`` when the argument is the step itself."""

    step: str | None = None
    whole: bool = False


class AggregateChecker:
    """Checks aggregates; ``check`` checks an expression in a scope, ``window`` a window of an aggregate's own."""

    def __init__(self, context: Context, check: Check, window: CheckWindow) -> None:
        self.context = context
        self.report = context.report
        self._check = check
        self._window = window

    def aggregate(self, node: syntax.Call, scope: Scope) -> Expression:
        """An aggregate in a place where a value is wanted."""
        record = AGGREGATES[node.function]
        if scope.within is not None:
            message = f"`{record.name}` stands inside the aggregate `{scope.within}`"
            hint = "an aggregate looks at one event after the other; write the inner one beside it"
            self.report.error("CEP309", message, node.span, hint)
            return poison(node.span)
        window = next((a.over for a in node.arguments if a.over is not None), None)
        range_ = self._range(node, scope)
        if range_ is None or not self._allowed(record, node, scope, range_, window):
            return poison(node.span)
        inner = self._inside(record.name, scope, range_)
        over = None if window is None else self._window(window)
        if over is not None and over.kind == "hopping":
            message = "an event lies in several hopping windows at once, so the aggregate would have several values"
            hint = "write `over last …`, or `over every …` for the window that the event lies in"
            self.report.error("CEP308", message, over.span, hint)
            return poison(node.span)
        where = self._filter(node, inner)
        if record.name in COUNTING:
            return self._count(record, node, inner, range_, where, over)
        return self._general(node, record, scope, inner, range_, where, over)

    # ---- which events ----

    def _range(self, node: syntax.Call, scope: Scope) -> _Range | None:
        """Null where it was reported."""
        if not node.arguments or isinstance(node.arguments[0].value, syntax.Lambda):
            return _Range()
        first = node.arguments[0].value
        each = scope if scope.joined else replace(scope, candidate=scope.all_types, within=node.function)
        counted = node.function in COUNTING and isinstance(first, syntax.Name) and first.text in scope.steps
        if isinstance(first, syntax.Name) and (counted or names_step(self.context, first.text, each)):
            target = event_target(self.context, first, scope, self._check)
            if target is None or (target.loop is None and target.reference is None):
                return None
            return _Range(None if scope.steps[first.text].is_candidate else first.text, whole=True)
        steps = list(dict.fromkeys(_ranged(first, scope)))
        if not steps or scope.joined or _has_bare_fields(first, each, self.context):
            return _Range()
        if len(steps) > 1:
            loops = [name for name in steps if scope.steps[name].loops]
            if len(loops) != 1:
                message = f"`{node.function}` ranges over the events of one step, here are {listed(steps)}"
                hint = f"write an aggregate for each, such as `{node.function}({steps[0]}.…)`"
                self.report.error("CEP308", message, node.span, hint)
                return None
            steps = loops
        step = scope.steps[steps[0]]
        return _Range() if step.is_candidate else _Range(step.name)

    def _allowed(
        self,
        record: AggregateRecord,
        node: syntax.Call,
        scope: Scope,
        range_: _Range,
        window: syntax.Window | None,
    ) -> bool:
        shown = f"`{record.name}`"
        if window is not None and not scope.own_windows:
            message = f"{shown} with a window of its own has no meaning in {scope.place}"
            hint = "`over` inside an aggregate is for rules over windows, which begin with `from`"
            self.report.error("CEP308", message, node.span, hint)
            return False
        match scope.aggregates:
            case "all":
                return True
            case "steps" if range_.step is not None:
                return True
            case "own" if window is not None:
                return True
            case "steps":
                earlier = [step.name for step in scope.visible if step.name != scope.own]
                hint = "an aggregate over the whole match stands in `having`"
                if earlier:
                    hint = f"name the step, as in `count({earlier[0]})`; {hint}"
            case "own":
                hint = "write `over` in the rule, such as `over last 10 minutes` or `over all`"
            case _:
                hint = "aggregates stand in `having`, `emit` and in the `when` of a rule over windows"
        message = f"the aggregate {shown} has no events to look at in {scope.place}"
        self.report.error("CEP308", message, node.span, hint)
        return False

    @staticmethod
    def _inside(function: str, scope: Scope, range_: _Range) -> Scope:
        types = scope.all_types
        if range_.step is not None:
            types = scope.steps[range_.step].types
        candidate = () if scope.joined and range_.step is None else types
        return replace(
            scope,
            candidate=candidate,
            ranging=range_.step,
            within=function,
            place=f"`{function}(…)`",
            previous=False,
            crosses=False,
        )

    # ---- arguments ----

    def _filter(self, node: syntax.Call, inner: Scope) -> Expression | None:
        filters = [a.where for a in node.arguments if a.where is not None]
        if not filters:
            return None
        for extra in filters[1:]:
            self.report.error("CEP306", "an aggregate takes one `where`", extra.span, "join the conditions by `and`")
        condition = self._check(filters[0], inner)
        operators.expect_bool(self.report, condition, "the filter of an aggregate")
        return condition

    def _count(
        self,
        record: AggregateRecord,
        node: syntax.Call,
        inner: Scope,
        range_: _Range,
        where: Expression | None,
        over: CheckedWindow | None,
    ) -> Expression:
        places = placed(self.context, node, record)
        if places is None:
            return poison(node.span)
        (_, argument) = places[0]
        if argument is not None and not range_.whole:
            if isinstance(argument, syntax.Lambda):
                message = "`count` wants a condition, not `x -> …`"
                self.report.error(
                    "CEP307", message, argument.span, "bare names are fields of each event: `count(x > 3)`"
                )
                return poison(node.span)
            condition = self._check(argument, inner)
            if condition.type.name not in ("bool", "any", "null"):
                message = (
                    f"`{record.name}` takes a condition or the name of a step, this is a value of type {condition.type}"
                )
                hint = f"write `{record.name}(… is not null)`, `{record.name}()` or `count_distinct(…)`"
                self.report.error("CEP307", message, condition.span, hint)
                return poison(node.span)
            where = condition if where is None else _both(where, condition)
        kind = record.result([])
        return Aggregate(record.name, None, where, range_.step, over=over, type=kind, span=node.span)

    def _general(
        self,
        node: syntax.Call,
        record: AggregateRecord,
        scope: Scope,
        inner: Scope,
        range_: _Range,
        where: Expression | None,
        over: CheckedWindow | None,
    ) -> Expression:
        if range_.whole:
            argument = cast("syntax.Name", node.arguments[0].value)
            name = argument.text
            hint = f"write a field: `{record.name}({name}.FIELD)`, or `count({name})`"
            message = f"`{record.name}` wants a value of each event, `{name}` is the whole event"
            self.report.error("CEP307", message, argument.span, hint)
            return poison(node.span)
        places = placed(self.context, node, record)
        if places is None:
            return poison(node.span)
        values: list[Expression] = []
        for parameter, argument_node in places:
            values.append(self._argument(parameter, argument_node, record, scope, inner, range_))
        if any(is_poison(value) for value in values):
            return poison(node.span)
        result = record.result([value.type for value in values])
        return Aggregate(
            record.name,
            values[0] if values else None,
            where,
            range_.step,
            tuple(values[1:]),
            over,
            result,
            span=node.span,
        )

    def _argument(
        self,
        parameter: ParameterRecord,
        node: syntax.Expression | syntax.Lambda | None,
        record: AggregateRecord,
        scope: Scope,
        inner: Scope,
        range_: _Range,
    ) -> Expression:
        if node is None:
            return default_of(parameter)
        if isinstance(node, syntax.Lambda):
            self.report.error(
                "CEP307", f"`{record.name}` wants a value, not `x -> …`", node.span,
                "a condition on the events goes behind `where`",
            )  # fmt: skip
            return poison(node.span)
        if parameter.name == "rank":
            return self._rank(node, record, scope, range_)
        value = self._check(node, inner)
        fits = check_argument(self.context, parameter, value, record)
        if parameter.constant and fits and not is_poison(value):
            return self._constant(parameter, value, record)
        return value if fits else poison(node.span)

    def _rank(self, node: syntax.Expression, record: AggregateRecord, scope: Scope, range_: _Range) -> Expression:
        """The aggregate that ``top`` ranks by: a number, over the same events."""
        hint = "write one, such as `top(user, 3, sum(amount))`"
        if not isinstance(node, syntax.Call) or node.function not in AGGREGATES:
            self.report.error("CEP307", f"`{record.name}` ranks by an aggregate", node.span, hint)
            return poison(node.span)
        rank = self._check(node, scope)
        if not isinstance(rank, Aggregate):
            return rank
        if rank.over is not None:
            message = f"`{record.name}` ranks by what is in its own window"
            self.report.error("CEP308", message, node.span, "leave `over` out of the inner aggregate")
        elif rank.type.name not in (*NUMBERS, "duration", "timestamp", "any"):
            message = f"`{record.name}` ranks by a number, `{rank.function}` gives {article(str(rank.type.not_null()))}"
            self.report.error("CEP307", message, node.span, hint)
        elif rank.step == range_.step:
            return rank
        elif rank.step is None and rank.argument is None and rank.where is None:
            return replace(rank, step=range_.step)
        else:
            shown = "all events" if range_.step is None else f"the events of `{range_.step}`"
            message = f"`{record.name}` looks at {shown}, the aggregate that it ranks by at others"
            self.report.error("CEP308", message, node.span, "take both values from the same step")
        return poison(node.span)

    def _constant(self, parameter: ParameterRecord, value: Expression, record: AggregateRecord) -> Expression:
        what = f"`{parameter.name}` of `{record.name}`"
        if parameter.types == (Type("duration"),):
            length = duration_us(self.report, value, what)
            return poison(value.span) if length is None else Constant(length, value.type, span=value.span)
        return constant(self.report, value, what) or poison(value.span)


def _both(left: Expression, right: Expression) -> Expression:
    return Binary("and", left, right, operators.optional_if(Type("bool"), left, right), span=left.span)


def _ranged(node: syntax.Expression | syntax.Lambda, scope: Scope) -> Iterator[str]:
    """The steps of which a field is read, once for each time."""
    match node:
        case syntax.Member(target=syntax.Name(text=name)) if name in scope.steps:
            yield name
        case syntax.Call(function=("first" | "last"), arguments=(argument,)) if (
            isinstance(argument.value, syntax.Name) and argument.value.text in scope.steps
        ):
            return
        case syntax.Index(target=syntax.Name(text=name)) if name in scope.steps:
            return
        case _:
            for part in parts_of(node):
                yield from _ranged(part, scope)


def _has_bare_fields(node: syntax.Expression, scope: Scope, context: Context) -> bool:
    match node:
        case syntax.Name(text=name):
            taken = (*scope.locals, *scope.parameters, *context.constants)
            return name not in taken and name not in context.broken and not names_step(context, name, scope)
        case syntax.Member(target=syntax.Name(text=name), name=member) if name in scope.steps:
            return not names_step(context, name, scope, member)
        case syntax.Member(target=syntax.Name(text="first" | "last" | "prev" | "this" | "window")):
            return False
    return any(
        not isinstance(part, syntax.Lambda) and _has_bare_fields(part, scope, context) for part in parts_of(node)
    )


def parts_of(node: syntax.Expression | syntax.Lambda) -> Iterator[syntax.Expression | syntax.Lambda]:
    """The expressions right below one."""
    match node:
        case syntax.Member(target=target):
            yield target
        case syntax.Index(target=target, index=index):
            yield from (target, index)
        case syntax.Unary(operand=operand):
            yield operand
        case syntax.Binary(left=left, right=right):
            yield from (left, right)
        case syntax.Between(value=value, low=low, high=high):
            yield from (value, low, high)
        case syntax.IsNull(value=value):
            yield value
        case syntax.Conditional(condition=condition, consequence=yes, alternative=no):
            yield from (condition, yes, no)
        case syntax.ListOf(items=items):
            yield from items
        case syntax.Lambda(body=body):
            yield body
        case syntax.Call(arguments=arguments):
            for argument in arguments:
                yield argument.value
                if argument.where is not None:
                    yield argument.where
