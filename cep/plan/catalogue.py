"""Bits and fields per event type, numbered while the rules are planned. Plan layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cep.language.checked import Alternative, Binary, Expression, RuleSet, SchemaField, Step
from cep.plan.automaton import Fit
from cep.plan.plan import TypePlan
from cep.plan.walk import candidate_fields, conjuncts, event_fields, is_local, may_fail
from cep.types import BOOL


class Catalogue:
    """Bits and fields per event type, filled while the rules are planned."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._source_types = _source_types(rules)
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
        assert alternative.type is not None, "`any(…)` is spread over the types by `fits`"
        local: list[Expression] = []
        ties: list[Expression] = []
        for part in [*conjuncts(alternative.condition), *extra]:
            goes_first = is_local(part) and (not ties or not may_fail(part))
            (local if goes_first else ties).append(part)
        self.read(alternative.type, (*local, *ties))
        return Fit(self._bit(alternative.type, _joined(local)), tuple(ties))

    def fits(self, step: Step, extra: Iterable[Expression] = ()) -> dict[str, Fit]:
        """One fit per event type; several alternatives of one type are joined by ``or``.

        ``any(…)`` is an alternative of every type that rules read, and of :data:`ANY_TYPE` for the others.
        """
        extra = tuple(extra)
        spread: list[Alternative] = []
        for alternative in step.alternatives:
            types = self._source_types if alternative.type is None else (alternative.type,)
            spread += [replace(alternative, type=name) for name in types]
        named = {alternative.type for alternative in step.alternatives}
        found: dict[str, Fit] = {}
        for each in merged(tuple(spread)):
            assert each.type is not None
            found[each.type] = replace(self.fit(each, extra), source_only=each.type not in named)
        return found

    def always(self, event_type: str) -> int:
        """The mask of a condition that every event of the type meets."""
        self.read_names(event_type, ())
        return 1 << self._bit(event_type, None)

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

    def types(self, derived: Mapping[str, tuple[SchemaField, ...]]) -> dict[str, TypePlan]:
        """All types that rules read. ``derived`` are those that rules emit, with the fields whose JSON is a text."""
        plans: dict[str, TypePlan] = {}
        for name, conditions in self._conditions.items():
            schema = self._rules.schemas.get(name)
            fields = self._fields.get(name, {})
            checks: tuple[SchemaField, ...] = ()
            if schema is not None:
                wanted = dict.fromkeys([*fields, *filter(None, (schema.time_field, schema.id_field))])
                checks = tuple(schema.fields[f] for f in wanted if f in schema.fields)
                fields = wanted
            elif name in derived:
                checks = tuple(check for check in derived[name] if check.name in fields)
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


ANY_TYPE = "*"
"""Stands for the event types that no rule names, where a rule has `any(…)`."""


def _source_types(rules: RuleSet) -> tuple[str, ...]:
    """What `any(…)` is spread over."""
    active = [rule for rule in rules.rules if not rule.disabled]
    named = dict.fromkeys(name for rule in active for name in rule.reads if name is not None)
    return (*named, ANY_TYPE)


def merged(alternatives: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
    """Alternatives of the same type as one, their conditions joined by ``or``."""
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
    if not parts:
        return None
    whole = parts[0]
    for part in parts[1:]:
        whole = Binary("and", whole, part, BOOL, span=whole.span)
    return whole
