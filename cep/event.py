"""Events: what comes in, what is derived, and what could not be used. Core layer: imports the core only.

:class:`Event` is the one representation of an event between source, graph and operators. It is a ``msgspec.Struct``
so that a source decodes straight into it; the fields that the rules read are added by a subclass that
:class:`cep.projection.Projection` builds, so that nothing else is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from cep.timestamps import EPOCH, format_time

_HIDDEN = {name: f"\u2063{name}\u2063" for name in ("time_us", "about")}
HIDDEN_NAMES = frozenset(_HIDDEN.values())
"""What the two fields that are ours are called in a record; no record can set them: the engine does so later."""

_UNKNOWN = (None, 0, None, None)


class Origin:
    """A partition of a source, as events refer to it: who made the event, for order (S1) and for ids.

    ``order`` sorts by source name, then partition. ``prefix`` starts the ids of its events (``logins.jsonl:``).
    """

    __slots__ = ("order", "partition", "prefix", "source")

    def __init__(self, source: str, partition: str = "") -> None:
        self.source = source
        self.partition = partition
        self.order = (source, partition)
        self.prefix = f"{source}:{partition}:" if partition else f"{source}:"


class Event(msgspec.Struct, gc=False, rename=_HIDDEN):
    """One event on its way through the engine.

    Made by sources through :class:`cep.projection.Projection`. ``time_us`` is event time and ``about`` a tuple (origin,
    position in the partition, given id or null, whole record or null), null until known; each field of a struct costs
    time at every record, so there are two. The engine sets both before it hands an event to operators, so that a
    hostile record cannot.
    """

    time_us: Any = 0
    about: Any = None

    @property
    def origin(self) -> Any:
        """The partition that it came from; null before the engine has placed it."""
        return (self.about or _UNKNOWN)[0]

    @property
    def position(self) -> Any:
        """The place in the partition: a line number, an offset."""
        return (self.about or _UNKNOWN)[1]

    @property
    def id(self) -> Any:
        """The id that it was given; null where the position is its id."""
        return (self.about or _UNKNOWN)[2]

    @property
    def raw(self) -> Any:
        """The whole record, where rules need it: its bytes, or a mapping."""
        return (self.about or _UNKNOWN)[3]

    def keep_raw(self, raw: Any) -> None:
        """For sources whose :attr:`cep.projection.Projection.whole` is set: the whole record."""
        self.about = (None, 0, None, raw)


def event_id(event: Event) -> str:
    """The event's own id, else ``source:partition:position``."""
    origin, position, own, _ = event.about
    return f"{origin.prefix}{position}" if own is None else str(own)


