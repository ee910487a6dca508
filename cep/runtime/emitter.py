"""From a match to the derived event: fields, deterministic id, evidence, `at most`. Runtime layer.

One emitter per rule. The id (S8) is a hash of the rule, its logic, the key, the ids and roles of the events and the
completing time, every part with its length before it, so that no two lists of events can be made to give one id.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from cep.durations import format_duration
from cep.event import DerivedEvent, Event, Evidence
from cep.plan.generate.functions import ExpressionCompiler, KeyFunction
from cep.plan.generate.scope import scope_of
from cep.plan.generate.support import key_text, key_value
from cep.plan.plan import RulePlan
from cep.projection import Projection
from cep.runtime.joined import JoinedEvent, evidence_of
from cep.runtime.limits import Counters, Limits
from cep.runtime.state import DERIVED, pack_key, unpack_key
from cep.timestamps import format_time
from cep.types import Type

Roles = Sequence[tuple[str, Sequence[Event]]]
"""Labels of steps with their events, in the order of the pattern."""


class Derived(msgspec.Struct, eq=False, gc=False):
    """A derived event as the world sees it and, where rules read its type, as they see it."""

    public: DerivedEvent
    event: Event | None


class Emitter:
    """Makes the derived events of one rule and counts them."""

    def __init__(
        self,
        rule: RulePlan,
        compiler: ExpressionCompiler,
        projection: Projection,
        limits: Limits,
        counters: Counters,
        feeds_rules: bool,
    ) -> None:
        self._rule = rule
        self._projection = projection
        self._limits = limits
        self._counters = counters
        self._feeds_rules = feeds_rules
        self._values = compiler.values(rule.emit.values, scope_of(rule))
        forms = zip(rule.emit.names, map(_format_of, rule.emit.types), strict=True)
        self._formats = [(name, form) for name, form in forms if form is not None]
        self._key_formats = [_format_of(key.type) for key in rule.keys]
        self._key_names = [key.name for key in rule.keys]
        self._meta = dict(rule.meta)
        self._hash = hashlib.blake2b(_framed("cep", rule.name, rule.fingerprint), digest_size=20)
        self._own_key = _own_key(rule, compiler, projection)
        self._emitted: dict[Any, deque[int]] = {}
        self._ordinals: dict[str, int] = {}
        self._ordinals_us: int | None = None
        self._untouched = 0
        self._parts = [role.label for role in rule.join.roles] if rule.join is not None else []

    def emit(
        self,
        bound: Any,
        event: Event | None,
        key: Any,
        events: Sequence[Event],
        roles: Roles,
        time_us: int,
        awaited: str | None = None,
        degraded: bool = False,
    ) -> Derived | None:
        """The derived event, or null where `at most` holds it back.

        Raises:
            EvaluationError: an expression of the emit clause failed on this match.
        """
        rule = self._rule
        values = self._values(bound, event, key, events)
        if rule.at_most is not None:
            counted = key if self._own_key is None else self._own_key(events[-1])
            if not self._allowed(counted, time_us):
                self._counters.held_back[rule.name] += 1
                return None
        evidence, framed, truncated = self._joined_evidence(roles) if self._parts else self._evidence(roles)
        identity = self._identity(key, framed, time_us, awaited)
        shown = dict(zip(rule.emit.names, values))  # noqa: B905 - one value for each name
        raw = shown.copy() if self._feeds_rules or rule.emit.star else shown
        for name, form in self._formats:
            if shown[name] is not None:
                shown[name] = form(shown[name])
        if rule.emit.star:
            whole = self._whole(events[-1]) if events else {}
            shown = {**whole, **shown}
            raw = {**whole, **raw}
        public = DerivedEvent(
            rule.emit.type,
            time_us,
            shown,
            identity,
            rule.name,
            self._shown_key(key),
            rule.severity,
            rule.tags,
            self._meta,
            evidence,
            awaited,
            time_us if awaited is not None else None,
            degraded,
            truncated,
        )
        self._counters.derived[rule.name] += 1
        return Derived(public, self._record(public, raw) if self._feeds_rules else None)

    def unknown_event(self, time_us: int) -> Event:
        """An event of which nothing is known: it stands in for the one that a key is expected to have had."""
        event = self._projection.make({})
        event.time_us = time_us
        return event

    def share_allowance(self, other: Emitter) -> None:
        """Count the emissions of `at most` together with another emitter of the same rule."""
        self._emitted = other._emitted

    def _allowed(self, key: Any, time_us: int) -> bool:
        """Whether `at most` lets this emission out; it then counts as one."""
        at_most = self._rule.at_most
        assert at_most is not None
        times = self._emitted.get(key)
        if times is None:
            self._sweep(time_us)
            times = self._emitted[key] = deque()
        while times and times[0] <= time_us - at_most.every_us:
            times.popleft()
        if len(times) >= at_most.count:
            return False
        times.append(time_us)
        return True

    def _sweep(self, time_us: int) -> None:
        """Forget keys whose emissions are all too old to count; costs a constant per new key."""
        at_most = self._rule.at_most
        assert at_most is not None
        self._untouched += 1
        if self._untouched > len(self._emitted):
            self._untouched = 0
            oldest = time_us - at_most.every_us
            for key in [key for key, times in self._emitted.items() if not times or times[-1] <= oldest]:
                del self._emitted[key]

    def _evidence(self, roles: Roles) -> tuple[tuple[Evidence, ...], list[str], bool]:
        """The evidence, its part of the id, and whether it was cut."""
        listed, framed = [], []
        for label, events in roles:
            frame = f"{len(label)}:{label}"
            for e in events:
                origin, position, own, _ = e.about  # as :func:`cep.event.event_id` does
                identity = f"{origin.prefix}{position}" if own is None else str(own)
                listed.append(Evidence(label, identity, e.time_us))
                framed.append(f"{frame}{len(identity)}:{identity}")
        limit = self._limits.evidence
        if len(listed) > limit:
            return tuple(listed[-limit:]), framed[-limit:], True
        return tuple(listed), framed, False

    def _joined_evidence(self, roles: Roles) -> tuple[tuple[Evidence, ...], list[str], bool]:
        """The events of joined events, each once in its role; only so many joined events were handed over."""
        joined = [event for _, events in roles for event in events]
        once = {(label, id(e)): e for each in joined for label, e in evidence_of(self._parts, each)}
        evidence, framed, cut = self._evidence([(label, [e]) for (label, _), e in once.items()])
        return evidence, framed, cut or len(joined) > self._limits.evidence

    def _identity(self, key: Any, framed: Sequence[str], time_us: int, awaited: str | None) -> str:
        """``framed``: the steps and ids of the evidence, each with its length before it."""
        key_part = f"s{len(key)}:{key}" if key.__class__ is str else key_text(key)
        time = str(time_us)
        deadline = f"{len(awaited)}:{awaited}" if awaited else "0:"
        digest = self._hash.copy()
        parts = f"{len(key_part)}:{key_part}{len(time)}:{time}{deadline}{''.join(framed)}"
        digest.update(parts.encode("utf-8", "surrogatepass"))
        identity = digest.hexdigest()
        ordinal = self._ordinal(identity, time_us)
        if ordinal:
            digest.update(_framed(str(ordinal)))
            identity = digest.hexdigest()
        return "c1." + identity

    def _ordinal(self, identity: str, time_us: int) -> int:
        """How often the same has been derived at this time: events may share an id."""
        if time_us != self._ordinals_us:
            self._ordinals_us = time_us
            self._ordinals = {}
        ordinal = self._ordinals.get(identity, 0)
        self._ordinals[identity] = ordinal + 1
        return ordinal

    def _shown_key(self, key: Any) -> dict[str, Any]:
        names = self._key_names
        if not names:
            return {}
        if key.__class__ is str:
            return {names[0]: key}
        parts = key if key.__class__ is tuple else (key,)
        shown: dict[str, Any] = {}
        for name, part, form in zip(names, parts, self._key_formats, strict=True):
            value = key_value(part)
            shown[name] = value if form is None or value is None else form(value)
        return shown

    def _record(self, public: DerivedEvent, raw: dict[str, Any]) -> Event:
        """The derived event as rules see it: typed values, not their texts."""
        event = self._projection.make(raw)
        setattr(event, self._projection.attributes[self._projection.type_fields[0]], public.type)
        event.time_us = public.time_us
        event.about = (DERIVED, 0, public.id, public.fields)
        return event

    def _whole(self, event: Event) -> dict[str, Any]:
        """All fields of a matched event, less those that the derived event has of its own."""
        if event.raw is None:
            return {}
        fields = event.raw if isinstance(event.raw, dict) else msgspec.json.decode(event.raw)
        return {name: value for name, value in fields.items() if name not in ("type", "time", "cep")}

    def snapshot(self) -> dict[str, Any]:
        """The emissions that `at most` still counts, by key, and those of the present time."""
        return {
            "emitted": [[pack_key(key), list(times)] for key, times in self._emitted.items()],
            "time": self._ordinals_us,
            "ordinals": [[bytes.fromhex(identity), count] for identity, count in self._ordinals.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`snapshot` gave."""
        self._emitted.clear()  # the same dictionary: an emitter of the same rule may share it
        self._emitted.update((unpack_key(key), deque(times)) for key, times in state["emitted"])
        self._ordinals_us = state["time"]
        self._ordinals = {bytes(digest).hex(): count for digest, count in state["ordinals"]}


