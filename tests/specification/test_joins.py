"""Section 4: `from A as a join B as b on … within D`, worked out by hand."""

from __future__ import annotations

import pytest

import cep
from tests.specification.scenario import (
    Played,
    continue_with,
    found,
    lines,
    play,
    push_batches,
    records,
    refusal,
)

JOIN = "rule r from A as a join B as b on a.id == b.order_id within 5 seconds emit X(a.x, y = b.x)"
LEFT = JOIN.replace(" join ", " left join ")


def test_pairs_form_in_either_order_at_the_time_of_the_later_event() -> None:
    assert found(JOIN, "a1@1 id=7 b1@3 order_id=7 a2@4 id=7") == ["a1 b1 @3", "a2 b1 @4"]


def test_the_distance_is_inclusive() -> None:
    assert found(JOIN, "a1@0 id=7 b1@5 order_id=7 b2@5.000001 order_id=7") == ["a1 b1 @5"]
    assert found(JOIN, "b1@0 order_id=7 a1@5 id=7 a2@5.000001 id=7") == ["a1 b1 @5"]


def test_every_event_pairs_with_all_its_partners() -> None:
    events = "a1@0 id=7 a2@1 id=7 b1@2 order_id=7 b2@3 order_id=7"
    assert found(JOIN, events) == ["a1 b1 @2", "a2 b1 @2", "a1 b2 @3", "a2 b2 @3"]


def test_events_of_one_instant_pair_once_in_the_order_of_the_file() -> None:
    assert found(JOIN, "b1@2 order_id=7 a1@2 id=7 b2@2 order_id=7") == ["a1 b1 @2", "a1 b2 @2"]


def test_null_matches_nothing() -> None:
    assert found(JOIN, "a1 b1 a2 id=null b2 order_id=null") == []


def test_equality_is_that_of_the_language() -> None:
    assert found(JOIN, 'a1 id=1 b1 order_id=1.0 b2 order_id="1" b3 order_id=true') == ["a1 b1 @1"]
    assert found(JOIN, "a1 id=[1,2] b1 order_id=[1,2] b2 order_id=[2,1]") == ["a1 b1 @1"]


def test_further_conditions_are_tested_on_the_pairs() -> None:
    rule = JOIN.replace("a.id == b.order_id", "a.id == b.order_id and a.x < b.x and b.x != 4")
    assert found(rule, "a1@0 id=1 x=2 a2@0 id=1 x=5 b1@1 order_id=1 x=3 b2@2 order_id=1 x=4") == ["a1 b1 @1"]


def test_without_an_equality_all_pairs_in_time_are_tested() -> None:
    rule = "rule r from A as a join B as b on a.x < b.x within 5 seconds emit X()"
    assert found(rule, "a1@0 x=1 a2@0 x=3 b1@1 x=2 b2@2 x=4 b3@7 x=9") == ["a1 b1 @1", "a1 b2 @2", "a2 b2 @2"]


def test_inputs_have_conditions_and_several_types() -> None:
    rule = """define order as Order or Amendment
        rule r from order as a join Paid(x > 1) as b on a.id == b.id within 5 seconds emit X(a.id)"""
    events = "Order@0 id=1 Amendment@1 id=1 Paid@2 id=1 x=1 Paid@3 id=1 x=2"
    assert found(rule, events) == ["Order Paid @3", "Amendment Paid @3"]


def test_at_most_counts_by_keys_of_its_own() -> None:
    """The key is read from the first of the joined events that has it; null is a key like others."""
    rule = f"{JOIN} at most 1 every 1 hour per shop"
    events = "a1@0 id=1 a2@1 id=2 a3@2 id=3 b1@3 order_id=1 shop=7 b2@4 order_id=2 shop=7 b3@5 order_id=3 shop=8"
    assert found(rule, events) == ["a1 b1 @3", "a3 b3 @5"]
    assert found(rule, events.replace("a3@2 id=3", "a3@2 id=3 shop=7")) == ["a1 b1 @3"]
    by_type = f"{JOIN} at most 1 every 1 hour per shop = (A.place, B.shop)"
    assert found(by_type, events.replace("a2@1 id=2", "a2@1 id=2 place=9")) == ["a1 b1 @3", "a2 b2 @4", "a3 b3 @5"]


