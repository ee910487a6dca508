"""S10 and section 4: when rules over windows fire; when counts fire; `at most N every D`."""

from tests.specification.scenario import found, play

# ---- counts ----


def test_six_failures_thirty_seconds_apart_fire_at_the_third_and_the_sixth() -> None:
    rules = """
        define failed login as Login(outcome == "failure")
        rule r when three failed logins within 5 minutes per user emit X(user)
    """
    events = " ".join(f"Login@{at} user=ann outcome=failure" for at in range(0, 180, 30))
    assert play(rules, events).times == ["60", "150"]


def test_without_a_key_too() -> None:
    rules = "rule r when three A within 5 minutes emit X()"
    assert found(rules, "a1@0 a2@30 a3@60 a4@90 a5@120 a6@150") == ["a1 a2 a3 @60", "a4 a5 a6 @150"]


def test_the_events_of_a_match_take_part_in_no_other() -> None:
    assert found("rule r when two A within 10 seconds emit X()", "a1 a2 a3") == ["a1 a2 @1"]


def test_two_counts_in_one_sequence() -> None:
    rules = "rule r when 2 A then 2 B emit X()"
    assert found(rules, "a1 a2 b1 b2 a3 a4 b3 b4") == ["a1 a2 b1 b2 @3", "a3 a4 b3 b4 @7"]


# ---- once on rising ----


def test_once_when_it_becomes_true() -> None:
    rules = "rule r from A over last 10 seconds when count() >= 3 emit X()"
    assert play(rules, "a@0 a@1 a@2 a@3 a@4").times == ["2"]


def test_again_after_it_was_false_at_an_evaluation() -> None:
    rules = "rule r from A over last 10 seconds when sum(x) > 10 emit X()"
    assert play(rules, "a@0 x=11 a@1 x=-5 a@2 x=6").times == ["0", "2"]


def test_what_has_expired_rearms_before_the_event_enters() -> None:
    """At 11 the event of 0 is gone and 6 is left, which is not more than 10; with the new event it is 12."""
    rules = "rule r from A over last 10 seconds when sum(x) > 10 emit X(s = sum(x))"
    played = play(rules, "a@0 x=6 a@1 x=6 a@11 x=6")
    assert played.times == ["1", "11"]
    assert played.values("s") == [12, 12]


def test_an_event_still_in_the_window_does_not_rearm() -> None:
    rules = "rule r from A over last 10 seconds when sum(x) > 10 emit X()"
    assert play(rules, "a@0 x=6 a@1 x=6 a@10 x=6").times == ["1"]


def test_an_empty_window_rearms() -> None:
    """`max(amount) > 5_000` alerts today and tomorrow."""
    rules = "rule r from Payment per card over last 10 minutes when max(amount) > 5_000 emit Large(card, most = max(amount))"
    played = play(rules, "Payment@0 card=1 amount=6000 Payment@60 card=1 amount=7000 Payment@86400 card=1 amount=6500")
    assert played.times == ["0", "86400"]
    assert played.values("most") == [6000, 6500]


def test_each_key_has_a_memory_of_its_own() -> None:
    rules = "rule r from A per k over last 10 seconds when count() >= 2 emit X(k)"
    assert play(rules, "a k=1 a k=2 a k=1 a k=2 a k=1").values("k") == [1, 2]


def test_null_is_not_true_and_so_rearms() -> None:
    rules = "rule r from A over last 10 seconds when x > 3 emit X()"
    assert play(rules, "a@0 x=4 a@1 x=5 a@2 a@3 x=5").times == ["0", "3"]


def test_a_condition_on_the_event_itself() -> None:
    rules = "rule r from A over last 10 seconds when x > 3 emit X()"
    assert play(rules, "a@0 x=4 a@1 x=5 a@2 x=1 a@3 x=5 a@30 x=5").times == ["0", "3", "30"]


def test_what_is_left_and_still_true_does_not_rearm() -> None:
    """At 11 the events of 1 and 5 are left: two, and the newest of them has an x of more than 3."""
    rules = "rule r from A over last 10 seconds when x > 3 and count() >= 2 emit X()"
    assert play(rules, "a@0 x=4 a@1 x=4 a@5 x=4 a@11 x=4").times == ["1"]
    assert play(rules, "a@0 x=4 a@1 x=4 a@5 x=4 a@12 x=4").times == ["1", "12"]  # one is left


