"""S9: rules are independent. One never uses up another's events."""

from tests.specification.scenario import play

ONE = "rule one when three A emit One()"
TWO = "rule two when two A emit Two()"
BOTH = ["Two @1", "One @2", "Two @3"]


def test_two_rules_take_the_same_events() -> None:
    assert play(f"{ONE}\n{TWO}", "a a a a").types == BOTH


def test_in_whatever_order_they_are_declared() -> None:
    assert play(f"{TWO}\n{ONE}", "a a a a").types == BOTH


def test_the_same_rule_twice_fires_twice() -> None:
    rules = "rule one when A then B emit X()\nrule two when A then B emit Y()"
    assert play(rules, "a b").types == ["X @1", "Y @1"]


def test_a_pattern_and_a_window_over_the_same_events() -> None:
    rules = f"{TWO}\nrule w from A over last 1 hour when count() >= 3 emit W(n = count())"
    assert play(rules, "a a a a").types == ["Two @1", "W @2", "Two @3"]


def test_an_absence_ends_for_each_rule_by_itself() -> None:
    rules = """
        rule one when A then no B for 5 seconds emit One()
        rule two when A then no C for 5 seconds emit Two()
    """
    assert play(rules, "a@0 b@2 z@9").types == ["Two @5"]


def test_what_at_most_holds_back_is_held_back_for_its_rule_alone() -> None:
    rules = """
        rule one when A emit One() at most 1 every 1 hour
        rule two when A emit Two()
    """
    assert play(rules, "a a").types == ["One @0", "Two @0", "Two @1"]
