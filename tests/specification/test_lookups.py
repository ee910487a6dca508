"""Section 4: `from A lookup table on …`, and tables as inputs (S2)."""

from __future__ import annotations

from typing import Any

import pytest

import cep
from cep.plan.compiling import compile_rules
from tests.specification.scenario import (
    SOURCE,
    ZERO_US,
    batch,
    lines,
    moment,
    play,
    push_batches,
    records,
    refusal,
)

TABLES = """
table cards from "cards.csv" key number
table owners from "owners.csv" key id
table bands from "bands.csv" key low
table rates from "rates.csv" key currency, country
"""
CARDS = [
    {"number": 1, "limit": 100, "owner": "ann"},
    {"number": 2, "limit": 50, "owner": "bob"},
    {"number": "2", "limit": 7},
]
OWNERS = [{"id": "ann", "age": 30}, {"id": "bob", "age": 60}]
BANDS = [{"low": 0, "high": 9, "name": "small"}, {"low": 5, "high": 99, "name": "large"}]
RATES = [
    {"currency": "EUR", "country": "DE", "rate": 1},
    {"currency": "EUR", "country": "FR", "rate": 2},
    {"currency": "USD", "country": "US", "rate": 3},
]
ROWS: dict[str, list[dict[str, Any]]] = {"cards": CARDS, "owners": OWNERS, "bands": BANDS, "rates": RATES}


def values(rule: str, events: str, *names: str, **tables: list[dict[str, Any]]) -> list[Any]:
    return play(f"{TABLES} rule r {rule}", events, tables={**ROWS, **tables}).values(*names)


def test_the_row_enriches_the_event_and_its_fields_are_null_without_one() -> None:
    rule = "from Pay lookup cards on card == cards.number emit X(card, limit = cards.limit, who = cards.owner)"
    assert values(rule, "Pay card=1 Pay card=2 Pay card=3 Pay", "card", "limit", "who") == [
        (1, 100, "ann"),
        (2, 50, "bob"),
        (3, None, None),
        (None, None, None),
    ]


def test_a_key_is_found_by_equality_of_the_language() -> None:
    rule = "from Pay lookup cards on card == cards.number emit X(limit = cards.limit)"
    assert values(rule, 'Pay card=1.0 Pay card="2" Pay card=true Pay card=[1]', "limit") == [100, 7, None, None]


def test_either_side_of_the_equality_may_be_the_column() -> None:
    rule = "from Pay lookup cards on cards.number == card emit X(limit = cards.limit)"
    assert values(rule, "Pay card=1", "limit") == [100]


def test_when_compares_with_the_row() -> None:
    rule = "from Pay lookup cards on card == cards.number when amount > cards.limit emit X(amount)"
    assert values(rule, "Pay card=1 amount=90 Pay card=2 amount=60 Pay card=3 amount=999", "amount") == [60]


def test_other_conditions_are_tested_after_the_equality() -> None:
    rule = "from Pay lookup cards on card == cards.number and amount > cards.limit emit X(limit = cards.limit)"
    assert values(rule, "Pay card=1 amount=90 Pay card=2 amount=60", "limit") == [None, 50]


def test_of_several_rows_the_first_that_passes_is_taken() -> None:
    rule = "from Pay lookup bands on amount between bands.low and bands.high emit X(band = bands.name)"
    assert values(rule, "Pay amount=3 Pay amount=7 Pay amount=20 Pay amount=200", "band") == [
        "small",
        "small",
        "large",
        None,
    ]
    rule = "from Pay lookup rates on currency == rates.currency and rates.rate > least emit X(rate = rates.rate)"
    assert values(rule, 'Pay currency="EUR" least=0 Pay currency="EUR" least=1', "rate") == [1, 2]


def test_keys_of_several_columns() -> None:
    rule = "from Pay lookup rates on rates.country == country and currency == rates.currency emit X(rate = rates.rate)"
    events = 'Pay currency="EUR" country="FR" Pay currency="USD" country="DE" Pay currency="USD"'
    assert values(rule, events, "rate") == [2, None, None]


