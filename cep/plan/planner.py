"""From checked rules to the plan. Plan layer.

Three passes over each rule: flatten the pattern into steps, split conditions into what looks at the event alone (a bit
of its type's mask) and what is tied to earlier steps, collect the fields that are read. What the language knows and the
runtime does not yet is refused here with CEP490, never planned to something else.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from cep.diagnostics import Diagnostic
from cep.language.checked import (
    CheckedEmit,
    CheckedKey,
    CheckedRule,
    RuleSet,
    SchemaField,
)
from cep.plan.catalogue import Catalogue
from cep.plan.join_planner import plan_join
from cep.plan.pattern_planner import is_strict, plan_pattern, watch_fits
from cep.plan.plan import AtMostPlan, EmitPlan, JoinPlan, PatternPlan, Plan, RulePlan, WindowPlan
from cep.plan.table_planner import TableUses
from cep.plan.unsupported import unsupported
from cep.plan.window_planner import plan_window
from cep.types import Type


def plan_rules(rules: RuleSet) -> tuple[Plan | None, list[Diagnostic]]:
    """The plan of all rules that are not disabled, or the reasons why there is none."""
    active = [rule for rule in rules.rules if not rule.disabled]
    diagnostics = [d for rule in active for d in unsupported(rule)]
    if diagnostics:
        return None, diagnostics
    catalogue = Catalogue(rules)
    tables = TableUses(rules)
    for rule in active:
        tables.of_rule(rule)
    plans = tuple(_plan_rule(number, rule, catalogue, tables) for number, rule in enumerate(active))
    whole = any(emit.star for rule in active for emit in (rule.emit, rule.on_timeout) if emit is not None)
    types = catalogue.types(_emitted(active))
    fields = tuple(sorted({name for t in types.values() for name in t.fields}))
    logic = [f"{p.name} {p.fingerprint}" for p in plans]
    logic += [f"table {table.name} {', '.join(table.key)}" for table in tables.plans().values()]
    digest = hashlib.blake2b("\n".join(logic).encode(), digest_size=16)
    disabled = tuple(rule.name for rule in rules.rules if rule.disabled)
    return Plan(plans, types, fields, whole, digest.hexdigest(), disabled, tables.plans(), tables.others), []


def _emitted(rules: Sequence[CheckedRule]) -> dict[str, tuple[SchemaField, ...]]:
    """The types that rules emit, with their fields that are written as text and read back from it."""
    found: dict[str, dict[str, SchemaField]] = {}
    for rule in rules:
        for emit in filter(None, (rule.emit, rule.on_timeout)):
            fields = found.setdefault(emit.type, {})
            for field in emit.fields:
                if field.value.type.name in ("timestamp", "duration", "decimal"):
                    fields[field.name] = SchemaField(field.name, field.value.type.or_null())
    return {name: tuple(fields.values()) for name, fields in found.items()}


def _plan_rule(number: int, rule: CheckedRule, catalogue: Catalogue, tables: TableUses) -> RulePlan:
    catalogue.rule_name = rule.name
    written = rule
    fingerprint = _fingerprint(rule)
    operator: PatternPlan | WindowPlan
    join: JoinPlan | None = None
    if rule.joins:
        rule, operator, join = plan_join(rule, catalogue, tables)
    else:
        operator = plan_pattern(rule, catalogue) if rule.pattern is not None else plan_window(rule, catalogue)
    if isinstance(operator, PatternPlan) and rule.on_timeout is not None:
        operator = dataclasses.replace(operator, on_timeout=_emit(rule.on_timeout))
    reads = _reads(operator, join, catalogue)
    for event_type in reads:
        for key in rule.keys:
            catalogue.expect_names(event_type, [str(key.by_type.get(event_type, key.path)[0])])
    at_most = None
    if rule.at_most is not None:
        at_most = AtMostPlan(rule.at_most.count, rule.at_most.every_us, _own_keys(rule.at_most.keys))
        for event_type, key in ((t, k) for t in reads for k in at_most.keys or ()):
            catalogue.expect_names(event_type, [str(key.by_type.get(event_type, key.path)[0])])
    return RulePlan(
        number,
        rule.name,
        fingerprint,
        operator,
        rule.keys,
        reads,
        _emit(rule.emit),
        at_most,
        rule.severity,
        rule.tags,
        rule.meta,
        rule.doc,
        join,
        written,
    )


def _emit(emit: CheckedEmit) -> EmitPlan:
    return EmitPlan(
        emit.type,
        tuple(f.name for f in emit.fields),
        tuple(f.value for f in emit.fields),
        tuple(f.value.type for f in emit.fields),
        emit.star,
    )


def _own_keys(keys: tuple[CheckedKey, ...] | None) -> tuple[CheckedKey, ...] | None:
    """The keys of `at most … per`; a null does not keep an emission out of the count."""
    return None if keys is None else tuple(dataclasses.replace(key, optional=True) for key in keys)


def _reads(operator: PatternPlan | WindowPlan, join: JoinPlan | None, catalogue: Catalogue) -> dict[str, int]:
    masks: dict[str, int] = {}
    groups = [operator.fits] if isinstance(operator, WindowPlan) else [step.fits for step in operator.steps]
    if isinstance(operator, WindowPlan):
        groups += [group.resets for group in operator.groups]
    else:
        groups += [fits for _, fits in watch_fits(operator.automaton)]
    groups += [role.fits for role in join.roles[1:]] if join is not None else []
    for fits in groups:
        for event_type, fit in fits.items():
            masks[event_type] = masks.get(event_type, 0) | 1 << fit.bit
    if isinstance(operator, PatternPlan) and is_strict(operator.automaton):
        for event_type in masks:
            masks[event_type] |= catalogue.always(event_type)
    return masks


def _fingerprint(rule: CheckedRule) -> str:
    """Of what decides about matches and what is emitted; not of the doc, tags or where the rule stands."""
    logic = (
        rule.pattern, rule.where, rule.within_us, rule.having, rule.after_match, rule.on_timeout, rule.limit,
        rule.input, rule.joins, rule.window, rule.when, rule.firing,
        [(key.name, key.path, sorted(key.by_type.items()), key.optional) for key in rule.keys], rule.emit, rule.at_most,
    )  # fmt: skip
    return hashlib.blake2b(_canonical(logic).encode(), digest_size=12).hexdigest()


def _canonical(value: object) -> str:
    """A text that is the same for equal values on every machine: sets in order, no places.

    Types that the checker inferred do not count: they depend on what other rules emit.
    """
    if isinstance(value, Type):
        return ""
    if dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value) if f.name != "span"]
        return f"{type(value).__name__}({','.join(_canonical(getattr(value, name)) for name in names)})"
    if isinstance(value, (tuple, list)):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, (set, frozenset)):
        return f"{{{','.join(sorted(map(_canonical, value)))}}}"
    return repr(value)
