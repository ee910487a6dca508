"""Calls of functions: arguments in their places, defaults filled in, types held against the records. Language layer.

Aggregates, which look the same, are told apart by name and go to ``aggregates``; ``first(a)`` of a step is an event.
"""

from __future__ import annotations

from collections.abc import Callable

from cep.diagnostics import did_you_mean
from cep.functions.aggregates import AGGREGATES
from cep.functions.records import FunctionRecord, ParameterRecord
from cep.functions.registry import broken_entry_points, find_function, function_names
from cep.language import syntax
from cep.language.checked import Call, EventValue, Expression, Lambda
from cep.language.checking.near_names import renamed
from cep.language.expressions import operators
from cep.language.expressions.aggregates import AggregateChecker, CheckWindow
from cep.language.expressions.arguments import check_argument, default_of, placed
from cep.language.expressions.names import event_target
from cep.language.expressions.scope import Context, Scope
from cep.language.report import is_poison, listed, poison
from cep.language.words import closest
from cep.types import ANY, Type

Check = Callable[[syntax.Expression, Scope], Expression]

OTHER_NAMES = {
    "len": "length",
    "size": "length",
    "mean": "avg",
    "average": "avg",
    "std": "stddev",
    "count_if": "count",
    "uniq": "distinct",
    "unique": "distinct",
    "nunique": "count_distinct",
    "concat": "format",
    "strip": "trim",
    "lowercase": "lower",
    "uppercase": "upper",
    "to_string": "string",
    "str": "string",
    "to_int": "int",
    "to_float": "float",
    "regex": "matches",
    "matches": "matches",
    "startswith": "starts_with",
    "endswith": "ends_with",
    "includes": "contains",
    "array_agg": "collect",
    "now": "time",
}
"""What people type who know another language."""