def test_several_lookups_one_of_what_the_other_found() -> None:
    rule = """from Pay lookup cards on card == cards.number lookup owners on owners.id == cards.owner
        emit X(limit = cards.limit, age = owners.age)"""
    assert values(rule, 'Pay card=2 Pay card="2" Pay card=9', "limit", "age") == [(50, 60), (7, None), (None, None)]


def test_a_further_condition_of_a_second_lookup_sees_both_rows() -> None:
    rule = """from Pay lookup cards on card == cards.number lookup rates on country == rates.country and rates.rate < cards.limit
        emit X(limit = cards.limit, rate = rates.rate)"""
    rows = [{"number": 1, "limit": 2}, {"number": 2, "limit": 5}]
    events = 'Pay card=1 country="FR" Pay card=2 country="FR" Pay card=1 country="DE"'
    assert values(rule, events, "limit", "rate", cards=rows) == [(2, None), (5, 2), (2, 1)]


def test_where_looks_at_the_row_before_the_event_enters_the_window() -> None:
    rule = """from Pay(amount > 1) lookup cards on card == cards.number where cards.limit > 10 and amount < 100
        per shop over last 10 seconds emit X(shop, n = count(), total = sum(amount), limits = sum(cards.limit))"""
    events = (
        'Pay shop=1 card=1 amount=5 Pay shop=1 card="2" amount=5 Pay shop=1 card=2 amount=7 Pay shop=2 card=1 amount=8 '
    )
    assert values(
        rule, f"{events} Pay shop=1 card=1 amount=1 Pay shop=1 card=1 amount=100", "shop", "n", "total", "limits"
    ) == [
        (1, 1, 5, 100),
        (1, 2, 12, 150),
        (2, 1, 8, 100),
    ]


def test_aggregates_range_over_rows_too() -> None:
    rule = """from Pay lookup cards on card == cards.number over last 10 seconds
        emit X(n = count(), found = count(cards), owners = distinct(cards.owner), first_card = first.card,
               high = max(amount where cards.limit > 60))"""
    events = 'Pay card=1 amount=3 Pay card=9 amount=9 Pay card="2" amount=5'
    assert values(rule, events, "n", "found", "owners", "first_card", "high")[-1] == (3, 2, ["ann"], 1, 3)


def test_firing_on_rising_sees_the_row() -> None:
    rule = """from Pay per card lookup cards on card == cards.number over last 10 seconds
        when sum(amount) > cards.limit emit X(card, total = sum(amount))"""
    rule = rule.replace(
        "from Pay per card lookup cards on card == cards.number",
        "from Pay lookup cards on card == cards.number per card",
    )
    events = "Pay card=2 amount=40 Pay card=2 amount=20 Pay card=2 amount=1 Pay@30 card=2 amount=51"
    assert values(rule, events, "total") == [60, 51]


def test_an_expression_that_fails_finds_nothing_and_is_told() -> None:
    rules = f"{TABLES} rule r from Pay lookup cards on amount / x == cards.limit emit X(limit = cards.limit)"
    played = play(rules, "Pay amount=100 x=1 Pay amount=100 x=0", tables=ROWS)
    assert played.values("limit") == [100, None]
    [letter] = played.engine.take_dead_letters()
    assert (letter.code, letter.rule, letter.position) == ("CEP621", "r", 2)
    guarded = "from Pay lookup cards on x != 0 and amount / x == cards.limit emit X(limit = cards.limit)"
    played = play(f"{TABLES} rule r {guarded}", "Pay amount=100 x=0", tables=ROWS)
    assert played.values("limit") == [None]
    assert played.engine.take_dead_letters() == []


def test_evidence_and_star_are_those_of_the_event() -> None:
    rules = f"{TABLES} rule r from Pay as p lookup cards on card == cards.number emit X(*, limit = cards.limit)"
    [derived] = play(rules, "Pay card=1 note=x", tables=ROWS).derived
    assert derived.fields == {"card": 1, "note": "x", "limit": 100}
    assert [(each.step, each.id) for each in derived.evidence] == [("p", f"{SOURCE}:1")]


