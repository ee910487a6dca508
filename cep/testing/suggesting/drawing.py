"""Values for the events of a scenario, such that the condition of each step holds by itself. Testing layer.

The engine judges: a drawn event is taken in by the generated reader of its type, whose bits say which conditions hold.
What ties steps together (`where`, keys, windows) is left to the whole scenario: a field has the same value in all
events, or another in each, or rises, or falls, or anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cep.durations import format_duration
from cep.engine import Engine
from cep.event import Event
from cep.functions.records import EvaluationError
from cep.language.checked import Alternative, Binary, CheckedRule, Constant, Expression, IsNull, RuleSet, Schema
from cep.plan.field_uses import field_uses
from cep.plan.generate.functions import Functions
from cep.plan.intake import EventClock, RecordError, is_address
from cep.plan.plan import PatternPlan, RulePlan, TypePlan
from cep.plan.walk import conjuncts, walk
from cep.testing.suggesting.pools import Path, Pools, nested, path_of
from cep.testing.suggesting.shapes import Take
from cep.timestamps import TIME_FIELDS, format_time, parse_time

_DRAWS = 300
_MODES = ("same", "same", "distinct", "rising", "falling", "any")
ZERO_US = parse_time("2026-01-01T00:00:00Z")


@dataclass(slots=True)
class Manner:
    """How the values of an attempt hang together: by path a mode, and by key the value that all events share.

    ``number`` counts attempts; without ``chance`` all fields are the same in all events. ``zero_us`` is the time at
    which conditions are judged.
    """

    chance: Random | None
    number: int = 0
    zero_us: int = ZERO_US
    modes: dict[Path, str] = field(default_factory=dict)
    offsets: dict[Path, int] = field(default_factory=dict)

    def mode(self, path: Path) -> str:
        """The mode of a path, chosen once."""
        if path not in self.modes:
            if self.chance is None:
                self.modes[path] = ("same", "distinct", "rising")[min(self.number, 2)]
            else:
                self.modes[path] = self.chance.choice(_MODES)
        return self.modes[path]

    def offset(self, path: Path, count: int) -> int:
        """Where among so many numbers what rises or falls begins."""
        if path not in self.offsets:
            self.offsets[path] = 0 if self.chance is None else self.chance.randrange(count)
        return self.offsets[path]


def another(value: Any, round_: int) -> Any:
    """A value like this one, another in each round."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            return value + 100_000 * round_
        case str() if is_address(value):
            return f"10.{round_ % 250}.{len(value) % 250}.{value.rpartition('.')[2]}"
        case str():
            return f"{value}-{round_ + 1}"
    return value


