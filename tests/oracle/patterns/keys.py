"""Whose events belong together, and which event meets a step's own condition (sentences 1 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cep.language import checked as c
from tests.oracle.interpreter import Scope, holds
from tests.oracle.values import OracleEvent, Order, Value, identity, kind


def key_of(keys: Sequence[c.CheckedKey], event: OracleEvent) -> dict[str, Value] | None:
    """The event's values of the keys; null if one is no key, or null and not optional (S7)."""
    found: dict[str, Value] = {}
    for key in keys:
        value: Value = event.fields
        for part in key.by_type.get(event.type, key.path):
            try:
                value = value[part]
            except (LookupError, TypeError):
                value = None
        if kind(value) in ("list", "map") or (value is None and not key.optional):
            return None
        found[key.name] = value
    return found


def by_key(keys: Sequence[c.CheckedKey], events: Sequence[OracleEvent]) -> dict[Order, list[OracleEvent]]:
    """The events of each key, in order. Events whose key is null are left out."""
    groups: dict[Order, list[OracleEvent]] = {}
    for event in events:
        values = key_of(keys, event)
        if values is not None:
            key = tuple(identity(value) for value in values.values())
            groups.setdefault(key, []).append(event)
    return groups


def accepts(step: c.Step, event: OracleEvent, scope: Scope) -> bool:
    """Whether the event has the type and meets the condition of one of the step's alternatives.

    Raises:
        EvaluationFailure: the data does not allow a condition.
    """
    for alternative in step.alternatives:
        if alternative.type is None:
            if event.derived:
                continue
        elif alternative.type != event.type:
            continue
        if holds(alternative.condition, replace(scope, candidate=event)):
            return True
    return False