def test_a_key_is_no_field_of_one_of_the_inputs() -> None:
    assert refusal(JOIN + " per a.k") == ["CEP204"]
    assert refusal("rule r when A as a then B per k = a.k emit X()") == ["CEP204"]
    assert refusal("event A { a: map } rule r when A as a then A as b per k = a.k within 1 m emit X()") == []


def test_values_and_evidence_name_both_roles() -> None:
    [derived] = play(JOIN, "a1@1 id=7 x=1 b1@3 order_id=7 x=2").derived
    assert derived.fields == {"x": 1, "y": 2}
    assert [(each.step, each.id) for each in derived.evidence] == [("a", "s:1"), ("b", "s:2")]


def test_an_input_without_a_name_is_called_after_its_type() -> None:
    rule = "rule r from OrderPlaced join Paid on order_placed.id == paid.id within 1m emit X(order_placed.id)"
    [derived] = play(rule, "OrderPlaced id=3 Paid id=3").derived
    assert [each.step for each in derived.evidence] == ["OrderPlaced", "Paid"]


def test_star_copies_the_fields_of_the_later_event() -> None:
    rule = "rule r from A as a join B as b on a.id == b.id within 5 seconds emit X(*, n = a.x)"
    derived = play(rule, "a1 id=1 x=1 b1 id=1 y=2 a2 id=1 x=3").derived
    assert [each.fields for each in derived] == [{"id": 1, "y": 2, "n": 1}, {"id": 1, "x": 3, "n": 3}]


# ---- left joins ----


def test_what_finds_no_partner_goes_on_alone_at_its_time_and_d() -> None:
    played = play(LEFT, "a1@0 id=7 x=1 b1@4 order_id=8 a2@4 id=7 x=2 b2@9 order_id=7 x=3 -> 20", end="open")
    assert played.found == ["a1 @5", "a2 b2 @9"]
    assert played.values("x", "y") == [(1, None), (2, 3)]


def test_a_partner_at_exactly_the_deadline_pairs() -> None:
    assert found(LEFT, "a1@0 id=7 b1@5 order_id=7 C@6") == ["a1 b1 @5"]
    assert found(LEFT, "a1@0 id=7 C@5 b1@5.000001 order_id=7 C@6") == ["a1 @5"]


def test_a_left_over_waits_for_the_watermark_to_pass_the_deadline() -> None:
    assert found(LEFT, "a1@0 id=7 C@5", end="open") == []
    assert found(LEFT, "a1@0 id=7 C@5.000001", end="open") == ["a1 @5"]


def test_partners_before_it_count_too() -> None:
    assert found(LEFT, "b1@0 order_id=7 a1@5 id=7 C@99") == ["a1 b1 @5"]
    assert found(LEFT, "b1@0 order_id=7 a1@5.000001 id=7 C@99") == ["a1 @10.000001"]


def test_null_on_the_left_is_alone() -> None:
    assert found(LEFT, "a1@0 b1@1 C@9") == ["a1 @5"]


def test_a_pair_that_fails_the_condition_is_no_partner() -> None:
    rule = LEFT.replace("a.id == b.order_id", "a.id == b.order_id and a.x < b.x")
    assert found(rule, "a1@0 id=7 x=5 b1@1 order_id=7 x=1 C@9") == ["a1 @5"]


def test_left_overs_of_one_instant_come_in_the_order_of_key_and_start() -> None:
    rule = LEFT.replace("emit", "per k emit")
    events = "a1@0 id=1 k=2 a2@0 id=1 k=1 a3@0 id=2 k=1 C@9"
    assert found(rule, events) == ["a2 @5", "a3 @5", "a1 @5"]


def test_at_the_end_left_overs_wait_and_flush_lets_them_go() -> None:
    played = play(LEFT, "a1@0 id=7 a2@1 id=8 b1@1 order_id=8")
    assert played.found == ["a2 b1 @1"]
    assert played.engine.pending() == {"r": 1}
    assert [Played.show(played, each) for each in played.engine.flush()] == ["a1 @5"]
    assert played.engine.pending() == {}


# ---- several joins ----


