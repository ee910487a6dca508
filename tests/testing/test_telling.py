"""Failures as a person and as a machine reads them."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from cep.testing import RuleTests
from cep.testing.formats import to_dict, to_junit
from cep.testing.telling import tell_coverage, tell_result, tell_summary
from tests.testing.rules import RULES, result

GIVEN = 'given 6x every 10s Login(user = "ann", outcome = "failure")'
EXPECT = """
  expect
    20s BruteForce(user = "ann", attempts = 4)
    30s BruteForce(user = "bob")
"""


def test_both_sides_with_marks() -> None:
    shown = tell_result(result(f"{GIVEN}{EXPECT}"))
    assert shown.splitlines() == [
        "FAILED  it  <rules>:21",
        "    expected         actual",
        "    20s BruteForce   20s BruteForce",
        '      user = "ann"     user = "ann"',
        "  !   attempts = 4     attempts = 3",
        "  ! 30s BruteForce   50s BruteForce",
        '  !   user = "bob"     user = "ann"',
    ]


def test_missing_and_unexpected() -> None:
    lines = tell_result(result(f"{GIVEN} expect 50s BruteForce(attempts = 3) 70s BruteForce")).splitlines()
    assert "  + (not expected)                 20s BruteForce(" in lines
    assert '  +                                  user = "ann",' in lines
    assert "    50s BruteForce(attempts = 3)   50s BruteForce(attempts = 3)" in lines
    assert "  - 70s BruteForce                 (did not come)" in lines


def test_the_reason_is_that_of_cep_why() -> None:
    given = (
        'given 0s 2x every 60s Login(user = "ann", outcome = "failure") 301s Login(user = "ann", outcome = "failure")'
    )
    told = tell_result(result(f'{given} expect 301s BruteForce(user = "ann")'))
    assert "1 second after the end of `within 5 minutes`" in told
    told = tell_result(result("given 0s Reading(celsius = 88) expect 0s Hot", "hot", HOT))
    assert "`celsius > 90` did not hold: celsius = 88" in told


HOT = "rule hot when Reading(celsius > 90) emit Hot(celsius)\n"


def test_colours_change_nothing_but_the_colour() -> None:
    found = result(f"{GIVEN}{EXPECT}")
    painted = tell_result(found, lambda text, style: f"<{style}>{text}</>")
    assert "<error>  !   attempts = 4" in painted
    assert painted.replace("</>", "").count("attempts") == tell_result(found).count("attempts")


def test_names_cannot_move_the_cursor() -> None:
    found = result('given 0s Ping(x = "\\u001b[2J") expect nothing', "ping", "rule ping when Ping emit Seen(x)\n")
    assert "\x1b" not in tell_result(found)


def loaded(text: str) -> RuleTests:
    return RuleTests.from_rules(RULES + text)


def test_json() -> None:
    told = to_dict(loaded(f'test "a" for brute_force {GIVEN}{EXPECT}').run())
    assert json.loads(json.dumps(told)) == told
    assert (told["passed"], told["failed"], told["rules"]) == (0, 1, 3)
    assert told["without_positive"] == ["unpaid", "watched"]
    [test] = told["tests"]
    assert (test["outcome"], test["line"]) == ("failed", 21)
    first, second = test["events"]
    assert (first["kind"], first["differences"]) == ("different", ["attempts"])
    assert first["expected"] == {
        "type": "BruteForce", "time": "2026-01-01T00:00:20Z", "line": 23, "fields": {"user": "ann", "attempts": 4},
    }  # fmt: skip
    assert second["actual"]["time"] == "2026-01-01T00:00:50Z"


def test_junit() -> None:
    tests = loaded(
        f'test "a" for brute_force {GIVEN}{EXPECT}test "b" for unpaid expect nothing\n'
        'test "c \\u0007" for off expect nothing\nrule off when Ping emit Seen disabled\n'
    )
    root = ET.fromstring(to_junit(tests.run()))
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == ("3", "1", "1", "0")
    cases = root.findall("./testsuite/testcase")
    assert [case.get("classname") for case in cases] == ["brute_force", "unpaid", "off"]
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.get("message") == "2 different"
    assert "attempts = 4" in (failure.text or "")
    assert cases[2].find("skipped") is not None


def test_the_summary() -> None:
    outcomes = loaded(f'test "a" for brute_force {GIVEN}{EXPECT}test "b" for unpaid expect nothing').run()
    assert tell_summary(outcomes).startswith("2 tests: 1 passed, 1 failed in ")
    assert tell_coverage(outcomes, True) == [
        "2 of 3 rules have no test that expects them to fire",
        "  unpaid",
        "  watched",
        "2 of 3 rules have no test that expects them to stay silent",
        "  brute_force",
        "  watched",
    ]


def test_fail_fast_leaves_the_rest() -> None:
    tests = loaded(f'test "a" for brute_force {GIVEN}{EXPECT}test "b" for unpaid expect nothing')
    outcomes = tests.run(fail_fast=True)
    assert (len(outcomes.results), outcomes.left) == (1, 1)
