"""From checked rules to the plan. Plan layer.

Three passes over each rule: flatten the pattern into steps, split conditions into what looks at the event alone (a bit
of its type's mask) and what is tied to earlier steps, collect the fields that are read. What the language knows and the
runtime does not yet is refused here with CEP490, never planned to something else.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

from cep.diagnostics import Diagnostic
from cep.language.checked import (
    Alternative,
    CheckedRule,
    Expression,
    RuleSet,
    SchemaField,
    Step,
)
from cep.plan.pattern_planner import plan_pattern
from cep.plan.plan import AtMostPlan, EmitPlan, Fit, PatternPlan, Plan, RulePlan, TypePlan, WindowPlan
from cep.plan.unsupported import unsupported
from cep.plan.walk import candidate_fields, conjuncts, event_fields, is_local, may_fail
from cep.plan.window_planner import plan_window
from cep.types import BOOL, Type


def plan_rules(rules: RuleSet) -> tuple[Plan | None, list[Diagnostic]]:
    """The plan of all rules that are not disabled, or the reasons why there is none."""
    active = [rule for rule in rules.rules if not rule.disabled]
    diagnostics = [d for rule in active for d in unsupported(rule)]
    if diagnostics:
        return None, diagnostics
    catalogue = Catalogue(rules)
    plans = tuple(_plan_rule(number, rule, catalogue) for number, rule in enumerate(active))
    whole = any(rule.emit.star for rule in active)
    types = catalogue.types(frozenset(rule.emit.type for rule in active))
    fields = tuple(sorted({name for t in types.values() for name in t.fields}))
    digest = hashlib.blake2b("\n".join(f"{p.name} {p.fingerprint}" for p in plans).encode(), digest_size=16)
    disabled = tuple(rule.name for rule in rules.rules if rule.disabled)
    return Plan(plans, types, fields, whole, digest.hexdigest(), disabled), []


class Catalogue:
    """Bits and fields per event type, filled while the rules are planned."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._conditions: dict[str, dict[Expression | None, int]] = {}
        self._owners: dict[str, list[list[str]]] = {}
        self._fields: dict[str, dict[str, None]] = {}
        self._expected: dict[str, dict[str, None]] = {}
        self.rule_name = ""

    def fit(self, alternative: Alternative, extra: Iterable[Expression] = ()) -> Fit:
        """Number the part of the condition that looks at the event alone; the rest, and ``extra``, are ties.

        A local conjunct behind a tie is moved before it only if it cannot fail, so that no error shows that the
        written order would have hidden.
        """
        assert alternative.type is not None
        local: list[Expression] = []
        ties: list[Expression] = []
        for part in [*conjuncts(alternative.condition), *extra]:
            goes_first = is_local(part) and (not ties or not may_fail(part))
            (local if goes_first else ties).append(part)
        self.read(alternative.type, (*local, *ties))
        return Fit(self._bit(alternative.type, _joined(local)), tuple(ties))

    def fits(self, step: Step, extra: Iterable[Expression] = ()) -> dict[str, Fit]:
        """One fit per event type. Several alternatives of one type are joined by ``or`` before they come here."""
        extra = tuple(extra)
        return {a.type: self.fit(a, extra) for a in merged(step.alternatives) if a.type is not None}

    def read(self, event_type: str, expressions: Iterable[Expression]) -> None:
        """Note the fields of the candidate event that the expressions read."""
        for expression in expressions:
            self.expect_names(event_type, sorted(candidate_fields(expression)))
            self.read_names(event_type, sorted(event_fields(expression)))

    def read_names(self, event_type: str, names: Iterable[str]) -> None:
        """Note fields by name, which an event of the type may have."""
        self._fields.setdefault(event_type, {}).update(dict.fromkeys(names))

    def expect_names(self, event_type: str, names: Iterable[str]) -> None:
        """Note fields that a rule reads from this very type."""
        names = tuple(names)
        self.read_names(event_type, names)
        self._expected.setdefault(event_type, {}).update(dict.fromkeys(names))

    def _bit(self, event_type: str, condition: Expression | None) -> int:
        numbers = self._conditions.setdefault(event_type, {})
        owners = self._owners.setdefault(event_type, [])
        if condition not in numbers:
            numbers[condition] = len(numbers)
            owners.append([])
        bit = numbers[condition]
        if self.rule_name not in owners[bit]:
            owners[bit].append(self.rule_name)
        return bit

    def types(self, derived: frozenset[str]) -> dict[str, TypePlan]:
        """All types that rules read."""
        plans: dict[str, TypePlan] = {}
        for name, conditions in self._conditions.items():
            schema = self._rules.schemas.get(name)
            fields = self._fields.get(name, {})
            checks: tuple[SchemaField, ...] = ()
            if schema is not None:
                wanted = dict.fromkeys([*fields, *filter(None, (schema.time_field, schema.id_field))])
                checks = tuple(schema.fields[f] for f in wanted if f in schema.fields)
                fields = wanted
            plans[name] = TypePlan(
                name,
                tuple(conditions),
                tuple(tuple(names) for names in self._owners[name]),
                tuple(fields),
                tuple(self._expected.get(name, {})),
                schema.time_field if schema else None,
                schema.id_field if schema else None,
                checks,
                name in derived,
            )
        return plans


