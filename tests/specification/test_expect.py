"""`expect … from TABLE`: silence, also of keys that were never seen (S4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import cep
from cep.timestamps import SECOND_US
from tests.oracle.engine import run
from tests.oracle.rules import load
from tests.oracle.values import OracleEvent

START_US = 1_767_225_600 * SECOND_US
TABLE = 'table hosts from "hosts.csv" key host\n'
SILENT = TABLE + "rule r when expect Beat from hosts for 10 seconds per host emit Silent(host, last = beat.n)"

Found = tuple[str, int, dict[str, object]]


def engine_of(rules: str, hosts: str) -> cep.Engine:
    return cep.Engine.from_rules(rules, tables={"hosts": [{"host": host} for host in hosts]})


def beat(second: int, host: str, n: int = 0, kind: str = "Beat") -> dict[str, object]:
    return {"type": kind, "ts": START_US + second * SECOND_US, "host": host, "n": n}


def seconds(derived: list[cep.DerivedEvent]) -> list[tuple[float, object, object]]:
    return [((d.time_us - START_US) / SECOND_US, d.fields["host"], d.fields["last"]) for d in derived]


def test_a_key_never_seen_is_expected_from_the_first_event() -> None:
    engine = engine_of(SILENT, "ab")
    assert engine.push(beat(5, "a", 1)) == []
    assert seconds(engine.push(beat(15, "a", 2))) == []
    assert seconds(engine.push(beat(16, "a", 3))) == [(15, "b", None)]


def test_the_deadline_exactly_met_is_no_silence() -> None:
    engine = engine_of(SILENT, "b")
    engine.push(beat(0, "x"))
    engine.push(beat(10, "b", 7))
    assert seconds(engine.flush()) == [(10, "x", 0), (20, "b", 7)]


def test_the_silence_is_told_once_and_the_next_event_arms_it_again() -> None:
    engine = engine_of(SILENT, "b")
    engine.push(beat(0, "b", 1))
    assert seconds(engine.push(beat(100, "b", 2))) == [(10, "b", 1)]
    assert seconds(engine.flush()) == [(110, "b", 2)]


def test_what_was_awaited_is_told_and_nothing_is_evidence() -> None:
    engine = engine_of(SILENT, "b")
    engine.push(beat(0, "a"))
    [_, found] = engine.flush()
    assert found.evidence == ()
    assert (found.awaited, found.deadline_us, found.key) == ("Beat", START_US + 10 * SECOND_US, {"host": "b"})


def test_a_snapshot_keeps_what_is_expected() -> None:
    engine = engine_of(SILENT, "ab")
    engine.push(beat(0, "a", 1))
    again = engine_of(SILENT, "ab")
    again.restore(engine.snapshot())
    assert seconds(again.flush()) == seconds(engine.flush()) == [(10, "a", 1), (10, "b", None)]


def test_rows_added_later_are_expected_from_the_reread_on_and_removed_ones_no_more() -> None:
    engine = engine_of(SILENT, "ab")
    engine.push(beat(0, "a", 1))
    engine.set_table("hosts", [{"host": "a"}, {"host": "c"}], at="2026-01-01T00:00:04Z")
    engine.push(beat(5, "a", 2))
    assert seconds(engine.flush()) == [(14, "c", None), (15, "a", 2)]


def test_a_step_may_follow_the_silence() -> None:
    rules = TABLE + (
        "rule r when expect Beat from hosts for 10 seconds then Back within 1 minute per host "
        "emit Silent(host, last = beat.n)"
    )
    engine = engine_of(rules, "a")
    engine.push(beat(0, "x"))
    assert engine.push(beat(9, "a", kind="Back")) == []
    assert seconds(engine.push(beat(11, "a", kind="Back"))) == [(11, "a", None)]


events = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("abx"), st.sampled_from(["Beat", "Beat", "Back", "Other"])),
    max_size=10,
)
patterns = st.sampled_from(
    [
        "expect Beat from hosts for 3 seconds",
        "expect Beat from hosts for 3 seconds then Back",
        "expect Beat from hosts for 3 seconds then no Back for 2 seconds",
    ]
)


@given(patterns, events)
def test_the_engine_equals_the_oracle(pattern: str, gaps: list[tuple[int, str, str]]) -> None:
    rules = f"{TABLE}rule r when {pattern} within 20 seconds per host emit Silent(host, n = count())"
    rules = rules if "then" in pattern else rules.replace(" within 20 seconds", "")
    engine = engine_of(rules, "ab")
    found: list[Found] = []
    oracle_events: list[OracleEvent] = []
    second = 0
    for place, (gap, host, kind) in enumerate(gaps):
        second += gap
        time_us = START_US + second * SECOND_US
        found += [(d.type, d.time_us, d.fields) for d in engine.push(beat(second, host, kind=kind), position=place)]
        oracle_events.append(OracleEvent(kind, time_us, {"host": host, "n": 0}, str(place), ("", "", place)))
    found += [(d.type, d.time_us, d.fields) for d in engine.flush()]
    expected = run(load(rules), oracle_events, "flush", expected={"hosts": [("a",), ("b",)]})
    assert found == [(d.type, d.time_us, d.fields) for d in expected.derived]
