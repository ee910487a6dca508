"""What must stay away: between, at the end, at the start, of groups, several in a row, and of a table's keys."""

import pytest

from tests.oracle.engine import run
from tests.oracle.letters import emitted, found, stream, waiting
from tests.oracle.rules import load
from tests.oracle.values import Value


def when(pattern: str, emit: str = "R(n = count())") -> str:
    return f"rule r when {pattern} emit {emit}\n"


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A then no B then C", "a1 b1 c1", []),
        ("A then no (B or D) then C", "a1 d1 c1 a2 c2", ["a2 c2 @4"]),
        ("A then no B then no D then C", "a1 d1 c1 a2 b1 c2 a3 c3", ["a3 c3 @7"]),
        # An event that takes a role is not forbidden, one that is skipped is.
        ("A then no B then optional B as b then C", "a1 b1 c1", ["a1 b1 c1 @2"]),
        ("A then no B then optional (B as b then D) then C", "a1 b1 c1", []),
        ("A then no B then optional (B as b then D) then C", "a1 b1 d1 c1", ["a1 b1 d1 c1 @3"]),
        # Passing over an element, what stands on both sides of it counts.
        ("A then no B then optional C then no D then E", "a1 b1 e1", []),
        ("A then no B then optional C then no D then E", "a1 d1 e1", []),
        ("A then no B then optional C then no D then E", "a1 d1 c1 e1", ["a1 c1 e1 @3"]),
        ("A then no B then optional C then no D then E", "a1 c1 b1 e1", ["a1 c1 e1 @3"]),
        ("A then no B then (C or D) then E", "a1 b1 c1 d1 e1", []),
        # One role may be spoiled while another goes on.
        ("A then (D+) then no B then C", "a1 d1 b1 c1 d2 c2", ["a1 d1 d2 c2 @5"]),
    ],
)
def test_between(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        # B stays away in (0, 5], D in (5, 8], C comes after 8.
        ("A then no B for 5 seconds then no D for 3 seconds then C", "a1@0 d1@5 b1@6 c1@8 c2@9", ["a1 c2 @9"]),
        ("A then no B for 5 seconds then no D for 3 seconds then C", "a1@0 b1@5 c1@9", []),
        ("A then no B for 5 seconds then no D for 3 seconds then C", "a1@0 d1@5.000001 c1@9", []),
        ("A then no B for 5 seconds then no D for 3 seconds then C", "a1@0 d1@8 c1@9", []),
        # Untimed behind timed: from the deadline on. Untimed before timed: all the time.
        ("A then no B for 5 seconds then no D then C", "a1@0 d1@5 c1@9", ["a1 c1 @9"]),
        ("A then no B for 5 seconds then no D then C", "a1@0 d1@6 c1@9", []),
        ("A then no D then no B for 5 seconds then C", "a1@0 d1@2 c1@9", []),
        ("A then no D then no B for 5 seconds then C", "a1@0 d1@8 c1@9", []),
        ("A then no D then no B for 5 seconds then C", "a1@0 b1@8 c1@9", ["a1 c1 @9"]),
    ],
)
def test_several_in_a_row_between(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A then no B for 5 seconds then no D for 3 seconds", "a1@0 d1@5 z@20", ["a1 @8"]),
        ("A then no B for 5 seconds then no D for 3 seconds", "a1@0 d1@8 z@20", []),
        ("A then no D then no B for 5 seconds", "a1@0 d1@5 z@20", []),
        ("A then no D then no B for 5 seconds", "a1@0 z@20", ["a1 @5"]),
        ("A then no B for 5 seconds then no D", "a1@0 d1@5 z@200", ["a1 @10"]),
        ("A then no B for 5 seconds then no D", "a1@0 d1@10 z@200", []),
        # The rule's 10 seconds are over before the wait for B is.
        ("A then C then no B for 5 seconds then no D", "a1@0 c1@8 z@200", ["a1 c1 @13"]),
        ("A then C then no B for 5 seconds then no D", "a1@0 c1@8 b1@12 z@200", []),
        ("(A then C then no B within 3 seconds)", "a1@0 c1@2 z@200", ["a1 c1 @3"]),
        ("(A then C then no B within 3 seconds)", "a1@0 c1@2 b1@3 z@200", []),
        ("D then (A then C then no B within 3 seconds)", "d1@0 a1@5 c1@6 z@200", ["d1 a1 c1 @8"]),
        ("A then within 4 seconds (C then no B)", "a1@0 c1@3 z@200", ["a1 c1 @4"]),
        ("A then optional C then no B", "a1@0 c1@3 z@200", ["a1 c1 @10"]),
        ("A then (C or D) then no B", "a1@0 d1@3 z@200", ["a1 d1 @10"]),
        ("(A then B){2} then no C", "a1@0 b1@1 a2@2 b2@3 z@200", ["a1 b1 a2 b2 @10"]),
        # The last turn's absence waits; the other turns' stand between.
        ("(A then no B for 2 seconds){2}", "a1@0 a2@2 a3@3 z@200", ["a1 a3 @5"]),
        ("A+? then no B for 2 seconds", "a1@0 a2@1 z@200", ["a1 a2 @3"]),
    ],
)
def test_at_the_end(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 10 seconds"), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A then no (B then C) then D", "a1 b1 c1 d1", []),
        ("A then no (B then C) then D", "a1 c1 b1 d1", ["a1 d1 @3"]),
        ("A then no (B then C) then D", "b1 a1 c1 d1", ["a1 d1 @3"]),
        ("A then no (three B) then D", "a1 b1 b2 d1 a2 b3 b4 b5 d2", ["a1 d1 @3"]),
        ("A then no (B and C) then D", "a1 c1 b1 d1", []),
        ("A then no (B and C) then D", "a1 c1 c2 d1", ["a1 d1 @3"]),
        ("A then no (three B within 2 seconds) then D", "a1@0 b1@1 b2@3 b3@4 d1@5", ["a1 d1 @5"]),
        ("A then no (three B within 2 seconds) then D", "a1@0 b1@1 b2@3 b3@4 b4@5 d1@6", []),
        ("A then no (B then immediately C) then D", "a1 b1 a2 c1 d1", ["a1 d1 @4"]),
        ("A then no (consecutive (B then C)) then D", "a1 b1 c1 d1", []),
        ("A then no ((B then C) or E) then D", "a1 b1 d1", ["a1 d1 @2"]),
        ("A then no ((B then C) or E) then D", "a1 b1 e1 d1", []),
        ("A then no (B then C) for 5 seconds", "a1@0 b1@1 c1@5 z@20", []),
        ("A then no (B then C) for 5 seconds", "a1@0 b1@1 c1@6 z@20", ["a1 @5"]),
        ("A then no (B then C) for 5 seconds then D", "a1@0 b1@4 c1@6 d1@7", ["a1 d1 @7"]),
        ("A then no (B then C) within 10 seconds", "a1@0 b1@9 c1@10 z@20", []),
        # It counts events that the reading skips; bound ones are none of it.
        ("A then no (B then C) then C as c", "a1 b1 c1", ["a1 c1 @2"]),
        ("A+ then no (B then C) then D", "a1 b1 a2 c1 d1", ["a1 a2 d1 @4"]),
        # Its conditions see what is bound around it.
        ("A as a then no (B(x == a.x) then C(x == a.x)) then D", "a1 x=1 b1 x=1 c1 x=2 d1", ["a1 d1 @3"]),
        ("A as a then no (B(x == a.x) then C(x == a.x)) then D", "a1 x=1 b1 x=1 c1 x=2 c2 x=1 d1", []),
    ],
)
def test_of_groups(pattern: str, events: str, matches: list[str]) -> None:
    within = "" if "within 10 seconds" in pattern else " within 100 seconds"
    assert found(when(pattern + within), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("no A for 5 seconds then B", "a1@0 a2@3 b1@8 b2@9", ["a2 b2 @9"]),
        ("no A for 5 seconds then B", "b1@9", []),
        ("no (A or C) for 5 seconds then B", "a1@0 c1@3 b1@9", ["c1 b1 @9"]),
        ("no (A or C) for 5 seconds", "a1@0 c1@3 z@20", ["c1 @8"]),
        ("no A for 5 seconds then no B for 3 seconds", "a1@0 b1@5 z@20", ["a1 @8"]),
        ("no A for 5 seconds then no B for 3 seconds", "a1@0 b1@6 z@20", []),
        ("no A for 5 seconds then immediately B", "a1@0 b1@6", ["a1 b1 @6"]),
        ("no A for 5 seconds then (B and C)", "a1@0 c1@6 b1@7", ["a1 c1 b1 @7"]),
        ("optional A then no B for 3 seconds then C", "b1@0 c1@4 a1@5 c2@9", ["b1 c1 @4", "a1 c2 @9"]),
        # Used up as every other event.
        ("no A for 2 seconds then A as back", "a1@0 a2@3 a3@6", ["a1 a2 @3"]),
        # It is the first event for `within`.
        ("no A for 5 seconds then B then C", "a1@0 b1@6 c1@101", []),
    ],
)
def test_at_the_start(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


def test_at_the_start_it_has_the_name_and_label_of_what_stays_away() -> None:
    rules = load(when("no Heartbeat for 5 seconds then B within 100 seconds", emit="R(first = first.v)"))
    (derived,) = run(rules, stream("Heartbeat1@0 v=7 b1@6")).derived
    assert derived.evidence == [("Heartbeat", "Heartbeat1"), ("B", "b1")]
    assert derived.fields == {"first": 7}


# ---- expect ----

HOSTS = 'table hosts from "hosts.csv" key host\n'


def expected(pattern: str, events: str, hosts: list[Value], flush: bool = False) -> list[tuple[Value, ...]]:
    emit = "R(host, n = count(), v = last.v)"
    rules = load(HOSTS + f"rule r when {pattern} per host emit {emit}\n")
    expected = {"hosts": [(host,) for host in hosts]}
    derived = run(rules, stream(events), "flush" if flush else "keep", expected=expected).derived
    return [(each.time_us // 1_000_000, *each.fields.values()) for each in derived]


def test_expect_waits_from_the_first_released_event_for_keys_never_seen() -> None:
    assert expected("expect H from hosts for 10 seconds", "z@5 h1@7 host=b v=3 z@30", ["a", "b"]) == [
        (15, "a", 0, None),
        (17, "b", 1, 3),
    ]


@pytest.mark.parametrize(("at", "times"), [("5", [15]), ("15", [25]), ("15.000001", [15, 25])])
def test_expect_is_cancelled_by_an_event_up_to_the_deadline(at: str, times: list[int]) -> None:
    assert [
        row[0] for row in expected("expect H from hosts for 10 seconds", f"z@5 h1@{at} host=a z@90", ["a"])
    ] == times


def test_expect_is_silence_for_keys_that_are_not_in_the_table() -> None:
    assert expected("expect H from hosts for 10 seconds", "h1@0 host=x z@30", []) == [(10, "x", 1, None)]
    assert expected("expect H from hosts for 10 seconds", "", ["a"], flush=True) == []


def test_expect_meets_where_with_a_step_that_is_null() -> None:
    assert expected("expect H from hosts for 10 seconds where h.x > 1", "z@0 z@30", ["a"]) == []
    assert expected('expect H from hosts for 10 seconds where host == "b"', "z@0 z@30", ["a", "b"]) == [
        (10, "b", 0, None)
    ]


def test_expect_then() -> None:
    pattern = "expect H from hosts for 10 seconds then B within 100 seconds"
    assert expected(pattern, "z@0 b1@10 host=a b2@11 host=a v=2", ["a"]) == [(11, "a", 1, 2)]
    assert expected(pattern, "z@0 h1@4 host=a b1@11 host=a b2@15 host=a v=2", ["a"]) == [(15, "a", 2, 2)]


def test_pending_absences_are_told_at_the_end_of_the_input() -> None:
    rules = when("A then no (B then C) for 5 seconds then no D for 5 seconds")
    assert waiting(rules, "a1@0 z@10") == ["a1 @10"]
    assert emitted(rules, "a1@0 z@11", "n") == [(1,)]
