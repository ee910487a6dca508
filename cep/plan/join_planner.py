"""Joins and look-ups: what happens to events before they enter the window of a rule. Plan layer.

The rest of the rule is planned as that of any other over windows; its expressions read roles of the joined event.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from cep.functions import FUNCTIONS
from cep.language.checked import (
    Alternative,
    Binary,
    Call,
    Candidate,
    CheckedJoin,
    CheckedLookup,
    CheckedRule,
    Column,
    Conjunct,
    EventValue,
    Expression,
    Field,
    Role,
    Step,
)
from cep.plan.automaton import Fit
from cep.plan.catalogue import Catalogue
from cep.plan.plan import JoinPlan, JoinStage, LookupPlan, RolePlan, WindowPlan
from cep.plan.roles import Roles
from cep.plan.table_planner import TableUses
from cep.plan.walk import conjuncts, is_local, may_fail, walk
from cep.plan.window_planner import plan_window


def plan_join(rule: CheckedRule, catalogue: Catalogue, tables: TableUses) -> tuple[CheckedRule, WindowPlan, JoinPlan]:
    """The rule in terms of roles, the plan of its window, and that of what comes before it."""
    assert rule.input is not None
    roles = Roles(rule)
    joined = any(isinstance(join, CheckedJoin) for join in rule.joins)
    resolved = dataclasses.replace(
        rule,
        where=tuple(_where(rule.where, roles, joined)),
        when=roles.resolve(rule.when),
        having=roles.resolve(rule.having),
        emit=roles.resolve(rule.emit),
    )
    window = plan_window(resolved, _JoinedCatalogue(catalogue, rule.input, joined))
    plans = [RolePlan(rule.input.name, rule.input.label, window.fits)]
    stages: list[LookupPlan | JoinStage] = []
    for number, join in enumerate(rule.joins, start=1):
        if isinstance(join, CheckedJoin):
            fits = catalogue.fits(join.input)
            plans.append(RolePlan(join.input.name, join.input.label, fits, None, join.left))
            stages.append(_join(number, join, roles))
        else:
            plans.append(RolePlan(join.table, join.table, {}, join.table, True))
            stages.append(_lookup(number, join, roles, joined, tables))
    plan = JoinPlan(tuple(plans), tuple(stages))
    _note_fields(rule, resolved, plan, catalogue, tables)
    return resolved, window, plan


def _where(parts: Sequence[Conjunct], roles: Roles, joined: bool) -> Iterator[Conjunct]:
    """What looks at the event alone is left as it is, to be tested before anything is looked up; see Catalogue.fit."""
    tied = False
    for part in parts:
        if not joined and is_local(part.expression) and (not tied or not may_fail(part.expression)):
            yield part
        else:
            tied = True
            yield dataclasses.replace(part, expression=roles.resolve(part.expression))


class _JoinedCatalogue(Catalogue):
    """What the planner of windows sees: fields are noted here, by role, and conditions of joined events are ties."""

    def __init__(self, catalogue: Catalogue, first: Step, joined: bool) -> None:
        self._catalogue = catalogue
        self._first = first
        self._joined = joined

    def fit(self, alternative: Alternative, extra: Iterable[Expression] = ()) -> Fit:
        return self._catalogue.fit(alternative, extra)

    def fits(self, step: Step, extra: Iterable[Expression] = ()) -> dict[str, Fit]:
        if step != self._first or not self._joined:
            return self._catalogue.fits(step, extra)
        ties = tuple(extra)
        return {kind: Fit(fit.bit, ties) for kind, fit in self._catalogue.fits(step).items()}

    def read_names(self, event_type: str, names: Iterable[str]) -> None:
        pass

    def expect_names(self, event_type: str, names: Iterable[str]) -> None:
        pass


# ---- the condition of `on` ----


def _join(number: int, join: CheckedJoin, roles: Roles) -> JoinStage:
    equal, rest = _equalities(roles.resolve(join.on), number)
    earlier = tuple(other for _, other in equal)
    own = tuple(_of_event(side, number) for side, _ in equal)
    return JoinStage(number, earlier, own, rest, join.within_us, join.left)


def _lookup(number: int, lookup: CheckedLookup, roles: Roles, joined: bool, tables: TableUses) -> LookupPlan:
    equal, rest = _equalities(roles.resolve(lookup.on), number)
    columns: dict[str, Expression] = {}
    for side, other in equal:
        if isinstance(side, Column) and side.name not in columns:
            columns[side.name] = other
            tables.compare(lookup.table, side.name, other.type.name)
        else:
            rest = (*rest, Binary("==", side, other, span=side.span))
    values = tuple(columns.values())
    first = number == 1 or not rest  # what else is tested sees all that was found before
    of_event = not joined and first and all(_roles_of(value) <= {0} for value in values)
    if of_event:
        values = tuple(_of_event(value, 0) for value in values)
    plain = [value.name for value in values if isinstance(value, Field) and isinstance(value.event, Candidate)]
    field = plain[0] if of_event and len(values) == len(plain) == 1 else None
    return LookupPlan(number, lookup.table, tuple(columns), values, rest, of_event, field)


def _equalities(on: Expression, number: int) -> tuple[list[tuple[Expression, Expression]], tuple[Expression, ...]]:
    """The equalities between something of this role and something of others, in this order, and all other conjuncts.

    What can fail is no key: the conjuncts before it may be there to keep it from being evaluated.
    """
    equal: list[tuple[Expression, Expression]] = []
    rest: list[Expression] = []
    for part in conjuncts(on):
        if isinstance(part, Binary) and part.operator == "==" and not may_fail(part):
            sides = [(part.left, part.right), (part.right, part.left)]
            found = [(a, b) for a, b in sides if _roles_of(a) == {number} and number not in _roles_of(b)]
            if found:
                equal.append(found[0])
                continue
        rest.append(part)
    return equal, tuple(rest)


def _roles_of(expression: Expression) -> set[int]:
    return {node.number for node in walk(expression) if isinstance(node, Role)}


def _of_event(expression: Expression, number: int) -> Expression:
    """An expression over one role as one over its event alone."""

    def change(node: object) -> object:
        if isinstance(node, Role) and node.number == number:
            return Candidate(span=node.span)
        if isinstance(node, tuple):
            return tuple([change(item) for item in node])
        if dataclasses.is_dataclass(node) and not isinstance(node, type):
            parts = {f.name: change(getattr(node, f.name)) for f in dataclasses.fields(node) if f.name not in _PLACE}
            return dataclasses.replace(node, **parts)
        return node

    changed = change(expression)
    return changed  # type: ignore[return-value]


_PLACE = ("span", "type")


# ---- what is read ----


def _note_fields(
    rule: CheckedRule, resolved: CheckedRule, plan: JoinPlan, catalogue: Catalogue, tables: TableUses
) -> None:
    """Fields by the role they are read from; of a role of several types none is expected of each of them."""
    roles = Roles(rule)
    read: list[object] = [resolved.where, resolved.when, resolved.having, resolved.emit]
    read += [roles.resolve(join.on) for join in rule.joins]
    for node in (n for tree in read for n in walk(tree)):
        if isinstance(node, Column):
            table = plan.roles[node.role.number].table
            assert table is not None
            tables.read(table, [node.name])
        elif isinstance(node, Field) and isinstance(node.event, Role):
            _note(plan.roles[node.event.number], [node.name], catalogue)
        elif isinstance(node, Call):
            for argument in node.arguments:
                if isinstance(argument, EventValue) and isinstance(argument.event, Role):
                    _note(plan.roles[argument.event.number], FUNCTIONS[node.function].event_fields, catalogue)
    for stage in plan.stages:
        if isinstance(stage, LookupPlan):
            tables.read(stage.table, stage.columns)


def _note(role: RolePlan, names: Iterable[str], catalogue: Catalogue) -> None:
    for kind in role.fits:
        note = catalogue.expect_names if len(role.fits) == 1 else catalogue.read_names
        note(kind, names)
