"""The forms of windows, and which window [start, end) a time lies in. Plan layer: plain data and arithmetic.

What slides is evaluated at each event and told apart by what it keeps; what closes is evaluated once, at its end, and
told apart by where its windows begin and end. Times are microseconds UTC; bounds as S3 says.
"""

from __future__ import annotations

from dataclasses import dataclass

from cep.timestamps import DAY_US, zone_of
from cep.zoned import unit_bounds


@dataclass(frozen=True, slots=True)
class Single:
    """No ``over``: each event by itself."""


@dataclass(frozen=True, slots=True)
class Sliding:
    """``last D``, ``last N events``, both, ``all`` (neither), and ``since``.

    An event leaves once it is more than ``length_us`` old, once there are ``count`` newer ones, or with the reset that
    ``since`` names. With ``count`` it is evaluated once full, unless ``partial``.
    """

    length_us: int | None = None
    count: int | None = None
    partial: bool = False
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Hopping:
    """Windows of ``length_us``, one beginning at each multiple of ``step_us`` since 1970; tumbling: equal."""

    length_us: int
    step_us: int

    @property
    def overlaps(self) -> bool:
        """Whether an event may lie in several windows."""
        return self.step_us < self.length_us

    def first(self, time_us: int) -> tuple[int, int] | None:
        """The earliest window that holds the time; null where it lies between two."""
        start_us = ((time_us - self.length_us) // self.step_us + 1) * self.step_us
        return (start_us, start_us + self.length_us) if start_us <= time_us else None

    def later(self, start_us: int, time_us: int) -> tuple[int, int] | None:
        """The earliest window that holds the time and begins after another start; null where there is none."""
        first = self.first(time_us)
        if first is None or first[0] > start_us:
            return first
        start_us += self.step_us
        return (start_us, start_us + self.length_us) if start_us <= time_us else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hours, days, weeks (from Monday) or months of a zone; see :mod:`cep.zoned`."""

    unit: str
    zone: str

    @property
    def overlaps(self) -> bool:
        """They never do."""
        return False

    def first(self, time_us: int) -> tuple[int, int]:
        """The window that holds the time."""
        return unit_bounds(self.unit, zone_of(self.zone), time_us)

    def later(self, start_us: int, time_us: int) -> tuple[int, int] | None:
        """The same, null where it does not begin after another start."""
        found = self.first(time_us)
        return found if found[0] > start_us else None


@dataclass(frozen=True, slots=True)
class Session:
    """Events no more than ``gap_us`` apart and ``maximum_us`` from the first; both inclusive."""

    gap_us: int
    maximum_us: int | None = None

    def end_us(self, start_us: int, last_us: int) -> int:
        """When a session ends, that instant included: its last event + gap, or its maximum."""
        end_us = last_us + self.gap_us
        return end_us if self.maximum_us is None else min(end_us, start_us + self.maximum_us)


@dataclass(frozen=True, slots=True)
class Batch:
    """``every N events``: closes at the Nth."""

    count: int


Aligned = Hopping | Calendar
Form = Single | Sliding | Hopping | Calendar | Session | Batch


def length_us(form: Form) -> int | None:
    """How long a window is; null where it is no time, or (of a calendar) not always the same."""
    match form:
        case Sliding():
            return form.length_us if form.count is None else None
        case Hopping():
            return form.length_us
    return None


RUNNING_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "first", "last"})
"""Those whose state does not grow with what they are given, where nothing is taken out again."""


def only_grows(form: Form) -> bool:
    """Whether nothing goes out of a window of this form before all does."""
    match form:
        case Sliding():
            return form.length_us is None and form.count is None
        case Hopping():
            return form.length_us == form.step_us
    return isinstance(form, Calendar | Session | Batch)


_LONGEST_DAYS = {"hour": 1, "day": 2, "week": 8, "month": 32}


def longest_us(form: Form) -> int | None:
    """No window of this form is longer; null where nothing says how long it may be."""
    match form:
        case Hopping():
            return form.length_us
        case Calendar():
            return _LONGEST_DAYS[form.unit] * DAY_US
        case Session():
            return form.maximum_us
    return None


SETS_TIMERS = (Hopping, Calendar, Session)
"""The forms whose windows close when time has passed."""
