"""S8: derived events: their time, id, evidence and order; rules that read what rules emit; cycles."""

import pytest

import cep
from tests.specification.scenario import lines, moment, play, push_batches, records, refusal

THREE = "rule r when three A within 5 minutes per k emit X(k)"
SIX = "a k=1 a k=1 a k=1 a k=1 a k=1 a k=1"


def ids(rules: str, events: str, **options: str) -> list[str]:
    """The ids of what is derived."""
    return [each.id for each in play(rules, events, **options).derived]


# ---- time ----


def test_the_time_of_the_event_that_completed_it() -> None:
    assert play(THREE, "a@0 k=1 a@1 k=1 a@2.5 k=1").times == ["2.500000"]


def test_the_time_of_the_deadline_that_completed_it() -> None:
    assert play("rule r when A then no B for 5 seconds emit X()", "a@0 z@99").times == ["5"]


# ---- ids ----


def test_the_same_events_give_the_same_id() -> None:
    first = ids(THREE, SIX)
    assert len(set(first)) == 2
    assert ids(THREE, SIX) == first
    assert all(each.startswith("c1.") for each in first)


@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_whatever_the_batch_size(size: int) -> None:
    engine = cep.Engine.from_rules(THREE)
    assert [each.id for each in push_batches(engine, records(SIX), size)] == ids(THREE, SIX)


def test_an_event_that_takes_no_part_changes_no_id_but_by_its_place() -> None:
    """Ids come from the events' own, here given ones, not from how many there were."""
    rules = "event A { n: string } id n\nevent Z { n: string } id n\nrule r when two A emit X()"
    assert ids(rules, "a n=p a@2 n=q") == ids(rules, "a n=p z@1 n=z a@2 n=q")


def test_a_different_key_gives_a_different_id() -> None:
    assert ids("rule r when A per k emit X()", "a k=1") != ids("rule r when A per k emit X()", "a k=2")


def test_a_key_that_looks_the_same_gives_a_different_id() -> None:
    rules = "rule r when A per k, l emit X()"
    texts = ['a k="1" l="2"', 'a k=1 l="2"', 'a k="1" l=2', 'a k="12" l=""', 'a k="" l="12"']
    assert len({ids(rules, text)[0] for text in texts}) == len(texts)


def test_a_different_rule_gives_a_different_id() -> None:
    assert ids("rule r when A emit X()", "a") != ids("rule s when A emit X()", "a")


def test_a_different_role_gives_a_different_id() -> None:
    assert ids("rule r when A as p emit X()", "a") != ids("rule r when A as q emit X()", "a")


def test_the_same_events_in_other_roles_give_a_different_id() -> None:
    loop_first = "rule r when 2 A as p then A as q emit X()"
    loop_last = "rule r when A as p then 2 A as q emit X()"
    assert ids(loop_first, "a a a") != ids(loop_last, "a a a")


def test_a_different_event_gives_a_different_id() -> None:
    assert ids("rule r when A emit X()", "a@5") != ids("rule r when A emit X()", "z@5 a@5")


def test_a_different_time_gives_a_different_id() -> None:
    assert ids("rule r when A emit X()", "a@5") != ids("rule r when A emit X()", "a@6")


def test_ids_of_one_run_are_all_different() -> None:
    rules = """
        rule r when A per k emit X(k)
        rule s when A per k emit X(k)
        rule t from A per k over last 1 hour emit Y(n = count())
    """
    found = ids(rules, "a@0 k=1 a@0 k=1 a@0 k=2 a@1 k=1")
    assert len(found) == len(set(found)) == 12


# ---- what it carries ----


def test_the_rules_name_key_severity_and_tags() -> None:
    rules = 'rule r when A per k emit X() severity high tags ["a", "b"] meta owner = "ops"'
    [derived] = play(rules, "a k=1").derived
    assert (derived.rule, derived.key, derived.severity, derived.tags) == ("r", {"k": 1}, "high", ("a", "b"))
    assert derived.to_dict()["cep"]["rule"] == "r"