def test_rules_that_read_what_the_rule_emits_see_the_columns() -> None:
    rules = f"""{TABLES}
        rule r from Pay lookup cards on card == cards.number emit Known(card, limit = cards.limit)
        rule s when Known(limit > 60) emit High(limit)"""
    assert [d.type for d in play(rules, "Pay card=1 Pay card=2", tables=ROWS).derived] == ["Known", "High", "Known"]


def test_derived_events_are_looked_up_as_others_are() -> None:
    rules = f"""{TABLES}
        rule s when Pay(amount > 1) emit Big(card)
        rule r from Big lookup cards on card == cards.number emit X(limit = cards.limit)"""
    assert play(rules, "Pay card=1 amount=3", tables=ROWS).derived[-1].fields == {"limit": 100}


# ---- versions ----

VERSIONS = [
    {"number": 1, "limit": 10},
    {"number": 1, "limit": 30, "valid_from": moment(20)},
    {"number": 1, "limit": 20, "valid_from": moment(10)},
    {"number": 2, "limit": 40, "valid_from": moment(15)},
]


def test_the_row_valid_at_the_events_time_counts() -> None:
    rule = "from Pay lookup cards on card == cards.number emit X(limit = cards.limit)"
    events = "Pay@9 card=1 Pay@9 card=2 Pay@10 card=1 Pay@19 card=1 Pay@20 card=2 Pay@20 card=1"
    assert values(rule, events, "limit", cards=VERSIONS) == [10, None, 20, 20, 40, 30]


def test_a_version_hides_the_one_before_also_where_another_column_is_asked_for() -> None:
    rows = [
        {"number": 1, "owner": "ann"},
        {"number": 1, "owner": "bob", "valid_from": moment(10)},
        {"number": 2, "owner": "ann", "valid_from": moment(5)},
    ]
    rule = "from Pay lookup cards on who == cards.owner emit X(number = cards.number)"
    events = 'Pay@1 who="ann" Pay@6 who="ann" Pay@11 who="ann" Pay@11 who="bob"'
    assert values(rule, events, "number", cards=rows) == [1, 1, 2, 1]


# ---- tables are inputs ----

LIMITS = (
    f"{TABLES} rule r from Pay lookup cards on card == cards.number over last 5 seconds emit X(s = sum(cards.limit))"
)


def test_a_change_counts_from_its_time_on_whenever_events_arrive() -> None:
    """S2: what is in force for an event depends on its time, not on what had arrived when the table changed."""
    rules = f"{TABLES} rule r from Pay lookup cards on card == cards.number emit X(limit = cards.limit)"
    engine = cep.Engine.from_rules(rules, lateness="10s", tables=ROWS)
    derived = []
    for second in (0, 12, 20):
        derived += engine.push({"type": "Pay", "time": moment(second), "card": 1})
    at_us = engine.set_table("cards", [{"number": 1, "limit": 5}])
    assert at_us == ZERO_US + 10_000_001
    derived += engine.push({"type": "Pay", "time": moment(10), "card": 1})
    derived += engine.push({"type": "Pay", "time": moment(11), "card": 1})
    derived += engine.finish()
    assert [(d.time, d.fields["limit"]) for d in derived] == [
        (moment(0), 100),
        (moment(10), 100),
        (moment(11), 5),
        (moment(12), 5),
        (moment(20), 5),
    ]


def test_a_replay_that_gives_the_changes_with_their_times_derives_the_same_whatever_the_batches() -> None:
    rows = records(" ".join(f"Pay@{second // 2} card={second % 3}" for second in range(30)))
    first = cep.Engine.from_rules(LIMITS, tables=ROWS)
    derived, changes = [], []
    for number, row in enumerate(rows, start=1):
        derived += first.push_batch(batch(first, [row], number))
        if number in (7, 18):
            table = [{"number": 1, "limit": number}, {"number": 2, "limit": number}]
            changes.append((table, first.set_table("cards", table)))
    for size in (1, 4, 30):
        engine = cep.Engine.from_rules(LIMITS, tables=ROWS)
        engine.open(SOURCE)
        again = push_batches(engine, rows[:1], 1)
        for table, at_us in changes:
            assert engine.set_table("cards", table, at=at_us) == at_us
        for start in range(1, len(rows), size):
            again += engine.push_batch(batch(engine, rows[start : start + size], start + 1))
        assert lines(again) == lines(derived)


