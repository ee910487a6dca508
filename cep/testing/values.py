"""The values that tests write, as the JSON values of events. Testing layer.

A literal is what it says, a duration its short text (``5m``), as derived events have it; the name of a constant is its
value, with what ``--set`` made of it. Lists and maps hold such values.
"""

from __future__ import annotations

from typing import Any

from cep.durations import format_duration
from cep.language import syntax
from cep.language.checked import Constant, RuleSet
from cep.language.expressions.checker import ExpressionChecker
from cep.language.expressions.event_types import EventTypes
from cep.language.expressions.scope import Context, Scope
from cep.language.report import Report
from cep.types import Type


class NoValue(ValueError):
    """The expression has no value that is known when the rules are loaded."""


class Values:
    """Computes the values of one set of rules."""

    def __init__(self, rules: RuleSet) -> None:
        self._constants = rules.constants

    def fields(self, fields: tuple[syntax.EmitField, ...]) -> dict[str, Any]:
        """The named values of a row.

        Raises:
            NoValue: one cannot be computed; the message says which.
        """
        found: dict[str, Any] = {}
        for field in fields:
            try:
                found[field.name or ""] = self.of(field.value)
            except NoValue:
                raise NoValue(f"the value of `{field.name}` is not known when the rules are loaded") from None
        return found

    def of(self, node: syntax.Expression) -> Any:
        """The value of an expression.

        Raises:
            NoValue: it cannot be computed.
        """
        match node:
            case syntax.Literal(value=int() as value, kind="duration"):
                return format_duration(value)
            case syntax.Literal(value=value):
                return value
            case syntax.ListOf(items=items):
                return [self.of(item) for item in items]
            case syntax.MapOf(entries=entries):
                return {name: self.of(value) for name, value in entries}
        report = Report()
        context = Context(report, EventTypes(), constants=dict(self._constants))
        checked = ExpressionChecker(context).check(node, Scope("constant", "a test"))
        if not isinstance(checked, Constant) or report.findings():
            raise NoValue
        return _plain(checked.value, checked.type)


def _plain(value: object, kind: Type) -> Any:
    if isinstance(value, tuple):
        return [_plain(item, kind.item or Type("any")) for item in value]
    if kind.name == "duration" and isinstance(value, int):
        return format_duration(value)
    return value
