"""References to inputs and tables as references to the roles of a joined event. Plan layer.

A rule that joins or looks up evaluates joined events: ``b.x`` is the field of the event in the role of ``b``,
``cards.limit`` a column of the row in the role of ``cards``, and a bare name a field of the event in the first role.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from cep.language.checked import (
    Aggregate,
    Bound,
    Candidate,
    CheckedJoin,
    CheckedRule,
    Column,
    EdgeEvent,
    Expression,
    Field,
    PreviousEvent,
    Role,
    StepEvent,
    StepEventAt,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: the place, whether it is a table, and whether there may be none."""

    number: int
    is_table: bool = False
    optional: bool = False


class Roles:
    """The inputs and tables of a rule by the names that expressions have for them."""

    def __init__(self, rule: CheckedRule) -> None:
        assert rule.input is not None
        self._single = not any(isinstance(join, CheckedJoin) for join in rule.joins)
        self.named: dict[str, Named] = {rule.input.name: Named(0)}
        for number, join in enumerate(rule.joins, start=1):
            if isinstance(join, CheckedJoin):
                self.named[join.input.name] = Named(number, optional=join.left)
            else:
                self.named[join.table] = Named(number, is_table=True)

    def resolve(self, node: T) -> T:
        """The same, in terms of roles."""
        return cast(T, self._resolve(node, None))

    def _resolve(self, node: Any, ranging: str | None) -> Any:
        """``ranging`` names the input over whose events an aggregate ranges, null where over all."""
        if isinstance(node, Candidate | StepEvent | PreviousEvent | EdgeEvent):
            return self._role(node, ranging)
        if isinstance(node, StepEventAt):
            place = dataclasses.replace(node, index=self._resolve(node.index, ranging))
            return Role(place, self.named[node.step].number, optional=True, span=node.span)
        if isinstance(node, Field):
            return self._field(node, ranging)
        if isinstance(node, Aggregate) and node.step is not None:
            return self._aggregate(node)
        if isinstance(node, tuple):
            return tuple([self._resolve(item, ranging) for item in node])
        if isinstance(node, Mapping) or not dataclasses.is_dataclass(node) or isinstance(node, type):
            return node
        changes = {
            each.name: self._resolve(getattr(node, each.name), ranging)
            for each in dataclasses.fields(node)
            if each.name not in ("span", "type", "over")
        }
        return dataclasses.replace(node, **changes)

    def _role(self, event: Candidate | StepEvent | PreviousEvent | EdgeEvent, ranging: str | None) -> Role:
        span = event.span
        if isinstance(event, StepEvent) or (isinstance(event, Candidate) and ranging is not None):
            name = event.step if isinstance(event, StepEvent) else str(ranging)
            named = self.named[name]
            shown = "" if self._single and named.number == 0 else name
            return Role(Candidate(span=span), named.number, shown, named.optional, span=span)
        return Role(event, 0, span=span)

    def _field(self, node: Field, ranging: str | None) -> Expression:
        role = self._resolve(node.event, ranging)
        if isinstance(role, Role) and role.name and self.named[role.name].is_table:
            return Column(role, node.name, node.type, span=node.span)
        return dataclasses.replace(node, event=role)

    def _aggregate(self, node: Aggregate) -> Aggregate:
        """``sum(b.x)`` and ``count(b)``: over all joined events, of the field in the role of ``b``."""
        step = node.step
        argument = self._resolve(node.argument, step)
        if node.argument is None and step is not None and self.named[step].number:
            argument = Bound(self._role(StepEvent(step, span=node.span), None), span=node.span)
        return dataclasses.replace(
            node,
            argument=argument,
            where=self._resolve(node.where, step),
            parameters=self._resolve(node.parameters, step),
            step=None,
        )