def test_what_is_joined_is_joined_further_at_its_own_time() -> None:
    rule = """rule r from A as a join B as b on a.id == b.id within 5 seconds
        join C as c on c.id == b.id within 2 seconds emit X()"""
    assert found(rule, "a1@0 id=1 b1@4 id=1 c1@6 id=1 c2@6.000001 id=1") == ["a1 b1 c1 @6"]
    assert found(rule, "c1@2 id=1 a1@0 id=1", lateness="9s") == []
    assert found(rule, "a1@0 id=1 c1@2 id=1 b1@4 id=1") == ["a1 b1 c1 @4"]
    assert found(rule, "a1@0 id=1 c1@1.999999 id=1 b1@4 id=1") == []


def test_a_left_over_is_joined_further_at_its_deadline() -> None:
    rule = """rule r from A as a left join B as b on a.id == b.id within 5 seconds
        left join C as c on c.id == a.id within 2 seconds emit X(b = b.id, c = c.id)"""
    events = "a1@0 id=1 c1@3 id=1 D@6 c2@7 id=1 c3@7.000001 id=1 D@20"
    assert found(rule, events) == ["a1 c1 @5", "a1 c2 @7"]
    assert found(rule, "a1@0 id=1 c1@2.999999 id=1 D@20") == ["a1 @7"]
    assert found(rule, "a1@0 id=1 b1@4 id=1 D@20") == ["a1 b1 @6"]


def test_an_event_fills_one_role_of_a_match() -> None:
    rule = "rule r from A as a join A as b on a.id == b.id within 5 seconds emit X()"
    assert found(rule, "a1@0 id=1 a2@1 id=1") == ["a1 a2 @1", "a2 a1 @1"]
    rule = """rule r from A as a join A as b on a.id == b.id within 5 seconds
        join A as c on c.id == a.id within 5 seconds where a.x < b.x and b.x < c.x emit X()"""
    assert found(rule, "a1@0 id=1 x=1 a2@1 id=1 x=2 a3@2 id=1 x=3") == ["a1 a2 a3 @2"]


# ---- keys, where, when, windows ----


def test_keys_are_equal_on_all_sides() -> None:
    rule = JOIN.replace("emit", "per k emit")
    played = play(rule, "a1 id=1 k=1 b1 order_id=1 k=2 b2 order_id=1 k=1 b3 order_id=1")
    assert played.found == ["a1 b2 @2"]
    assert played.engine.counters.null_keys == {"r": 1}
    assert played.derived[0].key == {"k": 1}


def test_keys_may_be_called_differently() -> None:
    rule = JOIN.replace("emit", "per card = (A.card_no, B.owner.card) emit")
    assert found(rule, 'a1 id=1 card_no=7 b1 order_id=1 owner={"card":7} b2 order_id=1 owner={"card":8}') == [
        "a1 b1 @1"
    ]


def test_where_looks_at_the_pair() -> None:
    rule = JOIN.replace("emit", "where a.x + b.x > 3 and b.x < 9 emit")
    assert found(rule, "a1@0 id=1 x=2 b1@1 order_id=1 x=1 b2@2 order_id=1 x=2 b3@3 order_id=1 x=9") == ["a1 b2 @2"]


def test_where_on_the_right_side_drops_left_overs_as_unknown() -> None:
    rule = LEFT.replace("emit", "where b.x > 1 emit")
    assert found(rule, "a1@0 id=1 b1@1 order_id=1 x=1 a2@2 id=2 C@20") == []
    alone = LEFT.replace("emit", "where b.order_id is null emit")
    assert found(alone, "a1@0 id=1 b1@1 order_id=1 x=1 a2@2 id=2 C@20") == ["a2 @7"]
    assert found(alone.replace("null", "missing"), "a1@0 id=1 b1@1 order_id=1 a2@2 id=2 C@20") == ["a2 @7"]


def test_when_without_a_window_is_asked_of_each_pair() -> None:
    rule = JOIN.replace("emit", "when b.x > a.x emit")
    assert found(rule, "a1@0 id=1 x=2 b1@1 order_id=1 x=3 b2@2 order_id=1 x=2 b3@3 order_id=1 x=3") == [
        "a1 b1 @1",
        "a1 b3 @3",
    ]