def test_the_ids_and_roles_of_the_events_that_made_it() -> None:
    [derived] = play("rule r when 2+ A as tries then B as ok emit X()", "a a b").derived
    assert [(each.step, each.id) for each in derived.evidence] == [("tries", "s:1"), ("tries", "s:2"), ("ok", "s:3")]


def test_an_events_id_is_that_of_its_schema_else_its_place() -> None:
    rules = "event A { n: string } id n\nrule r when A then B emit X()"
    [derived] = play(rules, "a n=first b").derived
    assert [each.id for each in derived.evidence] == ["first", "s:2"]


def test_a_partition_stands_in_the_id() -> None:
    engine = cep.Engine.from_rules("rule r when A emit X()")
    [derived] = engine.push({"type": "A", "time": moment(0)}, source="topic", partition="3", position=17)
    assert derived.evidence[0].id == "topic:3:17"


def test_evidence_of_a_rule_over_rules_names_the_derived_events() -> None:
    rules = """
        rule low when A emit L()
        rule high when two L emit H()
    """
    low1, low2, high = play(rules, "a a").derived
    assert [each.id for each in high.evidence] == [low1.id, low2.id]


# ---- rules that read what rules emit ----


def test_breadth_first_in_the_order_of_the_rules() -> None:
    rules = """
        rule one when A emit P()
        rule two when P emit Q()
        rule three when A emit R()
        rule four when P emit S()
        rule five when Q emit T()
    """
    assert play(rules, "a a").types == [f"{kind} @{at}" for at in (0, 1) for kind in "PRQST"]


def test_a_rule_may_be_declared_before_the_one_it_reads() -> None:
    rules = """
        rule high when P emit Q()
        rule low when A emit P()
    """
    assert play(rules, "a").types == ["P @0", "Q @0"]


def test_derived_events_are_processed_before_the_next_source_event() -> None:
    rules = """
        rule low when A emit P()
        rule high when P then B emit Q()
    """
    assert play(rules, "a@1 b@1").types == ["P @1", "Q @1"]
    assert play(rules, "b@1 a@1").types == ["P @1"]


def test_a_rule_reads_the_fields_that_were_emitted() -> None:
    rules = """
        rule low when A emit P(twice = x * 2)
        rule high when P(twice > 5) as p emit Q(p.twice)
    """
    assert [each.fields for each in play(rules, "a x=2 a x=3").derived] == [{"twice": 4}, {"twice": 6}, {"twice": 6}]


def test_a_timer_starts_the_same_chain() -> None:
    rules = """
        rule low when A then no B for 5 seconds emit P()
        rule high when P then no C for 5 seconds emit Q()
    """
    assert play(rules, "a@0 z@99").types == ["P @5", "Q @10"]


def test_any_kind_of_rule_reads_any_kind() -> None:
    rules = """
        rule low from A over last 10 seconds when count() >= 2 every time emit P(n = count())
        rule high from P over last 10 seconds when sum(n) >= 5 emit Q(s = sum(n))
    """
    assert play(rules, "a@0 a@1 a@2").types == ["P @1", "P @2", "Q @2"]


# ---- cycles ----


def test_a_cycle_names_its_path() -> None:
    rules = """
        rule one when A emit B()
        rule two when B emit C()
        rule three when C emit A()
    """
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules(rules)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "CEP413"
    told = diagnostic.message + (diagnostic.hint or "") + " ".join(word for _, word in diagnostic.related)
    assert all(name in told for name in ("one", "two", "three"))


def test_a_rule_that_reads_itself_is_a_cycle() -> None:
    assert refusal("rule one when A emit A()") == ["CEP413"]


def test_two_readers_of_one_emitter_are_no_cycle() -> None:
    rules = """
        rule one when A emit B()
        rule two when A then B emit C()
        rule three when B then C emit D()
    """
    assert refusal(rules) == []


def test_the_bytes_are_those_of_json() -> None:
    assert lines(play("rule r when A emit X()", "a").derived)[0].startswith(
        b'{"type":"X","time":"2026-01-01T00:00:00Z","cep":{'
    )