def merged(alternatives: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
    """Alternatives of the same type as one, their conditions joined by ``or``."""
    from cep.language.checked import Binary

    by_type: dict[str | None, Alternative] = {}
    for alternative in alternatives:
        known = by_type.get(alternative.type)
        if known is None:
            by_type[alternative.type] = alternative
        elif known.condition is None or alternative.condition is None:
            by_type[alternative.type] = Alternative(alternative.type)
        else:
            either = Binary("or", known.condition, alternative.condition, BOOL, span=known.condition.span)
            by_type[alternative.type] = Alternative(alternative.type, either)
    return tuple(by_type.values())


def _joined(parts: list[Expression]) -> Expression | None:
    from cep.language.checked import Binary

    if not parts:
        return None
    whole = parts[0]
    for part in parts[1:]:
        whole = Binary("and", whole, part, BOOL, span=whole.span)
    return whole


def _plan_rule(number: int, rule: CheckedRule, catalogue: Catalogue) -> RulePlan:
    catalogue.rule_name = rule.name
    operator: PatternPlan | WindowPlan
    operator = plan_pattern(rule, catalogue) if rule.pattern is not None else plan_window(rule, catalogue)
    emit = EmitPlan(
        rule.emit.type,
        tuple(f.name for f in rule.emit.fields),
        tuple(f.value for f in rule.emit.fields),
        tuple(f.value.type for f in rule.emit.fields),
        rule.emit.star,
    )
    reads = _reads(operator)
    for event_type in reads:
        for key in rule.keys:
            catalogue.expect_names(event_type, [str(key.by_type.get(event_type, key.path)[0])])
    at_most = AtMostPlan(rule.at_most.count, rule.at_most.every_us) if rule.at_most else None
    return RulePlan(
        number,
        rule.name,
        _fingerprint(rule),
        operator,
        rule.keys,
        reads,
        emit,
        at_most,
        rule.severity,
        rule.tags,
        rule.meta,
        rule.doc,
    )


def _reads(operator: PatternPlan | WindowPlan) -> dict[str, int]:
    masks: dict[str, int] = {}
    groups = [operator.fits] if isinstance(operator, WindowPlan) else [step.fits for step in operator.steps]
    if isinstance(operator, PatternPlan):
        groups += [f.fits for step in operator.steps for f in step.forbidden]
        if operator.wait is not None:
            groups.append(operator.wait.forbidden.fits)
    for fits in groups:
        for event_type, fit in fits.items():
            masks[event_type] = masks.get(event_type, 0) | 1 << fit.bit
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