@dataclass(slots=True)
class Batch:
    """Decoded events of one partition, in its order.

    ``positions`` is a ``range`` where the records are consecutive. ``line`` gives the untouched bytes of the record at
    an index (for the late and dead-letter outputs), ``dead`` what could not be decoded. ``arrival_us`` is the wall
    clock when they arrived, microseconds, null where nobody looked.
    """

    source: str
    partition: str
    events: Sequence[Event]
    positions: Sequence[int]
    line: Callable[[int], bytes | None] = lambda index: None
    dead: Sequence[DeadLetter] = ()
    arrival_us: int | None = None


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """An event that took part in a derived event, and its role (``step``: the step's label)."""

    step: str
    id: str
    time_us: int

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``cep.evidence``."""
        return {"step": self.step, "id": self.id, "time": format_time(self.time_us)}


class DerivedEvent(msgspec.Struct, frozen=True):
    """What a rule emitted.

    ``fields`` hold JSON values (timestamps as ISO text, durations as ``5m``), in the order of the ``emit`` clause.
    ``id`` is the same whenever the same rule finds the same events (S8). ``key`` maps the rule's keys to their values.
    ``awaited``/``deadline_us`` are set when an absence completed it. ``degraded`` marks that a limit dropped
    something while it was made, ``truncated`` that only the newest evidence is listed.
    """

    type: str
    time_us: int
    fields: dict[str, Any]
    id: str
    rule: str
    key: dict[str, Any] = {}
    severity: str | None = None
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = {}
    evidence: tuple[Evidence, ...] = ()
    awaited: str | None = None
    deadline_us: int | None = None
    degraded: bool = False
    truncated: bool = False

    @property
    def time(self) -> str:
        """Event time as ISO 8601 text, UTC."""
        return format_time(self.time_us)

    def to_json(self) -> bytes:
        """One line of JSON, without the line's end. The same as that of :meth:`to_dict`, only faster."""
        time_us = self.time_us
        time = _moment(time_us)
        evidence = [
            _ShownEvidence(e.step, e.id, time if e.time_us == time_us else _moment(e.time_us)) for e in self.evidence
        ]
        awaited = None if self.awaited is None else _ShownDeadline(self.awaited, _moment(self.deadline_us or 0))
        about = _About(
            self.id, self.rule, self.key, self.severity, self.tags, self.meta, awaited, evidence, self.truncated,
            self.degraded,
        )  # fmt: skip
        return _ENCODER.encode({"type": self.type, "time": time, **self.fields, "cep": about})

    def to_dict(self) -> dict[str, Any]:
        """The JSON object as it is written out: type, time, the fields, and ``cep``."""
        time = format_time
        about: dict[str, Any] = {"id": self.id, "rule": self.rule}
        if self.key:
            about["key"] = self.key
        if self.severity is not None:
            about["severity"] = self.severity
        if self.tags:
            about["tags"] = self.tags
        if self.meta:
            about["meta"] = self.meta
        if self.awaited is not None:
            about["awaited"] = {"step": self.awaited, "deadline": time(self.deadline_us or 0)}
        about["evidence"] = [{"step": e.step, "id": e.id, "time": time(e.time_us)} for e in self.evidence]
        if self.truncated:
            about["truncated"] = True
        if self.degraded:
            about["degraded"] = True
        return {"type": self.type, "time": time(self.time_us), **self.fields, "cep": about}


class _ShownEvidence(msgspec.Struct, gc=False):
    step: str
    id: str
    time: object


class _ShownDeadline(msgspec.Struct, gc=False):
    step: str
    deadline: object


class _About(msgspec.Struct, omit_defaults=True, gc=False):
    """What ``cep`` holds in a line, in this order; what is at its default is left out, the evidence never."""

    id: str
    rule: str
    key: dict[str, Any] = {}
    severity: str | None = None
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = {}
    awaited: _ShownDeadline | None = None
    evidence: Any = None
    truncated: bool = False
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record, or one rule's reading of it, that could not be used: never lost in silence (S15).

    ``code`` is a CEP6xx code, ``reason`` a sentence; ``raw`` the record, cut at 64 KiB (``size`` is its true length in
    bytes); ``rule`` the rule whose expression failed, null where the whole record is concerned.
    """

    code: str
    reason: str
    source: str
    partition: str
    position: int
    raw: bytes | None = None
    size: int = 0
    rule: str | None = None
    field: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it is written to the dead-letter output."""
        return _letter(self) | {"raw": None if self.raw is None else self.raw.decode("utf-8", "backslashreplace")}


@dataclass(frozen=True, slots=True)
class LateEvent:
    """An event behind the watermark of its own partition, or behind what was already released (S2)."""

    source: str
    partition: str
    position: int
    time_us: int
    watermark_us: int
    raw: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it is written to the late output."""
        return {
            "source": self.source,
            "partition": self.partition,
            "position": self.position,
            "time": format_time(self.time_us),
            "watermark": format_time(self.watermark_us),
            "lateness_us": self.watermark_us - self.time_us,
            "raw": None if self.raw is None else self.raw.decode("utf-8", "backslashreplace"),
        }


def _letter(letter: DeadLetter) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "code": letter.code,
        "reason": letter.reason,
        "source": letter.source,
        "partition": letter.partition,
        "position": letter.position,
        "size": letter.size,
    }
    if letter.rule is not None:
        shown["rule"] = letter.rule
    if letter.field is not None:
        shown["field"] = letter.field
    return shown


def _moment(time_us: int) -> object:
    """What the encoder writes as :func:`format_time` does, only faster."""
    try:
        return EPOCH + timedelta(0, 0, time_us)
    except OverflowError:
        return format_time(time_us)


RAW_LIMIT = 64 * 1024
"""How many bytes of a record a dead letter keeps."""

_ENCODER = msgspec.json.Encoder()
