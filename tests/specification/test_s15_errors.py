"""S15: data that cannot be used is counted, told with its place and reason, and kept; the run goes on."""

import pytest

import cep
from tests.specification.scenario import Played, moment, play

SCHEMA = """
    event Login {
      user:    string
      outcome: string in ["success", "failure"]
      tries:   int?
      at:      timestamp
    } time at
    rule r when Login(outcome == "failure" and tries > 0) emit X(user)
"""
GOOD = f"Login user=ann outcome=failure tries=1 at={moment(0)}"


def letters(played: Played) -> list[tuple[str, int]]:
    """Code and place of each dead letter."""
    return [(letter.code, letter.position) for letter in played.engine.take_dead_letters()]


# ---- expressions that fail ----


@pytest.mark.parametrize("operator", ["/", "%"])
def test_division_by_zero_in_a_condition(operator: str) -> None:
    played = play(f"rule r when A(10 {operator} x >= 0) emit X()", "a1 x=0 a2 x=5")
    assert played.found == ["a2 @1"]
    [letter] = played.engine.take_dead_letters()
    assert (letter.source, letter.position, letter.rule) == ("s", 1, "r")
    assert "zero" in letter.reason
    assert letter.raw is not None
    assert b'"x"' in letter.raw
    assert played.engine.counters.dead_letters == 1


@pytest.mark.parametrize(
    "rules",
    [
        "rule r when A as a emit X(v = 10 / a.x)",
        "rule r when A as a then B where 10 / a.x > 0 emit X()",
        "rule r when A as a then B having 10 / a.x > 0 emit X()",
        "rule r when A as a then B(10 / a.x > 0) emit X()",
        "rule r from A over last 1 hour when 10 / x > 0 emit X()",
        "rule r from A over last 1 hour emit X(s = sum(10 / x))",
    ],
)
def test_wherever_it_stands(rules: str) -> None:
    played = play(rules, "a1@0 x=0 b1@1 a2@2 x=5 b2@3")
    assert played.engine.counters.dead_letters >= 1
    assert all("zero" in letter.reason and letter.rule == "r" for letter in played.engine.take_dead_letters())
    assert played.engine.counters.events == 4


def test_the_rule_goes_on_after_it() -> None:
    played = play("rule r when A(10 / x > 0) as a then B emit X()", "a1 x=0 b1 a2 x=5 b2")
    assert played.found == ["a2 b2 @3"]


def test_the_other_rules_are_not_touched() -> None:
    rules = """
        rule r when A(10 / x > 0) emit X()
        rule s when A(x == 0) emit Y()
        rule t when A emit Z()
    """
    played = play(rules, "a x=0")
    assert played.types == ["Y @0", "Z @0"]
    assert letters(played) == [("CEP621", 1)]


def test_it_is_told_for_each_rule_that_fails() -> None:
    rules = """
        rule r when A(10 / x > 0) emit X()
        rule s when A(5 / x > 0) emit Y()
    """
    assert {letter.rule for letter in play(rules, "a x=0").engine.take_dead_letters()} == {"r", "s"}


def test_logic_does_not_look_further_than_it_must() -> None:
    played = play("rule r when A(x != 0 and 10 / x > 0) emit X()", "a1 x=0 a2 x=1")
    assert played.found == ["a2 @1"]
    assert letters(played) == []


def test_on_error_stop_stops_at_the_first() -> None:
    engine = cep.Engine.from_rules("rule r when A(10 / x > 0) emit X()", on_error="stop")
    assert len(engine.push({"type": "A", "time": moment(0), "x": 1})) == 1
    with pytest.raises(cep.DataError, match="zero"):
        engine.push({"type": "A", "time": moment(1), "x": 0})


