"""Sections 6 and 9: each derived event names the events and roles that made it, also for absence and for windows."""

from __future__ import annotations

import pytest

from tests.specification.scenario import ZERO_US, play

SECOND_US = 1_000_000

ABSENCES = [
    ("A then no B for 5s", "", "a@0 z@9", "B", 5, [("A", "a")]),
    ("A then B then no C", "within 9s", "a@0 b@2 z@20", "C", 9, [("A", "a"), ("B", "b")]),
    ("A then no (B or C) for 5s", "", "a@0 z@9", "B or C", 5, [("A", "a")]),
    ("A then no (B then C) for 5s", "", "a@0 b@1 z@9", "B then C", 5, [("A", "a")]),
    ("A as first_one then no B for 2s then no C for 3s", "", "a@0 z@9", "C", 5, [("first_one", "a")]),
    ("no A for 5s", "", "a@1 z@9", "A", 6, [("A", "a")]),
    ("3+ A then no A for 2s", "", "a1@0 a2@1 a3@2 z@9", "A", 4, [("A", "a1"), ("A", "a2"), ("A", "a3")]),
]


@pytest.mark.parametrize(("pattern", "clauses", "events", "awaited", "deadline_s", "evidence"), ABSENCES)
def test_of_an_absence(
    pattern: str, clauses: str, events: str, awaited: str, deadline_s: int, evidence: list[tuple[str, str]]
) -> None:
    """What stayed away, until when, and what was there."""
    played = play(f"rule r when {pattern} {clauses} emit X()", events)
    [derived] = played.derived
    assert (derived.awaited, derived.deadline_us) == (awaited, ZERO_US + deadline_s * SECOND_US)
    assert derived.to_dict()["cep"]["awaited"]["step"] == awaited
    assert [item.step for item in derived.evidence] == [step for step, _ in evidence]
    assert played.found == [f"{' '.join(name for _, name in evidence)} @{deadline_s}"]


def test_of_a_time_out() -> None:
    rules = "rule r when A then B then C within 5s emit X() on timeout emit T()"
    [derived] = play(rules, "a@0 b@1 z@9").derived
    assert (derived.type, derived.awaited, derived.deadline_us) == ("T", "c", ZERO_US + 5 * SECOND_US)
    assert [item.step for item in derived.evidence] == ["A", "B"]


def test_what_an_event_completes_has_not_waited_for_anything() -> None:
    [derived] = play("rule r when A then no B for 2s then C emit X()", "a@0 c@3").derived
    assert (derived.awaited, derived.deadline_us) == (None, None)
    assert "awaited" not in derived.to_dict()["cep"]


WINDOWS = [
    ("last 2 seconds", "when count() >= 2", [["s:1", "s:2"]]),
    ("last 2 events", "when count() > 0 every time", [["s:1", "s:2"], ["s:2", "s:4"]]),
    ("every 5 seconds", "", [["s:1", "s:2", "s:4"]]),
    ("4 seconds every 2 seconds", "when count() >= 2", [["s:1", "s:2"], ["s:1", "s:2"]]),
    ("session of 2 seconds", "", [["s:1", "s:2"], ["s:4"]]),
    ("each hour", "", [["s:1", "s:2", "s:4"]]),
    ("all", "when count() >= 3", [["s:1", "s:2", "s:4"]]),
]


@pytest.mark.parametrize(("window", "when", "expected"), WINDOWS)
def test_of_a_window(window: str, when: str, expected: list[list[str]]) -> None:
    """The events in it, under the label of its input."""
    rules = f"rule r from A over {window} {when} emit X(n = count())"
    played = play(rules, "a@0 a@1 b@1 a@4", end="flush")
    assert [[item.id for item in derived.evidence] for derived in played.derived] == expected
    assert {item.step for derived in played.derived for item in derived.evidence} == {"A"}
