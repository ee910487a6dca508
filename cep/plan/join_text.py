"""Joins and look-ups in words, for `cep explain`. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator

from cep.durations import duration_text
from cep.language.words import quoted
from cep.plan.expression_text import expression_text
from cep.plan.plan import JoinPlan, JoinStage, LookupPlan, Plan, RolePlan


def join_rows(plan: Plan, join: JoinPlan) -> list[str]:
    """What happens to an event before it enters the window, one stage after the other, with what it is found by."""
    rows: list[str] = []
    for number, stage in enumerate(join.stages, start=1):
        role = join.roles[stage.role]
        if isinstance(stage, LookupPlan):
            table = plan.tables[stage.table]
            rows.append(f'{number}. look up {quoted(stage.table)} in "{table.path}", key {", ".join(table.key)}')
            rows += _lookup_rows(stage)
        else:
            rows.append(f"{number}. {'left ' * stage.left}join {_name(role)} within {duration_text(stage.within_us)}")
            rows += _join_rows(plan, stage, role)
        rows += [f"   and tests: {expression_text(part)}" for part in stage.rest]
    return rows


def _name(role: RolePlan) -> str:
    kinds = " or ".join(quoted(kind) for kind in role.fits)
    return kinds if kinds == role.name else f"{kinds} as {quoted(role.name)}"


def _lookup_rows(stage: LookupPlan) -> Iterator[str]:
    if not stage.columns:
        yield "   tries every row: no column is compared by `==`"
    for column, value in zip(stage.columns, stage.values, strict=True):
        yield f"   finds rows by {quoted(column)} == {expression_text(value)}"


def _join_rows(plan: Plan, stage: JoinStage, role: RolePlan) -> Iterator[str]:
    for kind, fit in role.fits.items():
        condition = plan.types[kind].conditions[fit.bit]
        yield f"   {kind}, bit {fit.bit}: {'always' if condition is None else expression_text(condition)}"
    if not stage.own:
        yield "   tries every pair in time: nothing is compared by `==`"
    for own, earlier in zip(stage.own, stage.earlier, strict=True):
        yield f"   finds partners by {expression_text(own, quoted(role.name))} == {expression_text(earlier)}"
