"""S11: every event that can start a match starts a run; which of the runs that complete is the match."""

from tests.specification.scenario import found, play


def test_a_loop_and_the_default_strategy() -> None:
    """Of {b1 b2 b3 c}, {b2 b3 c} and {b3 c}, past last event leaves the one that started first."""
    assert found("rule r when B+ then C emit X()", "b1 b2 b3 c") == ["b1 b2 b3 c @3"]


def test_written_out_past_last_is_the_same() -> None:
    rules = "rule r when B+ then C after match skip past last event emit X()"
    assert found(rules, "b1 b2 b3 c") == ["b1 b2 b3 c @3"]


def test_after_the_match_it_starts_anew() -> None:
    assert found("rule r when B+ then C emit X()", "b1 c1 c2 b2 b3 c3") == ["b1 c1 @1", "b2 b3 c3 @5"]


def test_the_run_that_completes_first_wins() -> None:
    rules = "rule r when A as a then B(x == a.x) emit X()"
    assert found(rules, "a1 x=1 a2 x=2 b1 x=2 b2 x=1") == ["a2 b1 @2", "a1 b2 @3"]


def test_at_the_same_event_the_one_that_started_first() -> None:
    assert found("rule r when A then B emit X()", "a1 a2 b") == ["a1 b @2"]


def test_runs_that_hold_an_event_of_the_match_are_removed() -> None:
    """b1 completes both runs; a1 wins, and the run of a2 holds b1."""
    assert found("rule r when A then B emit X()", "a1 a2 b1 b2") == ["a1 b1 @2"]


def test_runs_that_share_none_go_on() -> None:
    rules = "rule r when A as a then B(x == a.x) then C emit X()"
    assert found(rules, "a1 x=1 a2 x=2 b1 x=1 b2 x=2 c1 c2") == ["a1 b1 c1 @4"]
    rules = "rule r when A as a then B(x == a.x) then C(x == a.x) emit X()"
    assert found(rules, "a1 x=1 a2 x=2 b1 x=1 b2 x=2 c1 x=1 c2 x=2") == ["a1 b1 c1 @4", "a2 b2 c2 @5"]


def test_a_run_inside_a_match_is_removed_although_it_waits_for_something_else() -> None:
    """The run of a2 holds an event of the loop {a1 a2}."""
    rules = "rule r when 2 A as l then B(x == 1) emit X()"
    assert found(rules, "a1 a2 a3 b1 x=1 b2 x=1") == ["a1 a2 b1 @3"]


def test_keys_do_not_share() -> None:
    rules = "rule r when A then B per k emit X()"
    assert found(rules, "a1 k=1 a2 k=2 b1 k=1 b2 k=2") == ["a1 b1 @2", "a2 b2 @3"]


def test_an_absence_is_decided_at_its_deadline() -> None:
    """Runs that share no event fire each at their own."""
    rules = "rule r when A then no B for 5 seconds emit X()"
    assert found(rules, "a1@0 a2@1 z@99") == ["a1 @5", "a2 @6"]


def test_of_two_absences_that_share_an_event_the_first_wins() -> None:
    rules = "rule r when A then B then no C for 5 seconds emit X()"
    assert found(rules, "a1@0 a2@1 b@2 z@99") == ["a1 b @7"]
    assert play(rules, "a1@0 a2@1 b@2").engine.pending() == {"r": 1}
