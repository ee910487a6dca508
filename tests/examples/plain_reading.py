"""Reads a file of events for the plain programs beside it: no engine, nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

Record = dict[str, Any]


class Alert(NamedTuple):
    """What a rule must find: when, what, and the fields by name."""

    time: str
    type: str
    fields: Record


class Reading(NamedTuple):
    """A file's usable events in the order of (time, line), and the lines that are none, or late."""

    events: list[Record]
    broken: list[int]
    late: list[int]


def seconds(text: str) -> int:
    """ISO 8601 with whole seconds, as seconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp())


def text_of(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(
    path: Path,
    time_field: str,
    lateness: int = 0,
    usable: Callable[[Record], bool] = lambda record: True,
) -> Reading:
    """The events of a JSONL file; each gets ``t``, its time in seconds.

    A line that is no JSON object or not ``usable`` is broken. A line whose time lies more than ``lateness`` seconds
    before the highest time above it is late.
    """
    events: list[Record] = []
    broken: list[int] = []
    late: list[int] = []
    highest = 0
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            record["t"] = seconds(record[time_field])
        except (ValueError, KeyError, TypeError):
            broken.append(number)
            continue
        if not usable(record):
            broken.append(number)
            continue
        if record["t"] < highest - lateness:
            late.append(number)
            continue
        highest = max(highest, record["t"])
        events.append(record)
    events.sort(key=lambda record: record["t"])  # stable: equal times stay in the order of the lines
    return Reading(events, broken, late)
