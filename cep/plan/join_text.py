"""Joins and look-ups in words, for `cep explain`. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def join_sentence(join: JoinPlan) -> str:
    """``pairs `a` with each `b` that is at most 5 minutes away, and looks up the row of `cards` ``."""
    parts: list[str] = []
    first = join.roles[0]
    for stage in join.stages:
        role = join.roles[stage.role]
        if isinstance(stage, LookupPlan):
            parts.append(f"looks up the row of `{stage.table}`")
            continue
        what = f"each `{first.label}`" if not parts else "each of these"
        alone = " (or with none, once that time is up)" if stage.left else ""
        parts.append(f"pairs {what} with each `{role.label}` at most {duration_text(stage.within_us)} apart{alone}")
    text = _listed(parts)
    return text if join.joins else f"{text} for each `{first.label}`"


def join_state(join: JoinPlan) -> Iterator[str]:
    """What is kept for it."""
    for stage in join.stages:
        if isinstance(stage, JoinStage):
            side = join.roles[stage.role].label
            span = duration_text(stage.within_us)
            yield f"`{side}` and what it is joined to, for {span} each, up to the limit `join_events`"
            if stage.left:
                yield f"a timer for each that waits for its `{side}`"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