# ---- schemas ----


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        (f"Login outcome=failure tries=1 at={moment(0)}", "CEP613", "user"),
        (f"Login user=null outcome=failure tries=1 at={moment(0)}", "CEP613", "user"),
        (f"Login user=7 outcome=failure tries=1 at={moment(0)}", "CEP614", "user"),
        (f"Login user=ann outcome=perhaps tries=1 at={moment(0)}", "CEP615", "outcome"),
        (f"Login user=ann outcome=failure tries=many at={moment(0)}", "CEP614", "tries"),
        (f"Login user=ann outcome=failure tries=1.5 at={moment(0)}", "CEP614", "tries"),
        (f"Login user=ann outcome=failure tries=true at={moment(0)}", "CEP614", "tries"),
    ],
)
def test_a_record_that_fails_its_schema(bad: str, code: str, field: str) -> None:
    played = play(SCHEMA, f"{bad} {GOOD}")
    [letter] = played.engine.take_dead_letters()
    assert (letter.code, letter.position) == (code, 1)
    assert f"`{field}`" in letter.reason
    assert played.values("user") == ["ann"]


def test_an_optional_field_may_be_missing_or_null() -> None:
    played = play(
        SCHEMA,
        f"Login user=ann outcome=failure at={moment(0)} Login user=ann outcome=failure tries=null at={moment(0)}",
    )
    assert letters(played) == []
    assert played.derived == []


def test_unknown_fields_and_types_are_ignored() -> None:
    played = play(SCHEMA, f"Nobody x=1 {GOOD} colour=red")
    assert letters(played) == []
    assert played.values("user") == ["ann"]


def test_a_field_that_no_rule_reads_is_not_looked_at() -> None:
    """A decision of grammar/README.md."""
    rules = "event A { x: int, y: int }\nrule r when A(x > 0) emit X(x)"
    played = play(rules, "a x=1 y=text")
    assert played.values("x") == [1]
    assert letters(played) == []


# ---- time and type ----


@pytest.mark.parametrize(
    ("time", "code"),
    [("yesterday", "CEP612"), ("2026-13-01T00:00:00Z", "CEP612"), ("[]", "CEP612"), ("true", "CEP612"),
     ("1e300", "CEP612"), ("null", "CEP611")],
)  # fmt: skip
def test_a_time_that_is_none(time: str, code: str) -> None:
    played = play("rule r when A emit X()", f"a1@0 a2@1 time={time} a3@2")
    assert played.found == ["a1 @0", "a3 @2"]
    assert letters(played) == [(code, 2)]


def test_a_naive_time_is_refused_unless_a_zone_is_given() -> None:
    rules, events = "rule r when A emit X()", "a time=2026-01-01T01:00:00"
    assert letters(play(rules, events)) == [("CEP612", 1)]
    assert play(rules, events, time_zone="Europe/Berlin").times == ["0"]


@pytest.mark.parametrize("kind", ["null", "7", "[]"])
def test_a_record_without_a_type(kind: str) -> None:
    played = play("rule r when A emit X()", f"a1 type={kind} a2")
    assert played.found == ["a2 @1"]
    assert letters(played) == [("CEP610", 1)]


def test_type_is_looked_for_in_three_fields() -> None:
    engine = cep.Engine.from_rules("rule r when A emit X()")
    for name in ("type", "event_type", "event"):
        assert len(engine.push({name: "A", "time": moment(0)})) == 1
    assert len(engine.push({"event": "B", "type": "A", "time": moment(0)})) == 1


def test_or_in_the_field_that_is_named() -> None:
    engine = cep.Engine.from_rules("rule r when A emit X()", type_field="kind")
    assert len(engine.push({"kind": "A", "type": "B", "time": moment(0)})) == 1


def test_on_error_stop_and_a_broken_record() -> None:
    engine = cep.Engine.from_rules("rule r when A emit X()", on_error="stop")
    with pytest.raises(cep.DataError):
        engine.push({"type": "A", "time": "yesterday"})


def test_a_bad_record_costs_itself_alone_and_counts_add_up() -> None:
    played = play(
        "rule r when two A emit X()",
        "a1@0 a2@1 time=oops a3@2 type=null a4@3 a5@1 z@9",
    )
    assert played.found == ["a1 a4 @3"]
    counters = played.engine.counters
    assert (counters.events, counters.dead_letters, counters.late) == (6, 2, 1)
