"""S4: absence. The deadline is inclusive, fires when the watermark is greater, and gives the derived event its time."""

import pytest

import cep
from tests.specification.scenario import ZERO_US, continue_with, found, moment, play

NO_B = "rule r when A then no B for 5 seconds emit X()"


# ---- the deadline ----


def test_it_fires_at_its_deadline() -> None:
    assert found(NO_B, "a@0 z@9") == ["a @5"]


@pytest.mark.parametrize(("b", "cancels"), [("4.999999", True), ("5", True), ("5.000001", False)])
def test_a_b_at_exactly_the_deadline_cancels(b: str, cancels: bool) -> None:
    assert found(NO_B, f"a@0 b@{b} z@9") == ([] if cancels else ["a @5"])


def test_a_b_at_the_time_of_a_and_after_it_cancels() -> None:
    assert found(NO_B, "a@0 b@0 z@9") == []
    assert found(NO_B, "b@0 a@0 z@9") == ["a @5"]


def test_never_early_and_not_at_the_deadline_itself() -> None:
    played = play(NO_B, "a@0 z@4 z@5 z@5.000001", end="open")
    assert [len(step) for step in played.steps] == [0, 0, 0, 1]


def test_time_that_passes_without_events_fires_it_too() -> None:
    assert found(NO_B, "a@0 -> 5", end="open") == []
    assert found(NO_B, "a@0 -> 5.000001", end="open") == ["a @5"]


def test_it_does_not_wait_for_an_event_of_the_same_key() -> None:
    rules = "rule r when A then no B for 5 seconds per k emit X()"
    assert found(rules, "a@0 k=1 a2@6 k=2", end="open") == ["a @5"]


def test_another_keys_b_does_not_cancel() -> None:
    rules = "rule r when A then no B for 5 seconds per k emit X()"
    assert found(rules, "a@0 k=1 b@2 k=2 z@6") == ["a @5"]


def test_a_b_that_fails_the_condition_does_not_cancel() -> None:
    rules = "rule r when A then no B(x > 3) for 5 seconds emit X()"
    assert found(rules, "a@0 b@2 x=3 z@6") == ["a @5"]
    assert found(rules, "a@0 b@2 x=4 z@6") == []


def test_the_condition_may_look_at_an_earlier_step() -> None:
    rules = "rule r when A as a then no B(x == a.x) for 5 seconds emit X()"
    assert found(rules, "a@0 x=1 b@2 x=2 z@6") == ["a @5"]
    assert found(rules, "a@0 x=1 b@2 x=1 z@6") == []


def test_it_is_counted_from_the_step_before() -> None:
    rules = "rule r when A then B then no C for 5 seconds emit X()"
    assert found(rules, "a@0 b@3 z@99") == ["a b @8"]


# ---- the end of the input ----


def test_what_still_waits_at_the_end_is_counted() -> None:
    played = play(NO_B, "a@0 z@5")
    assert played.found == []
    assert played.engine.pending() == {"r": 1}


def test_flush_fires_it_at_its_deadline() -> None:
    played = play(NO_B, "a@0 z@1", end="flush")
    assert played.found == ["a @5"]
    assert played.engine.pending() == {}


# ---- absence and the whole match ----


def test_a_closing_wait_does_not_count_for_within() -> None:
    rules = "rule r when A then B then no C for 1 hour within 10 seconds emit X()"
    assert found(rules, "a@0 b@10 z@9999") == ["a b @3610"]
    assert found(rules, "a@0 b@10.000001 z@9999") == []


def test_a_closing_no_without_for_takes_within_from_the_first_event() -> None:
    rules = "rule r when A then B then no C within 30 seconds emit X()"
    assert found(rules, "a@0 b@10 z@30.000001") == ["a b @30"]
    assert found(rules, "a@0 b@10 c@30 z@31") == []
    assert found(rules, "a@0 b@30 z@31") == ["a b @30"]


def test_the_same_of_two_steps() -> None:
    rules = "rule r when A then no B within 30 seconds emit X()"
    assert found(rules, "a@10 z@40 z@41") == ["a @40"]
    assert found(rules, "a@10 b@40 z@41") == []


