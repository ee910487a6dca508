"""Events, keys, steps and bounds in the words of the rule. Why layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cep.event import Event, event_id
from cep.language.words import number_word, quoted
from cep.plan.field_uses import field_uses
from cep.plan.plan import PatternPlan, Plan, RulePlan
from cep.projection import Projection
from cep.runtime.joined import JoinedEvent
from cep.why.conditions import Shown, value_text
from cep.why.report import EventShown
from cep.why.watching import key_values

_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class Telling:
    """Shows events of one rule: the fields are those that the rule reads."""

    def __init__(self, plan: Plan, rule: RulePlan, projection: Projection) -> None:
        self._projection = projection
        self._rule = rule
        self._names: dict[str, tuple[str, ...]] = {}
        uses = field_uses(plan, rule)
        for kind, known in plan.types.items():
            read = {use.name for use in uses if kind in use.types}
            keys = {key.by_type.get(kind, key.path) for key in rule.keys}  # told with the key, not with each event
            names = dict.fromkeys([*known.fields, *sorted(read)])
            self._names[kind] = tuple(name for name in names if name in read and (name,) not in keys)
        self._any = tuple(sorted({use.name for use in uses}))

    def kind(self, event: Event) -> str:
        """The event's type."""
        return self._projection.kind_of(event)

    def event(self, event: Event, step: str = "", conditions: Sequence[Shown] = (), note: str = "") -> EventShown:
        """An event in its role."""
        if isinstance(event, JoinedEvent):
            event = next(iter(event.events), event)
        kind = self.kind(event)
        names = self._names.get(kind, self._any)
        shown = [
            (quoted(name), value_text(self._projection.get(event, name))) for name in names if self._has(event, name)
        ]
        return EventShown(step, event_id(event), kind, event.time_us, tuple(shown), tuple(conditions), note)

    def _has(self, event: Event, name: str) -> bool:
        attribute = self._projection.attributes.get(name)
        return attribute is not None and getattr(event, attribute, msgspec.UNSET) is not msgspec.UNSET

    def key(self, key: Any) -> tuple[tuple[str, str], ...]:
        """The rule's keys with their values."""
        names = [each.name for each in self._rule.keys]
        return tuple((quoted(name), value_text(value)) for name, value in zip(names, key_values(key), strict=False))


def key_phrase(pairs: Iterable[tuple[str, str]]) -> str:
    """``user = "ann", card = 7``."""
    return ", ".join(f"{name} = {value}" for name, value in pairs)


def step_phrase(plan: PatternPlan, step: int, turn: int = 0, of: int = 0) -> str:
    """`` the third `failed login` of 3``, ``the step `ok` ``."""
    label = plan.steps[step].label
    if turn > 0 and of != 1:
        nth = _ORDINALS[turn] if turn < len(_ORDINALS) else f"{turn}th"
        return f"the {nth} `{label}`" + (f" of {number_word(of)}" if of else "")
    return f"`{label}`"