def test_a_window_holds_pairs_by_their_time() -> None:
    rule = JOIN.replace(
        "emit X(a.x, y = b.x)", "over last 4 seconds emit X(n = count(), s = sum(b.x), d = distinct(a.x))"
    )
    played = play(rule, "a1@0 id=1 x=9 b1@1 order_id=1 x=1 b2@3 order_id=1 x=2 a2@5 id=1 x=8")
    assert played.values("n", "s", "d") == [(1, 1, [9]), (2, 3, [9]), (3, 4, [9, 8]), (4, 6, [9, 8])]
    assert [[(e.step, e.id) for e in each.evidence] for each in played.derived][-1] == [
        ("a", "s:1"),
        ("b", "s:2"),
        ("b", "s:3"),
        ("a", "s:4"),
    ]


def test_left_overs_enter_windows_too() -> None:
    rule = LEFT.replace("emit X(a.x, y = b.x)", "over last 10 seconds emit X(all = count(), paired = count(b))")
    assert play(rule, "a1@0 id=1 b1@1 order_id=1 a2@2 id=2 C@20").values("all", "paired") == [(1, 1), (2, 1)]


def test_firing_on_rising_over_pairs() -> None:
    rule = JOIN.replace("emit X(a.x, y = b.x)", "over last 4 seconds when sum(b.x) > 3 emit X(s = sum(b.x))")
    events = "a1@0 id=1 b1@1 order_id=1 x=2 b2@2 order_id=1 x=2 b3@3 order_id=1 x=2 b4@20 order_id=1 x=2"
    assert play(rule, f"{events} a2@20 id=1 b5@21 order_id=1 x=2").values("s") == [4, 4]


def test_pairs_are_enriched_at_their_time() -> None:
    rule = """table cards from "cards.csv" key number
        rule r from A as a left join B as b on a.id == b.id within 5 seconds
          lookup cards on cards.number == a.card where cards.limit > 1 emit X(limit = cards.limit)"""
    cards = [{"number": 1, "limit": 5}, {"number": 1, "limit": 6, "valid_from": "2026-01-01T00:00:05Z"}]
    played = play(rule, "a1@0 id=1 card=1 b1@4 id=1 a2@1 id=2 card=1 C@9", tables={"cards": cards}, lateness="5s")
    assert list(zip(played.found, played.values("limit"), strict=True)) == [("a1 b1 @4", 5), ("a2 @6", 6)]


def test_a_join_on_what_was_looked_up() -> None:
    rule = """table cards from "cards.csv" key number
        rule r from A as a lookup cards on cards.number == a.card
          join B as b on b.owner == cards.owner within 5 seconds emit X(cards.owner)"""
    cards = [{"number": 1, "owner": "ann"}, {"number": 2}]
    events = 'a1@0 card=1 a2@0 card=2 b1@1 owner="ann" b2@1'
    assert found(rule, events, tables={"cards": cards}) == ["a1 b1 @1"]


# ---- errors, limits, state ----


def test_a_condition_that_fails_is_told_and_does_not_hold() -> None:
    rule = JOIN.replace("a.id == b.order_id", "a.id == b.order_id and 6 / b.x > 1")
    played = play(rule, "a1 id=1 b1 order_id=1 x=0 b2 order_id=1 x=3")
    assert played.found == ["a1 b2 @2"]
    [letter] = played.engine.take_dead_letters()
    assert (letter.code, letter.rule, letter.position) == ("CEP621", "r", 2)


def test_rules_read_the_pairs_that_other_rules_emit() -> None:
    rules = f"{JOIN} rule s when two X within 1m emit Y()"
    assert play(rules, "a1@0 id=1 b1@1 order_id=1 a2@2 id=1").types == ["X @1", "X @2", "Y @2"]


def test_derived_events_of_one_event_come_before_what_follows_from_them() -> None:
    rules = f"{JOIN} rule s when X emit Y()"
    assert play(rules, "a1@0 id=1 a2@0 id=1 b1@1 order_id=1").types == ["X @1", "X @1", "Y @1", "Y @1"]


def test_what_is_too_old_for_a_partner_is_let_go() -> None:
    engine = cep.Engine.from_rules(LEFT)
    sizes = []
    for second in range(0, 60, 2):
        engine.push({"type": "A", "time": 1_767_225_600 + second, "id": second})
        engine.push({"type": "B", "time": 1_767_225_600 + second, "order_id": -second})
        sizes.append(len(engine.snapshot()))
    assert max(sizes[10:]) < sizes[3] * 1.2


