"""What became of tests, as plain data. Testing layer.

A result is made by :mod:`cep.testing.running`, told by :mod:`cep.testing.telling`, written by
:mod:`cep.testing.formats`. Times are microseconds of event time; a test's own times count from ``zero_us``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cep.diagnostics import NOWHERE, Span
from cep.event import DerivedEvent

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A row of ``expect``: a derived event and those of its fields that were written, as JSON values."""

    type: str
    time_us: int
    fields: Mapping[str, Any]
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the test itself: an event that could not be used, a file that cannot be read."""

    message: str
    span: Span
    hint: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """What was expected beside what came. Null on the left: nobody expected it; on the right: it is missing.

    ``differences`` names the fields that differ, ``time`` among them; empty where both agree. ``reasons`` say of a
    missing one what is known about why.
    """

    expected: Expected | None
    actual: DerivedEvent | None
    differences: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def kind(self) -> Literal["same", "different", "missing", "unexpected"]:
        """How the two sides stand to each other."""
        if self.actual is None:
            return "missing"
        if self.expected is None:
            return "unexpected"
        return "different" if self.differences else "same"


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """What became of one test.

    ``rules`` are those whose derived events were compared. ``actual`` are these events, also where nothing was
    expected. ``is_open``: ``expect`` was left empty. ``notes`` are sentences on the whole. ``skipped`` says why it did
    not run.
    """

    name: str
    rules: tuple[str, ...]
    span: Span
    zero_us: int = 0
    pairs: tuple[Pair, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    actual: tuple[DerivedEvent, ...] = ()
    is_open: bool = False
    skipped: str | None = None
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """``passed``, ``failed`` or ``skipped``."""
        if self.skipped is not None:
            return "skipped"
        return "failed" if self.problems or any(pair.kind != "same" for pair in self.pairs) else "passed"

    @property
    def passed(self) -> bool:
        """Whether it ran and came out as expected."""
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which rules no test expects to fire, and of which no test expects that they stay silent. Disabled ones count not.

    A test is negative for each rule that it names if it expects nothing of it.
    """

    rules: int = 0
    without_positive: tuple[str, ...] = ()
    without_negative: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All results, in the order of the files. ``left`` counts the tests that a stop at the first failure left out."""

    results: tuple[RuleTestResult, ...]
    coverage: Coverage = field(default_factory=Coverage)
    left: int = 0
    seconds: float = 0.0

    def count(self, outcome: Outcome) -> int:
        """How many came out so."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def failures(self) -> tuple[RuleTestResult, ...]:
        """Those that failed."""
        return tuple(result for result in self.results if result.outcome == "failed")

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.failures