def test_no_between_two_steps() -> None:
    rules = "rule r when A then no B then C emit X()"
    assert found(rules, "a c") == ["a c @1"]
    assert found(rules, "a b c") == []
    assert found(rules, "a c b") == ["a c @1"]
    assert found(rules, "b a c") == ["a c @2"]


def test_no_between_steps_spoils_only_the_runs_that_have_begun() -> None:
    rules = "rule r when A then no B then C emit X()"
    assert found(rules, "a1 b a2 c") == ["a2 c @3"]


def test_no_for_then_c_wants_c_after_the_deadline() -> None:
    rules = "rule r when A then no B for 10 seconds then C emit X()"
    assert found(rules, "a@0 c@11") == ["a c @11"]
    assert found(rules, "a@0 c1@5 c2@11") == ["a c2 @11"]  # an earlier one is skipped
    assert found(rules, "a@0 c1@10 c2@11") == ["a c2 @11"]  # at the deadline is not after it
    assert found(rules, "a@0 c@10.000001") == ["a c @10.000001"]
    assert found(rules, "a@0 b@10 c@11") == []
    assert found(rules, "a@0 b@10.000001 c@11") == ["a c @11"]


def test_several_starts_wait_each_for_itself() -> None:
    assert found(NO_B, "a1@0 a2@2 z@9") == ["a1 @5", "a2 @7"]
    assert found(NO_B, "a1@0 a2@2 b@6 z@9") == ["a1 @5"]


# ---- silence ----

SILENCE = "rule r when no H for 60 seconds per host emit X(host)"


def test_silence_since_the_last_one() -> None:
    assert found(SILENCE, "h1@0 host=a h2@30 host=a z@91") == ["h2 @90"]


def test_silence_fires_once_and_the_next_one_rearms() -> None:
    played = play(SILENCE, "h1@0 host=a z@61 z@300 h2@400 host=a z@1000")
    assert played.found == ["h1 @60", "h2 @460"]


def test_one_at_exactly_the_deadline_breaks_the_silence() -> None:
    assert found(SILENCE, "h1@0 host=a h2@60 host=a z@121") == ["h2 @120"]
    assert found(SILENCE, "h1@0 host=a h2@60.000001 host=a z@121") == ["h1 @60", "h2 @120.000001"]


def test_silence_is_per_key_and_unknown_keys_are_not_missed() -> None:
    played = play(SILENCE, "h1@0 host=a h2@10 host=b h3@50 host=a z@200")
    assert played.found == ["h2 @70", "h3 @110"]
    assert played.values("host") == ["b", "a"]


def test_what_an_absence_derives_says_what_it_waited_for() -> None:
    [derived] = play(NO_B, "a@0 z@9").derived
    assert derived.deadline_us == derived.time_us == ZERO_US + 5_000_000
    assert derived.awaited == "B"


def test_the_wait_survives_a_restart() -> None:
    before = play(NO_B, "a@0 z@1", end="open")
    after = cep.Engine.from_rules(NO_B)
    after.restore(before.engine.snapshot())
    before.engine = after
    assert continue_with(before, "z@9").found == ["a @5"]


# ---- absence and loops, absence and itself ----


def test_what_starts_may_also_be_what_stays_away() -> None:
    rules = "rule r when A then no A for 5 seconds emit X()"
    assert found(rules, "a1@0 a2@3 z@99") == ["a2 @8"]
    assert found(rules, "a1@0 a2@5 z@99") == ["a2 @10"]
    assert found(rules, "a1@0 a2@5.000001 z@99") == ["a1 @5", "a2 @10.000001"]


def test_a_full_count_and_one_more() -> None:
    """a3 does not fit the count of a1 and a2, so it is what should stay away; a2 and a3 are a count of their own."""
    rules = "rule r when 2 A then no A for 5 seconds emit X()"
    assert found(rules, "a1@0 a2@1 a3@3 z@99") == ["a2 a3 @8"]
    assert found(rules, "a1@0 a2@1 z@99") == ["a1 a2 @6"]