class CallChecker:
    """Checks calls; ``check`` checks an argument, ``window`` a window of an aggregate's own."""

    def __init__(self, context: Context, check: Check, window: CheckWindow) -> None:
        self.context = context
        self.report = context.report
        self._check = check
        self._aggregates = AggregateChecker(context, check, window)

    def call(self, node: syntax.Call, scope: Scope) -> Expression:
        """A call in a place where a value is wanted."""
        name = node.function
        if name in ("first", "last") and self._is_step_event(node, scope):
            return self._whole_event(node, scope)
        record = find_function(name)
        if name in AGGREGATES:
            return self._aggregates.aggregate(node, scope)
        if record is not None:
            return self._function(node, record, scope)
        self._unknown(node, scope)
        return poison(node.span)

    def _unknown(self, node: syntax.Call, scope: Scope) -> None:
        name = node.function
        known = [*function_names(), *AGGREGATES]
        other = OTHER_NAMES.get(name.lower())
        hint = did_you_mean(other or closest(name, known))
        if name in scope.steps:
            hint = f"`{name}` is a step: write `{name}.FIELD`"
        elif name.lower() == "now":
            hint = "no function reads the clock; the time of an event `e` is `time(e)`"
        elif other == "matches":
            hint = "write `text matches /…/`"
        if hint is None and broken_entry_points():
            hint = f"{broken_entry_points()[0]}; functions of that package are not known"
        fix = renamed(name, known, node.span.first(len(name))) if hint == did_you_mean(closest(name, known)) else None
        self.report.error("CEP211", f"no function is called `{name}`", node.span, hint, fix=fix)
        for argument in node.arguments:
            if not isinstance(argument.value, syntax.Lambda) and name not in scope.steps:
                self._check(argument.value, scope)

    # ---- whole events ----

    @staticmethod
    def _is_step_event(node: syntax.Call, scope: Scope) -> bool:
        if len(node.arguments) != 1:
            return False
        argument = node.arguments[0]
        plain = argument.where is None and argument.over is None and argument.name is None
        return plain and isinstance(argument.value, syntax.Name) and argument.value.text in scope.steps

    def _whole_event(self, node: syntax.Call, scope: Scope) -> Expression:
        argument = node.arguments[0].value
        assert isinstance(argument, syntax.Name)
        shown = f"{node.function}({argument.text})"
        hint = f"write one of its fields: `{shown}.FIELD`"
        self.report.error("CEP207", f"`{shown}` is a whole event, no value", node.span, hint)
        return poison(node.span)

    def _event(self, node: syntax.Expression, scope: Scope, call: syntax.Call) -> Expression:
        function = call.function
        if isinstance(node, syntax.Name) and node.text in scope.steps and scope.steps[node.text].is_row:
            message = f"`{node.text}` is a row of a table and has no time, `{function}` wants an event"
            columns = f"write its columns, as in `distance_km(lat, lon, {node.text}.lat, {node.text}.lon)`"
            self.report.error("CEP307", message, node.span, columns)
            return poison(node.span)
        target = event_target(self.context, node, scope, self._check)
        if target is None and scope.open_steps:
            return poison(node.span)
        if target is None:
            others = [step for step in scope.visible if step.name != scope.own]
            steps = [f"last({step.name})" if step.loops else step.name for step in others]
            names = [*steps, *(["this"] if scope.kind != "match" else [])]
            hint = f"write the name of an event: {listed(names[:6], 'or')}" if names else None
            message = f"`{function}` wants a whole event here"
            self.report.error("CEP307", message, node.span, hint)
            return poison(node.span)
        if target.loop is not None:
            loop = target.loop
            message = f"`{loop}` stands for several events, `{function}` wants one"
            hint = f"write `first({loop})`, `last({loop})` or `{loop}[0]`"
            self.report.error("CEP307", message, node.span, hint)
            return poison(node.span)
        if target.reference is None:
            if target.is_window:
                self.report.error("CEP307", "the window is no event", node.span)
            return poison(node.span)
        record = find_function(function)
        for name in record.event_fields if record is not None else ():
            if not self.context.types.find(target.types, name).anywhere:
                types = [str(t) for t in target.types]
                message = f"`{function}` reads the field `{name}`, which {listed(types)} does not have"
                self.report.error("CEP204", message, call.span)
                return poison(node.span)
        return EventValue(target.reference, span=node.span)

    # ---- functions ----

    def _function(self, node: syntax.Call, record: FunctionRecord, scope: Scope) -> Expression:
        for argument in node.arguments:
            extra = argument.where or argument.over
            if extra is not None:
                word = "where" if argument.where is not None else "over"
                message = f"`{record.name}` is no aggregate, so it takes no `{word}`"
                self.report.error("CEP306", message, extra.span)
        places = placed(self.context, node, record)
        if places is None:
            self._check_loose(node, scope)
            return poison(node.span)
        checked: list[Expression | Lambda] = []
        types: list[Type] = []
        for parameter, argument_node in places:
            value = self._argument(parameter, argument_node, record, scope, types, node)
            checked.append(value)
            types.append(value.body.type if isinstance(value, Lambda) else value.type)
        if any(is_poison(value) for value in checked if not isinstance(value, Lambda)):
            return poison(node.span)
        result = record.result(types)
        return Call(record.name, tuple(checked), result, span=node.span)

    def _check_loose(self, node: syntax.Call, scope: Scope) -> None:
        """Arguments that found no place: what is wrong inside them is told all the same."""
        record = find_function(node.function)
        if record is None or record.takes_events:
            return
        for argument in node.arguments:
            if not isinstance(argument.value, syntax.Lambda):
                self._check(argument.value, scope)

    def _argument(
        self,
        parameter: ParameterRecord,
        node: syntax.Expression | syntax.Lambda | None,
        record: FunctionRecord,
        scope: Scope,
        types: list[Type],
        call: syntax.Call,
    ) -> Expression | Lambda:
        if node is None:
            return default_of(parameter)
        if isinstance(node, syntax.Lambda):
            return self._lambda(parameter, node, record, scope, types)
        if parameter.kind == "lambda":
            message = f"`{record.name}` wants a condition on each element here"
            hint = "write it as `x -> …`, such as `x -> x > 3`"
            self.report.error("CEP307", message, node.span, hint)
            return Lambda("x", poison(node.span), span=node.span)
        if parameter.kind == "event":
            return self._event(node, scope, call)
        value = self._check(node, scope)
        return value if check_argument(self.context, parameter, value, record) else poison(node.span)

    def _lambda(
        self,
        parameter: ParameterRecord,
        node: syntax.Lambda,
        record: FunctionRecord,
        scope: Scope,
        types: list[Type],
    ) -> Expression | Lambda:
        if parameter.kind != "lambda":
            message = f"`{record.name}` wants a value here, not `x -> …`"
            self.report.error("CEP307", message, node.span)
            return poison(node.span)
        items = types[0] if types else ANY
        item = items.item if items.name == "list" and items.item is not None else ANY
        body = self._check(node.body, scope.with_local(node.parameter, item))
        if parameter.types == (Type("bool"),):
            operators.expect_bool(self.report, body, f"what `{record.name}` asks of each element")
        return Lambda(node.parameter, body, span=node.span)