@pytest.mark.parametrize("cut", range(0, 13, 3))
def test_a_restored_engine_goes_on_with_the_rows_that_were_there(cut: int) -> None:
    rows = records(" ".join(f"Pay@{second} card={second % 3}" for second in range(12)))
    whole = cep.Engine.from_rules(LIMITS, tables=ROWS)
    expected, found = [], []
    engine = cep.Engine.from_rules(LIMITS, tables=ROWS)
    for number, row in enumerate(rows, start=1):
        if number == 5:
            for each in (whole, engine):
                each.set_table("cards", [{"number": 1, "limit": 1}], at=ZERO_US + 7_000_000)
        if number == cut + 1:
            snapshot = engine.snapshot()
            engine = cep.Engine.from_rules(LIMITS)
            engine.restore(snapshot)
        expected += whole.push(row, source=SOURCE)
        found += engine.push(row, source=SOURCE)
    assert lines(found) == lines(expected)
    assert len({d.fields["s"] for d in found}) > 3


def test_a_snapshot_of_a_table_with_another_key_is_refused() -> None:
    engine = cep.Engine.from_rules(LIMITS, tables=ROWS)
    other = cep.Engine.from_rules(LIMITS.replace("key number", "key number, limit"))
    with pytest.raises(cep.SnapshotError, match="other rules"):
        other.restore(engine.snapshot())


# ---- what the plan says of tables ----


def test_the_plan_names_the_columns_that_are_read_and_those_compared_with_text() -> None:
    rules = """
        event Pay { card: string, shop: int, at: timestamp } time at
        table cards from "cards.csv" key number
        table shops from "shops.csv" key id, zip
        rule r from Pay lookup cards on card == cards.number lookup shops on shop == shops.id and card == shops.code
          emit X(limit = cards.limit, n = shops.name)
    """
    plan = compile_rules(rules).plan
    assert plan is not None
    cards, shops = plan.tables["cards"], plan.tables["shops"]
    assert (cards.key, cards.columns, cards.text) == (("number",), ("limit",), {"number"})
    assert (shops.key, sorted(shops.columns), shops.text) == (("id", "zip"), ["code", "name"], {"code"})
    assert plan.types["Pay"].expected == ("card", "shop")


def test_a_row_is_no_event_and_has_no_time() -> None:
    from_pay = f"{TABLES} rule r from Pay lookup cards on card == cards.number"
    assert refusal(f"{from_pay} emit X(at = time(cards))") == ["CEP307"]
    assert refusal(f"{from_pay} when speed_kmh(this, cards) > 900 emit X(card)") == ["CEP307"]


def test_at_most_counts_by_keys_of_its_own() -> None:
    rule = """from Pay lookup cards on card == cards.number per card when cards.limit < 200 every time
        emit X(card, shop) at most 1 every 1 minute per shop"""
    events = 'Pay card=1 shop="a" Pay card=2 shop="a" Pay card=2 shop="b" Pay card=1 Pay card=2 Pay@70 card=2 shop="a"'
    assert values(rule, events, "card", "shop") == [(1, "a"), (2, "b"), (1, None), (2, "a")]


def test_events_of_the_window_by_position() -> None:
    rule = """from Pay as p lookup cards on card == cards.number over last 3 events partial
        emit X(first = p[0].card, before = p[-2].card, beyond = p[2].card, limit = cards.limit)"""
    assert values(rule, "Pay card=1 Pay card=2 Pay card=3 Pay card=1", "first", "before", "beyond", "limit") == [
        (1, None, None, 100),
        (1, 1, None, 50),
        (1, 2, 3, None),
        (2, 3, 1, 100),
    ]