def test_a_loop_out_of_within_does_not_take_what_then_stays_away_no_longer() -> None:
    """At 8 the loop may not take another A, which is within 5 seconds no longer: it ends the wait."""
    rules = "rule r when 2+ A then no A for 10 seconds within 5 seconds emit X()"
    assert found(rules, "a1@0 a2@1 z@99") == ["a1 a2 @11"]
    assert found(rules, "a1@0 a2@1 a3@8 z@99") == []
    assert found(rules, "a1@0 a2@1 a3@5 z@99") == ["a1 a2 a3 @15"]


def test_a_deadline_from_the_first_event_is_not_moved_by_the_loop() -> None:
    rules = "rule r when 2+ A as l then no B within 30 seconds emit X(n = count(l))"
    assert found(rules, "a1@0 a2@10 a3@20 z@99") == ["a1 a2 a3 @30"]
    assert found(rules, "a1@0 a2@10 a3@30 z@99") == ["a1 a2 a3 @30"]
    assert found(rules, "a1@0 a2@10 a3@20 b@30 z@99") == []


def test_two_things_that_stay_away_between_two_steps() -> None:
    rules = "rule r when A then no B then no C then D emit X()"
    assert found(rules, "a d") == ["a d @1"]
    assert found(rules, "a b d") == []
    assert found(rules, "a c d") == []


def test_silence_of_events_that_meet_a_condition() -> None:
    rules = 'rule r when no H(status == "ok") for 60 seconds per host emit X(host)'
    assert found(rules, "h1@0 host=a status=ok h2@30 host=a status=bad z@99") == ["h1 @60"]
    assert found(rules, "h1@0 host=a status=bad z@99") == []


def test_flush_follows_what_the_fired_ones_start() -> None:
    rules = """
        rule low when A then no B for 5 seconds emit P()
        rule high when P then no C for 5 seconds emit Q()
    """
    assert play(rules, "a@0", end="flush").types == ["P @5", "Q @10"]


def test_an_event_behind_the_time_that_was_told_is_late() -> None:
    played = play(NO_B, "a1@0 -> 10 a2@9 a3@10 z@99")
    assert played.found == ["a1 @5", "a3 @15"]
    assert played.engine.counters.late == 1


def test_the_absence_of_what_a_rule_emits() -> None:
    rules = """
        rule paid when Payment(amount > 10) per order emit Paid(order)
        rule unpaid when Order then no Paid for 30 seconds per order emit Unpaid(order)
    """
    played = play(
        rules, "Order@0 order=1 Order@0 order=2 Payment@30 order=1 amount=11 Payment@30 order=2 amount=10 z@31"
    )
    assert played.types == ["Paid @30", "Unpaid @30"]
    assert played.derived[1].fields == {"order": 2}


# ---- several partitions, lateness ----


def test_it_waits_for_the_slowest_partition() -> None:
    engine = cep.Engine.from_rules(NO_B)
    engine.open("x")
    engine.open("y")
    assert engine.push({"type": "A", "time": moment(0)}, source="x") == []
    assert engine.push({"type": "Z", "time": moment(99)}, source="x") == []
    assert engine.push({"type": "Z", "time": moment(5)}, source="y") == []
    assert [each.time for each in engine.push({"type": "Z", "time": moment("5.000001")}, source="y")] == [moment(5)]


def test_a_b_of_the_slowest_partition_cancels() -> None:
    engine = cep.Engine.from_rules(NO_B)
    engine.open("x")
    engine.open("y")
    engine.push({"type": "A", "time": moment(0)}, source="x")
    engine.push({"type": "Z", "time": moment(99)}, source="x")
    assert engine.push({"type": "B", "time": moment(5)}, source="y") == []
    assert engine.finish() == []
    assert engine.pending() == {}


def test_a_b_within_the_lateness_cancels() -> None:
    assert found(NO_B, "a@0 z@15 b@5 z@99", lateness="10s") == []
    assert found(NO_B, "a@0 z@15.000001 b@5 z@99", lateness="10s") == ["a @5"]
