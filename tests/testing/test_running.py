"""Tests of rule files: times, repetition, files, tables, and what is compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cep
from cep.testing import RuleTests
from cep.timestamps import parse_time
from tests.testing.rules import RULES, result, results

FAIL = 'Login(user = "ann", outcome = "failure")'


def kinds(body: str, names: str = "brute_force") -> list[str]:
    return [pair.kind for pair in result(body, names).pairs]


class TestTimes:
    def test_a_repetition_begins_at_its_time(self) -> None:
        assert result(f"given 10s 3x every 20s {FAIL} expect 50s BruteForce(attempts = 3)").passed

    def test_one_without_a_time_goes_on_from_the_row_before(self) -> None:
        assert result(f"given 5s {FAIL} 2x every 10s {FAIL} expect 25s BruteForce").passed

    def test_at_the_beginning_it_begins_at_zero(self) -> None:
        assert result(f"given 3x every 10s {FAIL} expect 20s BruteForce").passed

    def test_after_time_that_passes_it_goes_on_from_there(self) -> None:
        assert result(f"given 0s {FAIL} then at 60s 2x every 10s {FAIL} expect 80s BruteForce").passed

    def test_zero_is_new_year_unless_it_is_given(self) -> None:
        since = result(f"given 3x every 1s {FAIL} expect 2s BruteForce").actual[0].fields["since"]
        assert since == "2026-01-01T00:00:00Z"
        body = (
            f'given from "2025-06-01T12:00:00Z" 3x every 1s {FAIL} expect 2s BruteForce(since = "2025-06-01T12:00:00Z")'
        )
        assert result(body).passed

    def test_then_at_closes_its_instant(self) -> None:
        given = "given 0s OrderPlaced(order_id = 1, total = 5)"
        assert result(f"{given} then at 30m expect 30m UnpaidOrder(total = 5)", "unpaid").passed
        assert result(f"{given} then at 1799s expect nothing", "unpaid").passed

    def test_the_end_of_a_test_fires_nothing(self) -> None:
        assert result("given 0s OrderPlaced(order_id = 1, total = 5) expect nothing", "unpaid").passed

    def test_a_payment_at_the_last_instant_counts(self) -> None:
        body = "given 0s OrderPlaced(order_id = 1) 30m PaymentReceived(order_id = 1) then at 2h expect nothing"
        assert result(body, "unpaid").passed

    def test_the_time_goes_into_the_field_that_rules_read(self) -> None:
        rules = "rule seen when Ping emit Seen(ts)"
        assert result('given 5s Ping expect 5s Seen(ts = "2026-01-01T00:00:05Z")', "seen", rules).passed

    def test_a_field_that_says_another_time_is_a_problem(self) -> None:
        [problem] = result(f'given 0s {FAIL[:-1]}, at = "2026-01-02T00:00:00Z") expect nothing').problems
        assert "`at` is the event's time" in problem.message


class TestComparing:
    def test_only_fields_that_are_written_count(self) -> None:
        assert kinds(f"given 3x every 10s {FAIL} expect 20s BruteForce") == ["same"]

    @pytest.mark.parametrize(
        ("expected", "differences"),
        [
            ("20s BruteForce(attempts = 4)", ("attempts",)),
            ("20s BruteForce(attempts = 3.0)", ()),
            ("21s BruteForce(attempts = 3)", ("time",)),
            ('20s BruteForce(user = "bob", attempts = "3")', ("user", "attempts")),
            ("20s BruteForce(ips = [])", ()),
            ('20s BruteForce(since = "2026-01-01T01:00:00+01:00")', ()),
            ("20s BruteForce(attempts = least)", ()),
            ("20s BruteForce(attempts = true)", ("attempts",)),
            ("20s BruteForce(user = null)", ("user",)),
        ],
    )
    def test_what_differs(self, expected: str, differences: tuple[str, ...]) -> None:
        [pair] = result(f"given 3x every 10s {FAIL} expect {expected}").pairs
        assert pair.differences == differences

    def test_missing_and_unexpected(self) -> None:
        body = f"given 6x every 10s {FAIL} expect 20s BruteForce 30s BruteForce 50s BruteForce"
        assert kinds(body) == ["same", "missing", "same"]
        assert kinds(f"given 6x every 10s {FAIL} expect 50s BruteForce") == ["unexpected", "same"]
        assert kinds(f"given 3x every 10s {FAIL} expect nothing") == ["unexpected"]

    def test_the_order_counts(self) -> None:
        body = "given 0s OrderPlaced(order_id = 1) 0s OrderPlaced(order_id = 2) then at 1h "
        swapped = "expect 30m UnpaidOrder(order_id = 2) 30m UnpaidOrder(order_id = 1)"
        assert result(body + "expect 30m UnpaidOrder(order_id = 1) 30m UnpaidOrder(order_id = 2)", "unpaid").passed
        assert not result(body + swapped, "unpaid").passed

    def test_only_the_rules_that_are_named_are_listed(self) -> None:
        assert result(f"given 3x every 10s {FAIL} expect 20s Watched(reason = 3)", "watched").passed
        assert (
            kinds(f"given 3x every 10s {FAIL} expect 20s BruteForce 20s Watched", "brute_force, watched")
            == ["same"] * 2
        )

    def test_without_names_all_rules_of_the_file_are(self) -> None:
        [found] = results(f'test "all" given 3x every 10s {FAIL} expect 20s BruteForce 20s Watched')
        assert found.passed
        assert found.rules == ("brute_force", "unpaid", "watched")

    def test_decimals_and_floats(self) -> None:
        rules = "event Paid { sum: decimal\n share: float }\nrule paid when Paid emit Seen(sum, share = share / 3)"
        body = "given 0s Paid(sum = 12.5, share = 1) expect 0s Seen(sum = 12.50, share = 0.3333333333)"
        assert result(body, "paid", rules).passed
        assert not result(body.replace("0.3333333333", "0.33333"), "paid", rules).passed


class TestProblems:
    def test_an_event_that_fails_its_schema(self) -> None:
        found = result('given 0s Login(user = "ann") expect nothing')
        assert not found.passed
        [problem] = found.problems
        assert problem.code == "CEP613"
        assert "`outcome` is required and missing" in problem.message
        assert problem.span.line == found.span.line + 1

    def test_also_in_a_field_that_only_other_rules_read(self) -> None:
        rules = RULES + 'rule quiet when Login(user == "bob") emit Bob(user)\n'
        [problem] = result('given 0s Login(user = "bob") expect 0s Bob', "quiet", rules).problems
        assert problem.code == "CEP613"

    def test_and_of_a_type_that_only_other_rules_read(self) -> None:
        [problem] = result('given 0s Login(user = "bob") expect nothing', "unpaid").problems
        assert problem.code == "CEP613"

    def test_a_late_event(self) -> None:
        [problem] = result(f"given 10s {FAIL} then at 10s 5s {FAIL} expect nothing").problems
        assert "late" in problem.message
        assert "10s" in problem.message

    def test_events_come_in_the_order_of_their_times(self) -> None:
        given = f"given 10s {FAIL} 5s {FAIL} 0s 2x every 7s {FAIL} expect 7s BruteForce"
        assert result(given).passed

    def test_an_event_at_a_time_that_is_closed(self) -> None:
        [problem] = result(f"given 0s {FAIL} then at 10m 10m {FAIL} expect nothing").problems
        assert "`then at 600s` has closed that time" in problem.message

    def test_an_expression_that_fails(self) -> None:
        rules = "rule share when Part emit Share(x = 1 / n)"
        [problem] = result("given 0s Part(n = 0) expect nothing", "share", rules).problems
        assert problem.code == "CEP621"
        assert "`share`" in problem.message

    def test_an_unknown_rule_is_a_diagnostic(self) -> None:
        with pytest.raises(cep.RuleError) as refused:
            result("given 0s Ping expect nothing", "brute_forc")
        assert [d.code for d in refused.value.diagnostics] == ["CEP219"]

    def test_a_disabled_rule_is_skipped(self) -> None:
        found = result("given 0s Ping expect 0s Answered", "pong", "rule pong when Ping emit Answered disabled\n")
        assert (found.outcome, found.skipped) == ("skipped", "the rule `pong` is disabled")


class TestReasons:
    def test_what_still_waits(self) -> None:
        [pair] = result("given 0s OrderPlaced(order_id = 1) expect 30m UnpaidOrder", "unpaid").pairs
        assert "still waits (1 pending)" in pair.reasons[0]

    def test_a_type_that_no_event_had(self) -> None:
        [pair] = result("given 0s Other expect 0s BruteForce").pairs
        assert pair.reasons == ("no event had the type `Login`, which `brute_force` reads",)

    def test_a_key_that_is_null(self) -> None:
        rules = "rule r when Ping per user emit Answered(user)\n"
        [pair] = result("given 0s Ping(user = null) expect 0s Answered", "r", rules).pairs
        assert "has no key: its `user` is null" in " ".join(pair.reasons)


class TestFiles:
    @pytest.fixture
    def rules(self, tmp_path: Path) -> Path:
        folder = tmp_path / "rules"
        (folder / "fixtures").mkdir(parents=True)
        rows = [
            {"type": "Login", "at": f"2026-01-01T00:00:{n}0Z", "user": "ann", "outcome": "failure"} for n in range(3)
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "fixtures" / "logins.jsonl").write_text(lines + '{"type": "Login"}\n', "utf-8")
        (folder / "fixtures" / "good.jsonl").write_text(lines, "utf-8")
        return folder

    def run(self, rules: Path, given: str, expect: str) -> RuleTests:
        (rules / "a.cep").write_text(RULES + f'test "it" for brute_force given {given} expect {expect}\n', "utf-8")
        return RuleTests.from_rules(rules)

    def test_events_of_a_file_between_others(self, rules: Path) -> None:
        tests = self.run(rules, f'"fixtures/good.jsonl" 30s 3x every 10s {FAIL}', "20s BruteForce 50s BruteForce")
        assert tests.run().passed

    def test_its_bad_lines_are_told_with_their_number(self, rules: Path) -> None:
        tests = self.run(rules, f'0s {FAIL} "fixtures/logins.jsonl"', "10s BruteForce")
        [problem] = tests.run().results[0].problems
        assert "(fixtures/logins.jsonl:4)" in problem.message

    def test_a_file_that_is_not_there(self, rules: Path) -> None:
        [problem] = self.run(rules, '"fixtures/login.jsonl"', "nothing").run().results[0].problems
        assert "login.jsonl" in problem.message

    def test_in_yaml(self, rules: Path) -> None:
        (rules / "a.cep").write_text(RULES, "utf-8")
        (rules / "b.yaml").write_text(
            "tests:\n  - name: file\n    for: brute_force\n    given: [{file: fixtures/good.jsonl}]\n"
            "    expect: [{at: 20s, BruteForce: {user: ann}}]\n",
            "utf-8",
        )
        assert RuleTests.from_rules(rules).run().passed


class TestTables:
    RULES = """
