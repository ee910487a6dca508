"""S13: everything that can grow has a limit with a name, a default and a counter; what lost something says so."""

import json

import pytest

import cep
from cep.language.rule_files import check_rules
from cep.runtime.limits import Limits
from tests.specification.scenario import play


def test_every_limit_has_a_default() -> None:
    limits = Limits()
    assert (limits.runs_per_key, limits.keys, limits.window_events, limits.reorder_buffer, limits.evidence) == (
        1_000, 1_000_000, 1_000_000, 1_000_000, 100,
    )  # fmt: skip


def test_of_the_runs_of_a_key_the_oldest_goes() -> None:
    rules = "rule r when A then B per k emit X()"
    played = play(rules, "a1 k=1 a2 k=1 a3 k=1 b k=1", limits=Limits(runs_per_key=2))
    assert played.found == ["a2 b @3"]
    assert played.engine.counters.limits["r", "runs_per_key"] == 1
    assert [each.degraded for each in played.derived] == [True]
    assert json.loads(played.derived[0].to_json())["cep"]["degraded"] is True


def test_the_limit_is_per_key() -> None:
    rules = "rule r when A then B per k emit X()"
    played = play(rules, "a1 k=1 a2 k=2 a3 k=3 b k=1", limits=Limits(runs_per_key=1))
    assert played.found == ["a1 b @3"]
    assert not played.engine.counters.limits
    assert not played.derived[0].degraded


def test_of_the_evidence_the_newest_are_listed() -> None:
    played = play("rule r when three A emit X(n = count())", "a1 a2 a3", limits=Limits(evidence=2))
    assert played.found == ["a2 a3 @2"]
    assert played.values("n") == [3]
    assert json.loads(played.derived[0].to_json())["cep"]["truncated"] is True


def test_evidence_within_the_limit_is_not_marked() -> None:
    played = play("rule r when three A emit X()", "a1 a2 a3", limits=Limits(evidence=3))
    assert "truncated" not in json.loads(played.derived[0].to_json())["cep"]


def test_evidence_of_a_window() -> None:
    played = play(
        "rule r from A over last 1 hour when count() >= 4 emit X(n = count())", "a a a a", limits=Limits(evidence=3)
    )
    assert [each.id for each in played.derived[0].evidence] == ["s:2", "s:3", "s:4"]
    assert played.derived[0].truncated


def test_of_the_events_of_a_window_the_oldest_goes() -> None:
    rules = "rule r from A over last 1 hour emit X(n = count(), s = sum(x))"
    played = play(rules, "a x=1 a x=2 a x=4", limits=Limits(window_events=2))
    assert played.values("n", "s") == [(1, 1), (2, 3), (2, 6)]
    assert [each.degraded for each in played.derived] == [False, False, True]
    assert played.engine.counters.limits["r", "window_events"] == 1


def test_of_the_keys_the_oldest_goes() -> None:
    rules = "rule r when two A per k emit X(k)"
    played = play(rules, "a k=1 a k=2 a k=3 a k=1 a k=3", limits=Limits(keys=2))
    assert played.values("k") == [3]
    assert played.engine.counters.limits["r", "keys"] >= 1


def test_the_reorder_buffer_releases_the_earliest_before_its_time() -> None:
    rules = "rule r when A emit X()"
    played = play(rules, "a1@1 a2@2 a3@3", end="open", lateness="1h", limits=Limits(reorder_buffer=2))
    assert played.found == ["a1 @1"]
    assert sum(count for (_, name), count in played.engine.counters.limits.items() if name == "reorder_buffer") == 1


def test_a_loop_holds_so_many_events() -> None:
    rules = "rule r when A+ as l then B emit X(n = count(l))"
    played = play(rules, "a a a a b", limits=Limits(loop_events=3))
    assert played.values("n") == [3]
    assert played.engine.counters.limits["r", "loop_events"] >= 1
    assert played.derived[0].degraded


def test_limits_of_one_rule_do_not_touch_another() -> None:
    rules = """
        rule r when A then B emit X()
        rule s when three A emit Y()
    """
    played = play(rules, "a1 a2 a3 b", limits=Limits(runs_per_key=1))
    assert played.found == ["a1 a2 a3 @2", "a3 b @3"]
    assert [each.degraded for each in played.derived] == [False, True]


def test_counters_survive_a_restart() -> None:
    rules = "rule r when A then B emit X()"
    played = play(rules, "a a a", end="open", limits=Limits(runs_per_key=1))
    after = cep.Engine.from_rules(rules, limits=Limits(runs_per_key=1))
    after.restore(played.engine.snapshot())
    assert after.counters.limits == played.engine.counters.limits
    assert after.counters.events == 3


@pytest.mark.parametrize("pattern", ["A then B", "A+ then B", "A then no B then C", "three A"])
def test_a_pattern_that_nothing_bounds_is_warned_of(pattern: str) -> None:
    def warnings(rules: str) -> list[str]:
        checked, found = check_rules(rules)
        assert checked is not None
        return [each.code for each in found if each.severity == "warning"]

    assert "CEP415" in warnings(f"rule r when {pattern} emit X()")
    assert "CEP415" not in warnings(f"rule r when {pattern} within 1 hour emit X()")
