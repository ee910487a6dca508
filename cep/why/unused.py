"""Events that came and never reached the rule: late ones, dead letters, those without a key. Why layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cep.durations import duration_text
from cep.event import DeadLetter, Event, LateEvent, Origin
from cep.functions.records import EvaluationError
from cep.plan.catalogue import ANY_TYPE
from cep.plan.intake import RecordError
from cep.plan.plan import RulePlan
from cep.timestamps import format_time, in_range
from cep.why.watching import Offered, Watch

_MOST = 400
_FIRST_SERIAL = 1 << 40


class Unused:
    """What a watch knows of such events, for one rule. By key; those without a key under null."""

    def __init__(self, watch: Watch, rule: RulePlan) -> None:
        self._watch = watch
        self._rule = rule
        self._readers: dict[str, Any] = {}
        self._serial = _FIRST_SERIAL
        self.by_key: dict[Any, list[Offered]] = {}
        self.unreadable: list[DeadLetter] = []
        for late in watch.late[-_MOST:]:
            self._add(self._late(late))
        for letter, watermark_us in watch.dead[-_MOST:]:
            if letter.rule is None:
                self._add(self._dead(letter, watermark_us))
        for offered in watch.null_keys[-_MOST:]:
            self._serial += 1
            told = f"its {self._key_names()} is null, so it takes no part in the rule"
            self._add(Offered(offered.event, offered.kind, offered.mask, None, self._serial, "key_null", told))

    def of(self, key: Any) -> list[Offered]:
        """Those of a key, and those without one."""
        return [*self.by_key.get(key, ()), *self.by_key.get(None, ())] if key is not None else []

    def _key_names(self) -> str:
        return " or ".join(f"`{key.name}`" for key in self._rule.keys) or "key"

    def _add(self, offered: Offered | None) -> None:
        if offered is not None:
            self.by_key.setdefault(offered.key, []).append(offered)

    def _late(self, late: LateEvent) -> Offered | None:
        behind = duration_text(max(0, late.watermark_us - late.time_us))
        told = f"it came late: {behind} behind the watermark, which was at {format_time(late.watermark_us)}"
        return self._decoded(late.raw, Origin(late.source, late.partition), late.position, "late", told, late.time_us)

    def _dead(self, letter: DeadLetter, watermark_us: int | None) -> Offered | None:
        told = f"it was a dead letter ({letter.code}): {letter.reason}"
        origin = Origin(letter.source, letter.partition)
        found = self._decoded(letter.raw, origin, letter.position, "dead_letter", told, None, watermark_us)
        if found is None and not self._has_other_type(letter.raw):
            self.unreadable.append(letter)
        return found

    def _has_other_type(self, raw: bytes | None) -> bool:
        """Whether the record could be read, and is of a type that the rule does not read."""
        event = self._event(raw)
        return event is not None and bool(self._watch.engine.projection.kind_of(event))

    def _event(self, raw: bytes | None) -> Event | None:
        try:
            return None if raw is None else self._watch.engine.projection.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None

    def _decoded(
        self,
        raw: bytes | None,
        origin: Origin,
        position: int,
        fate: str,
        told: str,
        time_us: int | None,
        otherwise_us: int | None = None,
    ) -> Offered | None:
        event = self._event(raw)
        if event is None:
            return None
        kind = self._watch.engine.projection.kind_of(event)
        kind = kind if kind in self._rule.reads or ANY_TYPE not in self._rule.reads else ANY_TYPE
        if kind not in self._rule.reads:
            return None
        mask = self._read(event, kind)
        event.about = (origin, position, event.id, None)
        if time_us is not None:
            event.time_us = time_us
        elif not event.time_us:
            if otherwise_us is None or not in_range(otherwise_us):
                return None
            event.time_us = otherwise_us
        try:
            key = self._watch.functions.key(self._rule.keys, kind)(event)
        except EvaluationError:
            return None
        self._serial += 1
        return Offered(event, kind, mask, key, self._serial, fate, told)

    def _read(self, event: Event, kind: str) -> int:
        plan = self._watch.plan.types[kind]
        if kind not in self._readers:
            self._readers[kind] = self._watch.functions.reader(plan)
        try:
            return int(self._readers[kind](event))
        except (RecordError, EvaluationError, TypeError):
            return self._mask_of_parts(event, kind)

    def _mask_of_parts(self, event: Event, kind: str) -> int:
        mask = 0
        for bit, condition in enumerate(self._watch.functions.conditions(self._watch.plan.types[kind])):
            try:
                mask |= int(condition(event)) << bit
            except (EvaluationError, TypeError):
                continue
        return mask

    def counts(self) -> Iterator[tuple[str, int]]:
        """How many of each fate."""
        fates = [offered.fate for rows in self.by_key.values() for offered in rows]
        for fate in dict.fromkeys(fates):
            yield fate, fates.count(fate)