def _own_key(rule: RulePlan, compiler: ExpressionCompiler, projection: Projection) -> KeyFunction | None:
    """The key by which `at most … per` counts, of the last event; null where it counts by the rule's key."""
    keys = None if rule.at_most is None else rule.at_most.keys
    if keys is None:
        return None
    by_type = {kind: compiler.key(keys, kind) for kind in rule.reads}
    if rule.join is None:
        return lambda event: by_type[projection.kind_of(event)](event)
    nothing = (None,) * len(keys)

    def of_joined(joined: Event) -> Any:
        """Each key of the first of the joined events that has it, in the order in which the rule names them."""
        assert isinstance(joined, JoinedEvent)
        found = [by_type[projection.kind_of(event)](event) for event in joined.events]
        return tuple(next((key for key in part if key is not None), None) for part in zip(nothing, *found, strict=True))

    return of_joined


def _framed(*parts: str) -> bytes:
    """The parts, each with its length before it."""
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")


def _format_of(kind: Type) -> Callable[[Any], Any] | None:
    """How a value of this type is written as JSON; null where it is written as it is."""
    if kind.name == "timestamp":
        return _format_timestamp
    if kind.name == "duration":
        return _format_span
    if kind.name == "decimal":
        return str
    if kind.name == "list" and kind.item is not None:
        form = _format_of(kind.item)
        if form is not None:
            return lambda values: [None if v is None else form(v) for v in values]
    if kind.name == "any":
        return _format_any
    return None


def _format_timestamp(value: Any) -> Any:
    return format_time(value) if value.__class__ is int else value


def _format_span(value: Any) -> Any:
    return format_duration(value) if value.__class__ is int else value


def _format_any(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