table hosts from "hosts.csv" key host
rule known from Ping lookup hosts on host == hosts.host when hosts.owner is not null emit Known(host, owner = hosts.owner)
"""

    def test_rows_of_the_test(self) -> None:
        body = 'given table hosts (host = "a", owner = "ann") given 0s Ping(host = "a") 1s Ping(host = "b") expect 0s Known(owner = "ann")'
        assert result(body, "known", self.RULES).passed

    def test_rows_of_the_file_that_is_declared(self, tmp_path: Path) -> None:
        (tmp_path / "hosts.csv").write_text("host,owner\nb,bob\n", "utf-8")
        test = 'test "it" for known given 0s Ping(host = "b") expect 0s Known(owner = "bob")\n'
        (tmp_path / "a.cep").write_text(self.RULES + test, "utf-8")
        assert RuleTests.from_rules(tmp_path / "a.cep").run().passed

    def test_a_file_that_is_not_there_asks_for_rows(self) -> None:
        [problem] = result('given 0s Ping(host = "a") expect nothing', "known", self.RULES).problems
        assert problem.code == "CEP520"
        assert problem.hint is not None
        assert "given table hosts" in problem.hint


def test_a_rule_with_any_sees_what_it_sees_in_a_run() -> None:
    rules = RULES + 'rule all when any(user == "ann") as e emit Seen(user = e.user)\n'
    assert result(f'given 0s {FAIL} 1s Odd(user = "ann") expect 0s Seen 1s Seen', "all", rules).passed


def test_a_test_is_the_same_as_a_run() -> None:
    found = result(f"given 6x every 10s {FAIL} expect nothing").actual
    engine = cep.Engine.from_rules(RULES)
    zero_us = parse_time("2026-01-01T00:00:00Z")
    derived = []
    for n in range(6):
        row = {"type": "Login", "at": zero_us + n * 10_000_000, "user": "ann", "outcome": "failure"}
        derived += engine.push(row, source="given")
    assert [d.to_json() for d in derived if d.rule == "brute_force"] == [d.to_json() for d in found]


def test_coverage() -> None:
    tests = RuleTests.from_rules(
        RULES + f'test "a" for brute_force given 3x every 10s {FAIL} expect 20s BruteForce\n'
        'test "b" for unpaid expect nothing\ntest "left open" for watched expect\n'
    )
    coverage = tests.run().coverage
    assert coverage.rules == 3
    assert coverage.without_positive == ("unpaid", "watched")
    assert coverage.without_negative == ("brute_force", "watched")


def test_in_an_application() -> None:
    tests = RuleTests.from_rules(RULES + 'test "none" for unpaid expect 0s UnpaidOrder\n')
    tests.check(f'given 3x every 10s {FAIL} expect 20s BruteForce(user = "ann")', ["brute_force"])
    with pytest.raises(AssertionError, match=r"! +attempts = 4 +attempts = 3"):
        tests.check(f"given 3x every 10s {FAIL} expect 20s BruteForce(attempts = 4)", ["brute_force"])
    assert [d.type for d in tests.play(f"given 3x every 10s {FAIL}")] == ["BruteForce", "Watched"]
    with pytest.raises(cep.UsageError, match="late"):
        tests.play(f"given 9s {FAIL} then at 9s 8s {FAIL}")
    with pytest.raises(AssertionError, match="did not come"):
        tests.assert_passes("none")
    with pytest.raises(cep.UsageError, match="did you mean `none`"):
        tests.assert_passes("non")