class Draw:
    """Draws events for one rule. ``unmet`` are the steps whose condition no draw has met."""

    def __init__(self, rules: RuleSet, rule: CheckedRule, engine: Engine) -> None:
        self._schemas: Mapping[str, Schema] = rules.schemas
        self._rule = rule
        self._plan: RulePlan = next(plan for plan in engine.plan.rules if plan.name == rule.name)
        self._engine = engine
        self._clock = EventClock()
        self._functions = Functions(engine.projection, self._clock)
        self._readers: dict[str, Callable[[Event], int]] = {}
        self.pools = Pools.of(rule)
        uses = field_uses(engine.plan, self._plan)
        self._read = {use.name for use in uses}
        self.unmet: set[str] = set()

    # ---- what an event of a type has ----

    def paths(self, event_type: str) -> list[Path]:
        """The paths that an event of the type needs: those that this rule reads, and what its schema requires."""
        schema = self._schemas.get(event_type)
        plan = self._engine.plan.types.get(event_type)
        names = [name for name in plan.expected if name in self._read] if plan is not None else []
        timed = schema.time_field if schema is not None else None
        if schema is not None:
            required = [name for name, each in schema.fields.items() if not each.type.optional]
            names = list(dict.fromkeys([*required, *(name for name in names if name in schema.fields)]))
        names = [name for name in names if name != timed and not (timed is None and name in TIME_FIELDS)]
        inner = {path for path in self._read_paths() if len(path) > 1}
        found: list[Path] = []
        for name in names:
            inside = sorted((path for path in inner if path[0] == name), key=str)
            found += inside or [(name,)]
        return found

    def _read_paths(self) -> set[Path]:
        read = {path for node in walk(self._rule) for path in [path_of(node)] if path is not None}
        for key in self._rule.keys:
            read.update([key.path, *key.by_type.values()])
        return read

    def key_paths(self, event_type: str) -> dict[Path, str]:
        """The paths of the rule's keys in a type, with their names."""
        return {key.by_type.get(event_type, key.path): key.name for key in self._rule.keys}

    # ---- drawing ----

    def values(self, take: Take, place: int, manner: Manner) -> dict[Path, Any] | None:
        """Values for the event at a place of the scenario; null where no draw meets the step's condition."""
        event_type = take.alternative.type or self._any_type()
        pools = self._narrowed(take.alternative, event_type)
        chance = manner.chance or Random(manner.number)  # noqa: S311 - examples, no secrets
        for draw in range(_DRAWS):
            values = {
                path: self._one(path, pool, place, manner, chance if draw else None) for path, pool in pools.items()
            }
            self._put_keys(event_type, values)
            if self._holds(take, event_type, values, manner.zero_us):
                return values
        self.unmet.add(take.step)
        return None

    def type_of(self, take: Take) -> str:
        """The type of the event of a part."""
        return take.alternative.type or self._any_type()

    def _any_type(self) -> str:
        return next(iter(self._schemas), "Event")

    def _one(self, path: Path, pool: list[Any], place: int, manner: Manner, chance: Random | None) -> Any:
        mode = manner.mode(path)
        if chance is not None and (manner.chance is not None or chance.random() < 0.7):
            return chance.choice(pool)
        if mode == "distinct":
            return pool[place] if place < len(pool) else another(pool[place % len(pool)], place // len(pool))
        if mode in ("rising", "falling"):
            numbers = sorted({v for v in pool if isinstance(v, int | float) and not isinstance(v, bool)})
            if numbers:
                step = min(manner.offset(path, len(numbers)) + place, len(numbers) - 1)
                return numbers[step] if mode == "rising" else numbers[-1 - step]
        return manner.chance.choice(pool) if mode == "any" and manner.chance is not None else pool[0]

    def _put_keys(self, event_type: str, values: dict[Path, Any]) -> None:
        """All events have the same key."""
        for path, name in self.key_paths(event_type).items():
            values[path] = self.key_value(event_type, path, name)

    def key_value(self, event_type: str, path: Path, name: str, number: int = 0) -> Any:
        """A value of a key: the first, the second, …"""
        declared = self._declared(event_type, path)
        pool = self.pools.values(path, declared)
        if declared is None and path not in self.pools.constants:
            pool = self.pools.values((name,), None)
        return pool[number % len(pool)]

    def pool(self, event_type: str, path: Path) -> list[Any]:
        """All that is worth trying for a path of a type."""
        return self.pools.values(path, self._declared(event_type, path))

    def _declared(self, event_type: str, path: Path) -> Any:
        schema = self._schemas.get(event_type)
        return schema.fields.get(str(path[0])) if schema is not None and len(path) == 1 else None

    def _narrowed(self, alternative: Alternative, event_type: str) -> dict[Path, list[Any]]:
        """The pools of its paths, cut down by conditions of the form `field == value`, `in` and `is null`."""
        pools = {path: self.pools.values(path, self._declared(event_type, path)) for path in self.paths(event_type)}
        for part in conjuncts(alternative.condition):
            wanted = _wanted(part)
            if wanted is not None and wanted[0] in pools:
                pools[wanted[0]] = wanted[1] or pools[wanted[0]]
        return pools

    # ---- judging ----

    def _holds(self, take: Take, event_type: str, values: Mapping[Path, Any], time_us: int) -> bool:
        plan = self._engine.plan.types.get(event_type)
        if plan is None:
            return True
        mask = self._mask(plan, event_type, values, time_us)
        bit = self._bit(take, event_type)
        return mask is not None and (bit is None or bool(mask >> bit & 1))

    def _mask(self, plan: TypePlan, event_type: str, values: Mapping[Path, Any], time_us: int) -> int | None:
        if event_type not in self._readers:
            self._readers[event_type] = self._functions.reader(plan)
        record = {"type": event_type, plan.time_field or "time": format_time(time_us), **nested(values)}
        event = self._engine.projection.take(record)
        try:
            return self._readers[event_type](event)
        except (RecordError, EvaluationError, TypeError):
            return None

    def _bit(self, take: Take, event_type: str) -> int | None:
        operator = self._plan.operator
        if isinstance(operator, PatternPlan):
            fits = next((step.fits for step in operator.steps if step.name == take.step), {})
        elif self._plan.join is not None:
            fits = next((role.fits for role in self._plan.join.roles if role.name == take.step), {})
        else:
            fits = operator.fits
        fit = fits.get(event_type)
        return None if fit is None else fit.bit


def _wanted(part: Expression) -> tuple[Path, list[Any]] | None:
    """The path and the values that a condition of a simple form wants."""
    values: list[Any]
    match part:
        case Binary(operator="==", left=left, right=Constant(value=value)) if value is not None:
            path, values = path_of(left), [value]
        case Binary(operator="==", left=Constant(value=value), right=right) if value is not None:
            path, values = path_of(right), [value]
        case Binary(operator="in", left=left, right=Constant(value=tuple() as items)):
            path, values = path_of(left), [item for item in items if item is not None]
        case IsNull(value=inner, negated=False):
            path, values = path_of(inner), [None]
        case _:
            return None
    return None if path is None else (path, [_plain(value, part) for value in values])


def _plain(value: Any, part: Expression) -> Any:
    kinds = {node.type.name for node in walk(part) if isinstance(node, Constant)}
    return format_duration(value) if "duration" in kinds and isinstance(value, int) else value