def test_sums_do_not_drift() -> None:
    """Ten million leaves, and what is left is exactly 0.5."""
    rules = "rule r from A over last 5 seconds emit X(s = sum(x))"
    assert play(rules, "a@0 x=0.1 a@1 x=10000000 a@2 x=0.3 a@7 x=0.2").values("s")[-1] == 0.5


# ---- the other ways to fire ----


def test_every_time() -> None:
    rules = "rule r from A over last 10 seconds when count() >= 2 every time emit X(n = count())"
    played = play(rules, "a@0 a@1 a@2 a@20 a@21")
    assert played.times == ["1", "2", "21"]
    assert played.values("n") == [2, 3, 2]


def test_without_when_each_evaluation_emits() -> None:
    rules = "rule r from A over last 10 seconds emit X(n = count())"
    assert play(rules, "a@0 a@5 a@11").values("n") == [1, 2, 2]


def test_only_events_that_the_rule_reads_are_evaluated() -> None:
    rules = "rule r from A(x > 1) over last 10 seconds emit X(n = count())"
    assert play(rules, "a@0 x=2 a@1 x=1 b@2 x=5 a@3 x=3").values("n") == [1, 2]


def test_several_types_in_one_window() -> None:
    rules = "rule r from A or B over last 10 seconds emit X(n = count(), s = sum(x))"
    assert play(rules, "a x=1 b x=2 c x=9 a x=3").values("n", "s") == [(1, 1), (2, 3), (3, 6)]


# ---- what is read in a window ----


def test_inside_an_aggregate_a_name_ranges_over_the_events_outside_it_is_the_events_own() -> None:
    rules = "rule r from A per k over last 1 hour emit X(k, x, s = sum(x))"
    assert play(rules, "a k=7 x=1 a k=7 x=2").values("k", "x", "s") == [(7, 1, 1), (7, 2, 3)]


def test_a_filter_of_an_aggregate() -> None:
    rules = 'rule r from A over last 1 hour emit X(eur = sum(x where c == "EUR"), n = count(x > 1))'
    assert play(rules, "a x=1 c=EUR a x=2 c=USD a x=4 c=EUR").values("eur", "n") == [(1, 0), (1, 1), (5, 2)]


def test_the_condition_may_look_at_the_event() -> None:
    rules = "rule r from A over last 1 hour when x > avg(x) every time emit X(x)"
    assert play(rules, "a x=1 a x=3 a x=1 a x=9").values("x") == [3, 9]


# ---- at most ----


def test_at_most_holds_back_and_exactly_d_after_is_outside() -> None:
    rules = "rule r when A emit X() at most 1 every 10 seconds"
    played = play(rules, "a@0 a@9.999999 a@10 a@19.999999 a@20")
    assert played.times == ["0", "10", "20"]
    assert played.engine.counters.held_back["r"] == 2
    assert played.engine.counters.derived["r"] == 3


def test_at_most_counts_per_key() -> None:
    rules = "rule r when A per k emit X(k) at most 1 every 10 seconds"
    assert play(rules, "a k=1 a k=2 a k=1 a k=2").values("k") == [1, 2]


def test_at_most_several() -> None:
    rules = "rule r when A emit X() at most 2 every 10 seconds"
    assert play(rules, "a@0 a@5 a@9 a@10 a@12 a@15").times == ["0", "5", "10", "15"]


def test_what_is_held_back_is_unseen_by_other_rules() -> None:
    rules = """
        rule low when A emit L() at most 1 every 10 seconds
        rule high when two L emit H()
    """
    assert play(rules, "a@0 a@1 a@2 a@10").types == ["L @0", "L @10", "H @10"]


def test_its_events_are_used_up() -> None:
    """The second three are a match that is held back; at 12 none of them is left to count."""
    rules = "rule r when three A emit X() at most 1 every 10 seconds"
    assert found(rules, "a1@0 a2@1 a3@2 a4@3 a5@4 a6@5 a7@12 a8@13 a9@14") == ["a1 a2 a3 @2", "a7 a8 a9 @14"]


def test_at_most_and_a_window_that_fires_on_rising() -> None:
    rules = "rule r from A over last 2 seconds when count() >= 2 emit X() at most 1 every 1 minute"
    assert play(rules, "a@0 a@1 a@10 a@11 a@60 a@61").times == ["1", "61"]
