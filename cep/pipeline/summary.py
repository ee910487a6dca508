"""What a run tells: its progress while it runs, and its summary. Pipeline layer. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from cep.event import DeadLetter, LateEvent
from cep.pipeline.tables import TableState

Ended = Literal["complete", "interrupted", "terminated", "stopped", "reader_gone"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. ``bytes_total`` is null where a source does not know its size."""

    events: int
    derived: int
    seconds: float
    bytes_done: int
    bytes_total: int | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a partition was read: the ``position`` of its last record (a line), its bytes, whether it ended.

    ``complete`` is false where the input was damaged or cut off: the rest of it was not read.
    """

    source: str
    partition: str
    position: int
    bytes_read: int
    bytes_total: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Unseen:
    """An event type that rules read and no event had, or (``field``) a field that no event of the type had.

    ``near`` is a type, or a field of the type, that did occur and is written almost like it.
    """

    type: str
    field: str | None = None
    near: str | None = None


@dataclass(frozen=True, slots=True)
class LimitHit:
    """A limit that was hit: by which rule (empty: the engine), which, how often."""

    rule: str
    limit: str
    count: int


@dataclass(slots=True)
class Summary:
    """What a run did, whatever its engine did before it.

    ``events`` = ``accepted`` + ``late`` + the dead letters without a rule; ``dead_letters`` counts by code. The counts
    by rule list every rule that runs (``derived``) or those concerned (the others). ``first_late`` and ``first_dead``
    are kept where no output was given for them. ``without_time`` counts the records whose arrival was taken as their
    time; ``worst_lateness_us`` is how far the latest of the late events was behind the watermark, with a lateness of
    ``lateness_us``; ``unreadable`` are the ends of the inputs that were damaged or cut off.
    """

    ended: Ended = "complete"
    events: int = 0
    accepted: int = 0
    without_time: int = 0
    late: int = 0
    lateness_us: int = 0
    worst_lateness_us: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)
    derived: dict[str, int] = field(default_factory=dict)
    held_back: dict[str, int] = field(default_factory=dict)
    null_keys: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    windowed: frozenset[str] = frozenset()
    """The rules over windows, whose pending ones are windows and not absences."""
    limits: list[LimitHit] = field(default_factory=list)
    seconds: float = 0.0
    events_per_second: float = 0.0
    watermark: str | None = None
    unseen: list[Unseen] = field(default_factory=list)
    sources: list[SourceState] = field(default_factory=list)
    tables: list[TableState] = field(default_factory=list)
    first_late: list[LateEvent] = field(default_factory=list)
    first_dead: list[DeadLetter] = field(default_factory=list)
    unreadable: list[DeadLetter] = field(default_factory=list)
    stopped_by: DeadLetter | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        shown: dict[str, Any] = {
            "ended": self.ended,
            "events": self.events,
            "accepted": self.accepted,
            "without_time": self.without_time,
            "late": self.late,
            "lateness_us": self.lateness_us,
            "worst_lateness_us": self.worst_lateness_us,
            "dead_letters": sum(self.dead_letters.values()),
            "dead_letters_by_code": self.dead_letters,
            "derived": sum(self.derived.values()),
            "derived_by_rule": self.derived,
            "held_back": self.held_back,
            "null_keys": self.null_keys,
            "pending": self.pending,
            "limits": [asdict(hit) for hit in self.limits],
            "seconds": round(self.seconds, 6),
            "events_per_second": round(self.events_per_second),
            "watermark": self.watermark,
            "unseen": [asdict(each) for each in self.unseen],
            "sources": [asdict(state) for state in self.sources],
            "tables": [asdict(state) for state in self.tables],
            "first_late": [event.to_dict() for event in self.first_late],
            "first_dead_letters": [letter.to_dict() for letter in self.first_dead],
            "unreadable": [letter.to_dict() for letter in self.unreadable],
        }
        if self.stopped_by is not None:
            shown["stopped_by"] = self.stopped_by.to_dict()
        return shown
