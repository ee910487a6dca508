"""Everything that can grow has a limit with a name, a default and a counter (S13). Runtime layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an engine. All are counts; per rule unless they say otherwise.

    When one is hit, the oldest goes, it is counted under (rule, name), and what the rule derives from the state that
    lost something is marked ``degraded``.
    """

    runs_per_key: int = 1_000
    runs_per_rule: int = 1_000_000
    """Over all keys. At about 1 kB a run with its events, some 1 GB."""
    keys: int = 1_000_000
    window_events: int = 1_000_000
    """Per key."""
    loop_events: int = 10_000
    """Events that one loop of one run holds; further ones are not taken."""
    matches: int = 10_000
    """Matches that one event completes; the rest are not made."""
    join_events: int = 1_000_000
    """Events that the inputs of a join hold, over all keys."""
    reorder_buffer: int = 1_000_000
    """Events waiting for their turn, over the whole engine; beyond it the earliest are released before their time."""
    evidence: int = 100
    """Events listed with a derived event: the newest ones; ``truncated`` says that there were more."""


class Counters:
    """What happened so far. Rules by name."""

    __slots__ = (
        "dead_letters",
        "derived",
        "events",
        "held_back",
        "late",
        "limits",
        "null_keys",
        "table_changes",
        "without_time",
    )

    def __init__(self) -> None:
        self.events = 0
        """Records that arrived, whatever became of them."""
        self.without_time = 0
        """Records whose arrival was taken as their time, since they had none."""
        self.late = 0
        self.dead_letters = 0
        self.derived: Counter[str] = Counter()
        self.held_back: Counter[str] = Counter()
        self.null_keys: Counter[str] = Counter()
        self.limits: Counter[tuple[str, str]] = Counter()
        self.table_changes: Counter[str] = Counter()
        """How often each table was given other rows after the first."""

    def snapshot(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "events": self.events,
            "without_time": self.without_time,
            "late": self.late,
            "dead_letters": self.dead_letters,
            "derived": dict(self.derived),
            "held_back": dict(self.held_back),
            "null_keys": dict(self.null_keys),
            "limits": [[rule, name, count] for (rule, name), count in self.limits.items()],
            "table_changes": dict(self.table_changes),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`snapshot` gave."""
        self.events = state["events"]
        self.without_time = state["without_time"]
        self.late = state["late"]
        self.dead_letters = state["dead_letters"]
        self.derived = Counter(state["derived"])
        self.held_back = Counter(state["held_back"])
        self.null_keys = Counter(state["null_keys"])
        self.limits = Counter({(rule, name): count for rule, name, count in state["limits"]})
        self.table_changes = Counter(state["table_changes"])
