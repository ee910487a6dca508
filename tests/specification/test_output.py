"""Section 9: what comes in and what goes out."""

import json

import pytest

import cep
from tests.specification.scenario import moment, play, push_batches, records

BRUTE_FORCE = """
define failed login as Login(outcome == "failure")
rule brute_force
  when three failed logins within 5 minutes per user
  emit BruteForce(user, attempts = count())
  severity high
  tags ["attack.t1110"]
"""


def brute_force() -> cep.DerivedEvent:
    """The derived event that section 9 prints, with all of its evidence."""
    engine = cep.Engine.from_rules(BRUTE_FORCE)
    for second in (0, 60, 299):
        event = {"type": "Login", "time": moment(second), "user": "ann", "outcome": "failure"}
        derived = engine.push(event, source="logins.jsonl")
    return derived[0]


def test_the_line_as_printed() -> None:
    derived = brute_force()
    evidence = ",".join(
        f'{{"step":"failed login","id":"logins.jsonl:{number}","time":"{time}"}}'
        for number, time in ((1, moment(0)), (2, moment(60)), (3, moment(299)))
    )
    assert derived.to_json().decode() == (
        '{"type":"BruteForce","time":"2026-01-01T00:04:59Z","user":"ann","attempts":3,"cep":{"id":"' + derived.id
        + '","rule":"brute_force","key":{"user":"ann"},"severity":"high","tags":["attack.t1110"],"evidence":['
        + evidence + "]}}"
    )  # fmt: skip
    assert derived.id.startswith("c1.")


@pytest.mark.parametrize(
    ("second", "time"),
    [
        ("0", "2026-01-01T00:00:00Z"),
        ("0.000001", "2026-01-01T00:00:00.000001Z"),
        ("0.5", "2026-01-01T00:00:00.500000Z"),
        ("59.999999", "2026-01-01T00:00:59.999999Z"),
    ],
)
def test_six_decimals_only_where_the_microseconds_are_not_zero(second: str, time: str) -> None:
    [derived] = play("rule r when A emit X()", f"a@{second}").derived
    record = json.loads(derived.to_json())
    assert (record["time"], record["cep"]["evidence"][0]["time"]) == (time, time)


def test_the_fields_follow_in_the_order_of_the_emit_clause() -> None:
    [derived] = play("rule r when A emit X(z = 1, a = 2, m = x)", "a x=3").derived
    assert list(json.loads(derived.to_json())) == ["type", "time", "z", "a", "m", "cep"]


def test_null_is_written() -> None:
    [derived] = play("rule r when A emit X(x)", "a").derived
    assert json.loads(derived.to_json())["x"] is None


# ---- the output of one run is the source of another ----


def test_a_record_with_a_cep_object_keeps_its_time_and_its_id() -> None:
    first = brute_force()
    rules = "rule again when BruteForce(attempts >= 3) per user emit Again(user)"
    engine = cep.Engine.from_rules(rules)
    [second] = engine.push(json.loads(first.to_json()), source="alerts.jsonl")
    assert second.time == first.time
    assert [(each.id, each.time_us) for each in second.evidence] == [(first.id, first.time_us)]
    assert second.fields == {"user": "ann"}


def test_it_gives_what_both_rules_give_in_one_run() -> None:
    rule = "rule again when BruteForce(attempts >= 3) per user emit Again(user)"
    engine = cep.Engine.from_rules(BRUTE_FORCE + rule)
    for number in range(3):
        event = {"type": "Login", "time": moment(number), "user": "ann", "outcome": "failure"}
        derived = engine.push(event, source="logins.jsonl")
    low, high = derived
    [apart] = cep.Engine.from_rules(rule).push(json.loads(low.to_json()), source="alerts.jsonl")
    assert apart.to_json() == high.to_json()


# ---- emit X(*) ----


def test_star_copies_the_fields_of_the_last_matched_event() -> None:
    rules = "rule r when A then B emit X(*)"
    [derived] = play(rules, 'a p=1 b q=2 r={"s":[3]}').derived
    assert derived.fields == {"q": 2, "r": {"s": [3]}}


def test_star_in_batches() -> None:
    engine = cep.Engine.from_rules("rule r when A then B emit X(*)")
    [derived] = push_batches(engine, records("a p=1 b q=2"), 2)
    assert derived.fields == {"q": 2}


def test_star_of_an_absence_copies_what_was_bound_last() -> None:
    [derived] = play("rule r when A then no B for 5 seconds emit X(*)", "a@0 q=1 z@9 q=2").derived
    assert derived.fields == {"q": 1}


def test_star_leaves_out_type_time_and_cep() -> None:
    rules = "rule r when A emit X(*)"
    [derived] = play(rules, 'a cep={"id":"c1.x"} q=2').derived
    assert list(derived.to_dict()) == ["type", "time", "q", "cep"]
    assert derived.to_dict()["type"] == "X"


def test_star_of_a_rule_over_rules() -> None:
    rules = """
        rule low when A emit L(p = 1, q = x)
        rule high when L emit H(*)
    """
    assert play(rules, "a x=2").derived[1].fields == {"p": 1, "q": 2}


# ---- ids of input events ----


def test_a_line_of_a_file_is_its_id() -> None:
    engine = cep.Engine.from_rules("rule r when A emit X()")
    [derived] = engine.push({"type": "A", "time": moment(0)}, source="logins.jsonl", position=12)
    assert derived.evidence[0].id == "logins.jsonl:12"


def test_what_was_never_seen_is_told() -> None:
    played = play("rule r when Login(outcme == 1) then Logout emit X()", "Login outcome=1")
    assert played.engine.unseen() == {"Login": ["outcme"], "Logout": []}


def test_its_time_is_the_one_it_was_written_with_whatever_it_emits() -> None:
    """An emitted `ts`, which is looked at before `time` in other records, is plain data here."""
    first = play("rule low when A emit L(ts = x, timestamp = 7, id = 8)", "a@5 x=9").derived[0]
    engine = cep.Engine.from_rules("rule high when L emit H(ts)")
    [second] = engine.push(json.loads(first.to_json()))
    assert (second.time, second.evidence[0].id) == (first.time, first.id)
    assert second.fields == {"ts": 9}


def test_its_time_and_id_hold_against_a_schema_too() -> None:
    rules = "event L { at: timestamp, nr: string } time at id nr\nrule high when L emit H(nr)"
    engine = cep.Engine.from_rules(rules)
    record = {"type": "L", "time": moment(5), "at": moment(9), "nr": "n", "cep": {"id": "c1.abc"}}
    [second] = engine.push(record)
    assert (second.time, second.evidence[0].id) == (moment(5), "c1.abc")
