"""The tables of Flink's documentation of patterns, with the answers of LANGUAGE.md.

Flink reports one match for each subset that its contiguity allows; here a start without ``every`` yields one match, the
longest (S11, S12). Each table names Flink's answer where ours is another.
"""

from __future__ import annotations

import pytest

from tests.specification.agreed import check

READ_D = "define beat as B or D(never == 1)\ndefine tick as A or D(never == 1)\n"
"""Strict contiguity is among the types that a rule reads: so D is one of them, and never fits."""


def rule(pattern: str, clauses: str = "") -> str:
    return f"{READ_D}rule r when {pattern} {clauses} emit X()"


# ---- contiguity: `a b` on `a c b1 b2` ----


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        # Here the rule reads no C, so it is told to.
        ("A then immediately (B or C(never == 1)) as b", []),
        ("A then B", ["a b1 @2"]),
        ("A then every B", ["a b1 @2", "a b2 @3"]),
    ],
)
def test_contiguity(pattern: str, matches: list[str]) -> None:
    check(rule(pattern), "a c b1 b2", matches)


def test_strict_contiguity_is_among_the_types_that_the_rule_reads() -> None:
    """Flink's stream has events of one type; here those of other types are not seen."""
    check(rule("A then immediately B"), "a c b1 b2", ["a b1 @2"])


# ---- loops: `a b+ c` on `a b1 d1 b2 d2 b3 c` ----


def test_a_strict_loop_in_the_middle() -> None:
    """Flink: {a b1 c} {a b2 c} {a b3 c}, as its `b+` may begin at any b. Here it begins at the first."""
    check(rule("A then consecutive beat+ as b then C"), "a b1 d1 b2 d2 b3 c", ["a b1 c @6"])


def test_a_relaxed_loop_in_the_middle() -> None:
    """Flink: {a b1 c} {a b1 b2 c} {a b1 b2 b3 c} {a b2 c} {a b2 b3 c} {a b3 c}. Here the longest."""
    check(rule("A then beat+ as b then C"), "a b1 d1 b2 d2 b3 c", ["a b1 b2 b3 c @6"])


def test_a_loop_of_all_combinations_in_the_middle() -> None:
    """The seven of Flink, the preferred ones first."""
    check(
        rule("A then every beat+ as b then C"),
        "a b1 d1 b2 d2 b3 c",
        [
            "a b1 b2 b3 c @6", "a b1 b2 c @6", "a b1 b3 c @6", "a b1 c @6", "a b2 b3 c @6", "a b2 c @6", "a b3 c @6",
        ],
    )  # fmt: skip


# ---- loops: `c a+ b` on `c d a1 a2 a3 d a4 b` ----


def test_consecutive() -> None:
    """Flink: {c a1 b} {c a1 a2 b} {c a1 a2 a3 b}."""
    check(rule("C then consecutive tick+ as a then B"), "c d1 a1 a2 a3 d2 a4 b", ["c a1 a2 a3 b @7"])


def test_relaxed() -> None:
    """Flink: the same, and {c a1 a2 a3 a4 b}."""
    check(rule("C then tick+ as a then B"), "c d1 a1 a2 a3 d2 a4 b", ["c a1 a2 a3 a4 b @7"])


def test_all_combinations() -> None:
    """Flink has the eight that begin with a1; `every` may leave out the first one too (S12: {b2})."""
    subsets = ["a1 a2 a3 a4", "a1 a2 a3", "a1 a2 a4", "a1 a2", "a1 a3 a4", "a1 a3", "a1 a4", "a1"]
    subsets += ["a2 a3 a4", "a2 a3", "a2 a4", "a2", "a3 a4", "a3", "a4"]
    check(
        rule("C then every tick+ as a then B"),
        "c d1 a1 a2 a3 d2 a4 b",
        [f"c {each} b @7" for each in subsets],
    )


# ---- loops at the end: `a b+` on `a b1 b2 b3` ----


@pytest.mark.parametrize("strategy", ["no skip", "skip to next event", "skip past last event"])
def test_a_loop_at_the_end_completes_at_its_minimum(strategy: str) -> None:
    """Flink with no skip: {a b1} {a b1 b2} {a b1 b2 b3}."""
    check(rule("A then B+", f"after match {strategy}"), "a b1 b2 b3", ["a b1 @1"])


def test_every_combination_at_the_end() -> None:
    check(
        rule("A then every B+"),
        "a b1 b2 b3",
        ["a b1 @1", "a b1 b2 @2", "a b2 @2", "a b1 b2 b3 @3", "a b1 b3 @3", "a b2 b3 @3", "a b3 @3"],
    )


def test_every_combination_at_the_end_and_skip_to_next() -> None:
    """A match removes the other readings of its start."""
    check(rule("A then every B+", "after match skip to next event"), "a b1 b2 b3", ["a b1 @1"])


# ---- skip strategies: `b+ c` on `b1 b2 b3 c` ----


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("no skip", ["b1 b2 b3 c @3", "b2 b3 c @3", "b3 c @3"]),
        ("skip to next event", ["b1 b2 b3 c @3", "b2 b3 c @3", "b3 c @3"]),
        ("skip past last event", ["b1 b2 b3 c @3"]),
        ("skip to first b", ["b1 b2 b3 c @3", "b2 b3 c @3", "b3 c @3"]),
        ("skip to last b", ["b1 b2 b3 c @3", "b3 c @3"]),
    ],
)
def test_skip_strategies(strategy: str, matches: list[str]) -> None:
    check(rule("B+ as b then C", f"after match {strategy}"), "b1 b2 b3 c", matches)


# ---- skip strategies: `(a | b | c) (b | c) c+ d` on `a b c1 c2 c3 d` ----


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("no skip", ["a b c1 c2 c3 d @5", "b c1 c2 c3 d @5", "c1 c2 c3 d @5"]),
        ("skip to first cs", ["a b c1 c2 c3 d @5", "c1 c2 c3 d @5"]),
        ("skip past last event", ["a b c1 c2 c3 d @5"]),
    ],
)
def test_skip_to_first(strategy: str, matches: list[str]) -> None:
    pattern = "(A or B or C) as x then (B or C) as y then C+ as cs then D"
    check(rule(pattern, f"after match {strategy}"), "a b c1 c2 c3 d", matches)


# ---- `a+ until b` on `a1 c a2 b a3` ----


def test_until() -> None:
    """Flink: {a1} {a1 a2} {a2} {a3}. Here the longest of each start; a3 waits for the deadline of `within`."""
    pattern = rule("A+ as a until B", "within 10 seconds after match no skip")
    check(pattern, "a1 c a2 b a3 z@99", ["a1 a2 @3", "a2 @3", "a3 @14"])
    check(rule("A+ as a until B", "within 10 seconds"), "a1 c a2 b a3 z@99", ["a1 a2 @3", "a3 @14"])


# ---- `a notFollowedBy(c) b` ----


def test_not_followed_by() -> None:
    check(rule("A then no C then B"), "a d c b", [])
    check(rule("A then no C then B"), "a d b c", ["a b @2"])
