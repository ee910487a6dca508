"""``on timeout emit``, worked out by hand."""

import pytest

from cep.timestamps import SECOND_US
from tests.oracle.letters import result
from tests.oracle.values import Value

READ = "emit R on timeout emit T(matched = matched_steps, missing = missing_step, deadline)"

Row = tuple[str, int, list[str], Value]


def derived(pattern: str, events: str, end: str = "keep") -> list[Row]:
    """Of each derived event: type, second, the events that made it, and the missing step."""
    made = result(f"rule r when {pattern} {READ}\n", events, "flush" if end == "flush" else "keep").derived
    for each in made:
        assert each.fields.get("deadline", each.time_us) == each.time_us
    return [
        (each.type, each.time_us // SECOND_US, [name for _, name in each.evidence], each.fields.get("missing"))
        for each in made
    ]


@pytest.mark.parametrize(
    ("pattern", "events", "rows"),
    [
        ("A then B within 10 seconds", "a1@0 z@11", [("T", 10, ["a1"], "b")]),
        ("A then B within 10 seconds", "a1@0 b1@10 z@20", [("R", 10, ["a1", "b1"], None)]),
        ("A then B within 10 seconds", "a1@0 b1@10.000001 z@20", [("T", 10, ["a1"], "b")]),
        ("A then B then C within 10 seconds", "a1@0 b1@3 z@20", [("T", 10, ["a1", "b1"], "c")]),
        ("three A within 10 seconds", "a1@0 a2@4 z@20", [("T", 10, ["a1", "a2"], "a")]),
        # Further turns and what is optional are not what is missing.
        ("A then B+ then C within 10 seconds", "a1@0 b1@3 z@20", [("T", 10, ["a1", "b1"], "c")]),
        ("A then optional B then C within 10 seconds", "a1@0 z@20", [("T", 10, ["a1"], "c")]),
        ("A then two B then C within 10 seconds", "a1@0 b1@1 z@20", [("T", 10, ["a1", "b1"], "b")]),
        # Several: a list in written order.
        ("A then (C or B) within 10 seconds", "a1@0 z@20", [("T", 10, ["a1"], ["c", "b"])]),
        ("all of (A, B, C) within 10 seconds", "b1@0 z@20", [("T", 10, ["b1"], ["a", "c"])]),
        ("2 of (A, B, C) within 10 seconds", "c1@0 z@20", [("T", 10, ["c1"], ["a", "b"])]),
        ("A and B within 10 seconds", "b1@0 z@20", [("T", 10, ["b1"], "a")]),
        # The earliest bound breaks.
        ("A then within 3 seconds B within 10 seconds", "a1@0 z@20", [("T", 3, ["a1"], "b")]),
        ("(A then B within 4 seconds) then C within 10 seconds", "a1@0 z@20", [("T", 4, ["a1"], "b")]),
        ("(A then B within 4 seconds) then C within 10 seconds", "a1@0 b1@2 z@20", [("T", 10, ["a1", "b1"], "c")]),
        ("A then within 3 seconds B", "a1@0 z@20", [("T", 3, ["a1"], "b")]),
        # Roles with limits of their own: the latest, unless one has none.
        (
            "A then ((B then C within 3 seconds) or D) within 10 seconds",
            "a1@0 b1@1 z@20",
            [("T", 4, ["a1", "b1"], "c")],
        ),
        ("A then within 3 seconds optional B then C", "a1@0 z@20", []),
        # What a `no`, a stop or a strict role ended does not time out.
        ("A then no X then B within 10 seconds", "a1@0 x1@3 z@20", []),
        ("A then immediately B within 10 seconds", "a1@0 a2@3 z@20", [("T", 13, ["a2"], "b")]),
        ("2+ A until X then B within 10 seconds", "a1@0 x1@3 z@20", []),
        # A loop's role goes on behind the `no`.
        ("A+ then no X then B within 10 seconds", "a1@0 x1@3 z@20", [("T", 10, ["a1"], "a")]),
        # What completes at a deadline does not time out.
        ("A then no B within 10 seconds", "a1@0 z@20", [("R", 10, ["a1"], None)]),
        ("A then no B within 10 seconds", "a1@0 b1@3 z@20", []),
        ("A+ until B within 10 seconds", "a1@0 z@20", [("R", 10, ["a1"], None)]),
        ("2+ A until B within 10 seconds", "a1@0 z@20", [("T", 10, ["a1"], "a")]),
        # `no … for` and then a step.
        ("A then no B for 4 seconds then C within 10 seconds", "a1@0 z@20", [("T", 10, ["a1"], "c")]),
        ("no A for 4 seconds then C within 10 seconds", "a1@0 a2@1 z@20", [("T", 11, ["a2"], "c")]),
        # `having` that is never met by a loop that may grow.
        ("2+ A within 10 seconds having count() > 5", "a1@0 a2@1 z@20", [("T", 10, ["a1", "a2"], "a")]),
        # One start, one alert; its events are used up.
        ("A then optional (B then C) then D within 10 seconds", "a1@0 b1@1 z@20", [("T", 10, ["a1", "b1"], "c")]),
        ("A then B then C within 10 seconds", "a1@0 a2@1 b1@2 z@20", [("T", 10, ["a1", "b1"], "c")]),
        ("A then B within 10 seconds", "a1@0 a2@1 z@20", [("T", 10, ["a1"], "b"), ("T", 11, ["a2"], "b")]),
    ],
)
def test_rows(pattern: str, events: str, rows: list[Row]) -> None:
    assert derived(pattern, events) == rows


def test_matched_steps_are_named_once_in_the_order_bound() -> None:
    rules = f"rule r when (A+ as a and B) then C within 10 seconds {READ}\n"
    (row,) = result(rules, "b1@0 a1@1 a2@2 z@20").derived
    assert row.fields["matched"] == ["b", "a"]
    assert row.fields["deadline"] == 10 * SECOND_US


def test_at_the_end_of_the_input_it_is_pending() -> None:
    rules = f"rule r when A then B within 10 seconds {READ}\n"
    assert [each.deadline_us for each in result(rules, "a1@0 z@10").pending] == [10 * SECOND_US]
    assert derived("A then B within 10 seconds", "a1@0 z@10", end="flush") == [("T", 10, ["a1"], "b")]


def test_steps_that_are_not_bound_are_null() -> None:
    rules = "rule r when A as a then B as b within 5 seconds emit R on timeout emit T(x = a.x, y = b.x, n = count(b))\n"
    (row,) = result(rules, "a1@0 x=1 z@9").derived
    assert row.fields == {"x": 1, "y": None, "n": 0}


def test_rules_read_what_a_timeout_emits() -> None:
    rules = f"rule r when A then B within 5 seconds {READ}\nrule s when T then C emit S\n"
    made = result(rules, "a1@0 c1@6").derived
    assert [(each.type, each.time_us // SECOND_US) for each in made] == [("T", 5), ("S", 6)]
