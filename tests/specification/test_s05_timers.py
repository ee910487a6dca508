"""S5: at one instant events come before timers; timers in the order of time, rule, key, start."""

from tests.specification.scenario import play


def test_an_event_comes_before_the_timer_due_at_its_instant() -> None:
    assert play("rule r when A then no B for 5 seconds emit X()", "a@0 b@5 z@9").types == []


def test_so_does_what_derives_from_it() -> None:
    rules = """
        rule late_b when C emit B()
        rule r when A then no B for 5 seconds emit X()
    """
    assert play(rules, "a@0 c@5 z@9").types == ["B @5"]
    assert play(rules, "a@0 c@5.000001 z@9").types == ["X @5", "B @5.000001"]


def test_timers_fire_before_a_later_event_and_after_an_earlier_one() -> None:
    rules = """
        rule each when Z emit Y()
        rule r when A then no B for 5 seconds emit X()
    """
    assert play(rules, "a@0 z@5 z@6").types == ["Y @5", "X @5", "Y @6"]


def test_earlier_deadlines_first_whatever_the_rule() -> None:
    rules = """
        rule one when A then no B for 5 seconds emit One()
        rule two when A then no B for 3 seconds emit Two()
    """
    assert play(rules, "a@0 z@9").types == ["Two @3", "One @5"]


def test_then_the_order_of_the_rules() -> None:
    rules = """
        rule z when A then no B for 5 seconds per k emit Zed(k)
        rule a when A then no B for 5 seconds per k emit Ay(k)
    """
    played = play(rules, "a@0 k=2 a@0 k=1 z@9")
    assert [(each.type, each.fields["k"]) for each in played.derived] == [
        ("Zed", 1),
        ("Zed", 2),
        ("Ay", 1),
        ("Ay", 2),
    ]


def test_then_the_key() -> None:
    rules = "rule r when A then no B for 5 seconds per k emit X(k)"
    assert play(rules, "a@0 k=bob a@0 k=ann z@9").values("k") == ["ann", "bob"]


def test_numbers_are_keys_in_the_order_of_numbers() -> None:
    rules = "rule r when A then no B for 5 seconds per k emit X(k)"
    assert play(rules, "a@0 k=10 a@0 k=9 a@0 k=-1 z@9").values("k") == [-1, 9, 10]


def test_keys_of_several_kinds() -> None:
    """A decision of grammar/README.md: null, bools, numbers by value, texts."""
    rules = "rule r when A then no B for 5 seconds per k? emit X(k)"
    played = play(rules, 'a@0 k=x a@0 k=2 a@0 k="1" a@0 k=true a@0 a@0 k=1.5 a@0 k=false z@9')
    assert played.values("k") == [None, False, True, 1.5, 2, "1", "x"]


def test_then_the_start() -> None:
    rules = "rule r when A as a then no B for 5 seconds emit X(n = a.n)"
    assert play(rules, "a@0 n=1 a@0 n=2 a@0 n=3 z@9").values("n") == [1, 2, 3]


def test_what_a_timer_derives_is_at_hand_for_the_timers_after_it() -> None:
    """X stands at second 5, the deadline of the second rule, and so cancels there."""
    rules = """
        rule first when A then no B for 5 seconds emit X()
        rule second when A then no X for 5 seconds emit Y()
    """
    assert play(rules, "a@0 z@9").types == ["X @5"]


def test_timers_due_long_ago_fire_in_their_order_when_time_jumps() -> None:
    rules = "rule r when A then no B for 5 seconds per k emit X(k)"
    played = play(rules, "a@0 k=3 a@1 k=2 a@2 k=1 z@999")
    assert played.times == ["5", "6", "7"]