def test_the_limit_drops_the_oldest_and_marks_what_follows() -> None:
    limits = cep.Limits(join_events=3)
    events = "a1@0 id=1 a2@1 id=2 b1@2 order_id=9 b2@3 order_id=2 b3@3 order_id=1 a3@4 id=9 C@20"
    played = play(LEFT, events, limits=limits)
    assert played.found == ["a2 b2 @3", "a3 b1 @4"]
    assert [each.degraded for each in played.derived] == [False, True]
    assert played.engine.counters.limits == {("r", "join_events"): 3}
    assert play(LEFT, events).found == ["a2 b2 @3", "a1 b3 @3", "a3 b1 @4"]


def test_evidence_of_many_pairs_is_that_of_the_newest() -> None:
    rule = JOIN.replace("emit X(a.x, y = b.x)", "over last 5 seconds emit X(n = count())")
    events = "a1@0 id=1 b1@1 order_id=1 b2@2 order_id=1 b3@3 order_id=1"
    derived = play(rule, events, limits=cep.Limits(evidence=2)).derived
    assert [(each.truncated, [e.id for e in each.evidence]) for each in derived] == [
        (False, ["s:1", "s:2"]),
        (True, ["s:2", "s:3"]),
        (True, ["s:3", "s:4"]),
    ]


@pytest.mark.parametrize("cut", range(9))
def test_a_restored_engine_goes_on_as_if_it_had_not_stopped(cut: int) -> None:
    rule = """rule r from A as a left join B as b on a.id == b.id within 5 seconds
        left join C as c on c.id == b.id within 5 seconds per k over last 20 seconds
        emit X(n = count(), b = count(b), last = c.x, s = sum(a.x))"""
    rows = records(
        "a1 id=1 k=1 x=1 b1 id=1 k=1 a2 id=2 k=1 x=2 c1 id=1 k=1 x=5 b2@3 id=2 k=1 a3@4 id=3 k=1 x=3 c2@6 id=2 k=1 a4@15 k=1"
    )
    whole, engine = cep.Engine.from_rules(rule), cep.Engine.from_rules(rule)
    expected = [each for row in rows for each in whole.push(row)]
    derived = [each for row in rows[:cut] for each in engine.push(row)]
    restored = cep.Engine.from_rules(rule)
    restored.restore(engine.snapshot())
    derived += [each for row in rows[cut:] for each in restored.push(row)]
    assert lines([*derived, *restored.flush()]) == lines([*expected, *whole.flush()])
    assert len(derived) >= 3


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_batches_make_no_difference(size: int) -> None:
    rows = records("a1@0 id=1 b1@1 order_id=1 a2@2 id=2 C@8 a3@9 id=3 b3@14 order_id=3 a4@15 id=4 C@30")
    engine = cep.Engine.from_rules(LEFT)
    assert [each.time_us for each in push_batches(engine, rows, size)] == [
        each.time_us
        for each in play(
            LEFT, "a1@0 id=1 b1@1 order_id=1 a2@2 id=2 C@8 a3@9 id=3 b3@14 order_id=3 a4@15 id=4 C@30"
        ).derived
    ]
    assert engine.counters.derived == {"r": 4}


def test_time_that_passes_lets_left_overs_go() -> None:
    played = play(LEFT, "a1@0 id=1", end="open")
    assert continue_with(played, "-> 6", end="open").found == ["a1 @5"]


# ---- what has no meaning ----


def test_an_edge_of_a_window_of_pairs_is_no_event() -> None:
    assert refusal(JOIN.replace("emit X(a.x, y = b.x)", "over last 1 hour emit X(f = first.x)")) == ["CEP210"]
    over = "over last 1 hour emit X(f = first(a.x), l = last(b.x))"
    assert play(JOIN.replace("emit X(a.x, y = b.x)", over), "a1 id=1 x=4 b1 order_id=1").values("f") == [4]


def test_a_bare_name_is_a_field_of_neither() -> None:
    assert refusal(JOIN.replace("a.x, y", "x, y")) == ["CEP206"]
    assert refusal(JOIN.replace("emit", "when prev.x > 1 emit")) == ["CEP210"]
