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


# ---- over all keys of a rule ----

SHARED, GENERAL = "A then B", "A then within 1h B"


@pytest.mark.parametrize("pattern", [SHARED, GENERAL])
def test_of_the_runs_of_a_rule_the_oldest_goes_whatever_its_key(pattern: str) -> None:
    rules = f"rule r when {pattern} per k emit X(k)"
    events = "a1 k=1 a2 k=2 a3 k=3 a4 k=2 b1 k=1 b2 k=2 b3 k=3"
    played = play(rules, events, limits=Limits(runs_per_rule=2))
    assert played.found == ["a4 b2 @5", "a3 b3 @6"]
    assert played.engine.counters.limits == {("r", "runs_per_rule"): 2}
    assert all(each.degraded for each in played.derived)


@pytest.mark.parametrize("pattern", [SHARED, GENERAL])
def test_within_the_limit_of_a_rule_nothing_is_degraded(pattern: str) -> None:
    rules = f"rule r when {pattern} per k emit X(k)"
    played = play(rules, "a1 k=1 a2 k=2 b1 k=1 a3 k=3 b2 k=2 b3 k=3", limits=Limits(runs_per_rule=2))
    assert played.values("k") == [1, 2, 3]
    assert not played.engine.counters.limits
    assert not any(each.degraded for each in played.derived)


@pytest.mark.parametrize("pattern", [SHARED, GENERAL])
def test_what_has_expired_does_not_count_for_the_rule(pattern: str) -> None:
    """The runs of other keys are swept before one is dropped."""
    rules = f"rule r when {pattern} within 10s per k emit X(k)"
    played = play(rules, "a1@0 k=1 a2@1 k=2 a3@20 k=3 a4@21 k=4 b1@22 k=3 b2@23 k=4", limits=Limits(runs_per_rule=2))
    assert played.values("k") == [3, 4]
    assert not played.engine.counters.limits


@pytest.mark.parametrize("pattern", [SHARED, GENERAL])
def test_after_within_nothing_lacks_what_was_dropped(pattern: str) -> None:
    rules = f"rule r when {pattern} within 10s per k emit X(k)"
    played = play(rules, "a1@0 k=1 a2@1 k=2 b@2 k=2 a3@20 k=1 b@22 k=1", limits=Limits(runs_per_rule=1))
    assert [each.degraded for each in played.derived] == [True, False]


@pytest.mark.parametrize("pattern", [SHARED, GENERAL])
@pytest.mark.parametrize("events", ["ababab", "aaabbb"])
def test_many_keys_that_come_and_go_keep_to_the_limit(pattern: str, events: str) -> None:
    """Against what the limit means: of all starts that live, the newest."""
    rules = f"rule r when {pattern} per k emit X(k)"
    engine = cep.Engine.from_rules(rules, limits=Limits(runs_per_rule=7))
    live: list[tuple[int, int]] = []
    for number in range(300):
        kind, key = events[number % 6], (number * 7) % 23
        derived = engine.push({"type": kind.upper(), "ts": 1_767_225_600 + number, "k": key})
        if kind == "a":
            live = [*live, (number, key)][-7:]
        else:
            assert bool(derived) == any(k == key for _, k in live)
            live = [(n, k) for n, k in live if k != key]


def test_the_limit_of_the_rule_survives_a_restart() -> None:
    rules = "rule r when A then within 1h B per k emit X(k)"
    limits = Limits(runs_per_rule=2)
    before, after = (cep.Engine.from_rules(rules, limits=limits) for _ in range(2))
    second = 1_767_225_600
    for k in (1, 2, 3):
        before.push({"type": "A", "ts": second, "k": k})
    after.restore(before.snapshot())
    assert not after.push({"type": "A", "ts": second, "k": 4})
    assert [d.fields["k"] for k in (1, 2, 3, 4) for d in after.push({"type": "B", "ts": second, "k": k})] == [3, 4]
    assert after.counters.limits["r", "runs_per_rule"] == 2


def test_a_group_that_must_stay_away_keeps_to_the_limit() -> None:
    rules = "rule r when A then no (B then C) for 1h emit X()"
    played = play(rules, "a b b b b b", end="flush", limits=Limits(runs_per_key=3))
    assert played.engine.counters.limits["r", "runs_per_key"] == 2
    assert [each.degraded for each in played.derived] == [True]


def test_of_the_matches_at_one_event_the_first_are_made() -> None:
    rules = "rule r when A as a then every B(x != a.x) within 1h emit X()"
    played = play(rules, "a1 x=1 a2 x=2 a3 x=3 b x=9", limits=Limits(matches=2))
    assert played.found == ["a1 b @3", "a2 b @3"]
    assert played.engine.counters.limits["r", "matches"] == 1
