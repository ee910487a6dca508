"""The examples of the specification, worked out by hand, against the oracle.

A rule ``r`` is written as its clauses; ``per``, ``within`` and the like are appended to ``when``.
"""

import pytest

from cep.timestamps import SECOND_US
from tests.oracle.engine import run
from tests.oracle.letters import emitted, found, result, stream, waiting
from tests.oracle.rules import load
from tests.oracle.values import OracleEvent

LOGINS = """
define failed login     as Login(outcome == "failure")
define successful login as Login(outcome == "success")
let grace = 10 minutes
"""


def rule(clauses: str, name: str = "r", emit: str = "R(n = count())") -> str:
    return f"rule {name} {clauses} emit {emit}\n"


def when(pattern: str, emit: str = "R(n = count())") -> str:
    return rule(f"when {pattern}", emit=emit)


# ---- section 1 ----


def test_brute_force() -> None:
    rules = (
        LOGINS
        + """
rule brute_force
  when three failed logins within 5 minutes per user
  emit BruteForce(user, attempts = count(), since = first.n, ips = distinct(ip))
"""
    )
    events = """
        Login1@0   user=ann outcome=failure ip=a n=1
        Login2@60  user=ann outcome=failure ip=b n=2
        Login3@70  user=ann outcome=success ip=c n=3
        Login4@80  user=bob outcome=failure ip=c n=4
        Login5@299 user=ann outcome=failure ip=a n=5
    """
    assert found(rules, events) == ["Login1 Login2 Login5 @299"]
    assert emitted(rules, events, "user", "attempts", "since", "ips") == [("ann", 3, 1, ["a", "b"])]


def test_account_takeover_and_the_rule_that_reads_it() -> None:
    rules = (
        LOGINS
        + """
rule takeover_then_export
  when AccountTakeover as t then DataExport(bytes > 100_000_000) as x
  within 1 hour per user
  emit Exfiltration(user, ip = t.from_ip, bytes = x.bytes)

rule account_takeover
  when 3+ failed logins as fails then successful login as ok
  where ok.ip not in fails.ip
  within grace
  per user
  emit AccountTakeover(user, failures = count(fails), from_ip = ok.ip, ips = distinct(fails.ip))
"""
    )
    events = """
        Login1@0   user=ann outcome=failure ip=a
        Login2@10  user=ann outcome=failure ip=b
        Login3@20  user=ann outcome=failure ip=a
        Login4@30  user=ann outcome=success ip=b
        Login5@40  user=ann outcome=failure ip=c
        Login6@600 user=ann outcome=success ip=d
        DataExport1@700 user=ann bytes=100000000
        DataExport2@701 user=ann bytes=100000001
    """
    derived = result(rules, events).derived
    assert [(each.type, each.time_us // SECOND_US) for each in derived] == [
        ("AccountTakeover", 600),
        ("Exfiltration", 701),
    ]
    assert derived[0].fields == {"user": "ann", "failures": 4, "from_ip": "d", "ips": ["a", "b", "c"]}
    assert derived[0].evidence == [
        ("fails", "Login1"),
        ("fails", "Login2"),
        ("fails", "Login3"),
        ("fails", "Login5"),
        ("ok", "Login6"),
    ]
    assert derived[1].fields == {"user": "ann", "ip": "d", "bytes": 100_000_001}
    assert derived[1].evidence == [("t", "account_takeover#0"), ("x", "DataExport2")]


def test_unpaid_order() -> None:
    rules = when(
        "OrderPlaced as o then no PaymentReceived for 30 minutes per order_id",
        emit="UnpaidOrder(order_id, total = o.total)",
    )
    events = """
        OrderPlaced1@0 order_id=1 total=10
        OrderPlaced2@5 order_id=2 total=20
        PaymentReceived@1805 order_id=2
        Other@1806
    """
    assert found(rules, events) == ["OrderPlaced1 @1800"]
    assert emitted(rules, events, "order_id", "total") == [(1, 10)]


def test_card_velocity() -> None:
    rules = """
rule card_velocity
  from Payment(status == "approved") per card over last 10 minutes
  when sum(amount) > 5_000 and count() >= 3
  emit CardVelocity(card, spent = sum(amount), n = count(), largest = max(amount))
  at most 1 every 1 hour
"""
    events = """
        Payment1@0   status=approved card=1 amount=3000
        Payment2@1   status=refused  card=1 amount=9000
        Payment3@2   status=approved card=1 amount=2000
        Payment4@3   status=approved card=1 amount=1
        Payment5@4   status=approved card=1 amount=1
        Payment6@900 status=approved card=1 amount=6000
        Payment7@901 status=approved card=1 amount=1
        Payment8@902 status=approved card=1 amount=1
        Payment9@4000 status=approved card=1 amount=6000
        Payment10@4001 status=approved card=1 amount=1
        Payment11@4002 status=approved card=1 amount=1
    """
    assert found(rules, events) == [
        "Payment1 Payment3 Payment4 @3",
        "Payment9 Payment10 Payment11 @4002",
    ]
    assert result(rules, events).held_back == {"card_velocity": 1}


# ---- section 3 ----


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A", "a1 a2", ["a1 @0", "a2 @1"]),
        ("A then B", "b1 a1 c a2 b2 b3", ["a1 b2 @4"]),
        ("three A", "a1 a2 a3 a4", ["a1 a2 a3 @2"]),
        ("exactly 2 A then B", "a1 a2 a3 b1", ["a1 a2 b1 @3"]),
        ("A{2}", "a1 a2 a3 a4", ["a1 a2 @1", "a3 a4 @3"]),
        ("2+ A then B", "a1 b1 a2 a3 b2", ["a1 a2 a3 b2 @4"]),
        ("2 or more A", "a1 a2 a3", ["a1 a2 @1"]),
        ("at least 2 A then B", "a1 b1", []),
        ("2 to 3 A then B", "a1 a2 a3 a4 b1", ["a1 a2 a3 b1 @4"]),
        ("some A then B", "a1 a2 b1", ["a1 a2 b1 @2"]),
        ("A+ then B+ then C", "a1 b1 a2 b2 c1", ["a1 b1 b2 c1 @4"]),
        ("A then no B then C", "a1 b1 c1 a2 c2", ["a2 c2 @4"]),
        ("A then no B then C", "a1 a2 b1 c1", []),
        ("A then C(x > 1)", "a1 c1 x=1 c2 x=2", ["a1 c2 @2"]),
        ("A as a then B(x > a.x) as b", "a1 x=1 b1 x=1 b2 x=2", ["a1 b2 @2"]),
        ("A+ as a then B(x not in a.x)", "a1 x=1 a2 x=2 b1 x=2 b2 x=3", ["a1 a2 b2 @3"]),
        ("A(prev.x is null or x > prev.x){3}", "a1 x=1 a2 x=1 a3 x=2 a4 x=3", ["a1 a3 a4 @3"]),
        ("A then within 3 seconds B", "a1@0 b1@4 a2@5 b2@8", ["a2 b2 @8"]),
        ("A then after 3 seconds B", "a1@0 b1@2 b2@3", ["a1 b2 @3"]),
        ("A then between 2 and 3 seconds B", "a1@0 b1@1 b2@2", ["a1 b2 @2"]),
    ],
)
def test_table_of_patterns(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(pattern), events) == matches


def test_where_skips_and_is_not_fatal() -> None:
    rules = when("A as a then B as b where b.x > a.x")
    assert found(rules, "a1 x=2 b1 x=2 b2 x=1 b3 x=3") == ["a1 b3 @3"]


def test_where_is_tested_when_its_last_step_arrives() -> None:
    rules = when("A as a then B as b then C as c where a.x == 1 and b.x == c.x")
    assert found(rules, "a1 x=2 a2 x=1 b1 x=1 b2 x=2 c1 x=2 c2 x=1") == ["a2 b1 c2 @5"]


def test_where_on_a_loop_is_tested_when_it_ends() -> None:
    rules = when("A+ as a then B where sum(a.x) >= 3")
    assert found(rules, "a1 x=1 b1 a2 x=1 b2 a3 x=1 b3") == ["a1 a2 a3 b3 @5"]


def test_where_on_a_trailing_loop_is_tried_again_as_it_grows() -> None:
    rules = when("A+ as a where sum(a.x) >= 3")
    assert found(rules, "a1 x=1 a2 x=1 a3 x=1 a4 x=5") == ["a1 a2 a3 @2", "a4 @3"]


def test_having_gives_up_what_cannot_grow() -> None:
    rules = when("two A having sum(x) > 2")
    assert found(rules, "a1 x=1 a2 x=1 a3 x=2 a4 x=2") == ["a2 a3 @2"]


def test_having_is_tried_again_as_the_last_loop_grows() -> None:
    rules = when("2+ A having sum(x) > 2")
    assert found(rules, "a1 x=1 a2 x=1 a3 x=2 a4 x=2") == ["a1 a2 a3 @2"]


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("no skip", ["b1 b2 b3 c @3", "b2 b3 c @3", "b3 c @3"]),
        ("skip to next event", ["b1 b2 b3 c @3", "b2 b3 c @3", "b3 c @3"]),
        ("skip past last event", ["b1 b2 b3 c @3"]),
        ("skip to last b", ["b1 b2 b3 c @3", "b3 c @3"]),
        ("skip to first b", ["b1 b2 b3 c @3", "b2 b3 c @3", "b3 c @3"]),
    ],
)
def test_skip_strategies(strategy: str, matches: list[str]) -> None:
    rules = when(f"B+ as b then C after match {strategy}")
    assert found(rules, "b1 b2 b3 c") == matches


def test_at_most_counts_what_is_exactly_d_old_as_outside() -> None:
    rules = rule("when A per k at most 1 every 10 seconds")
    events = "a1@0 k=1 a2@9.999999 k=1 a3@9.999999 k=2 a4@10 k=1 a5@19 k=1 a6@20 k=1"
    assert found(rules, events) == ["a1 @0", "a3 @9.999999", "a4 @10", "a6 @20"]


def test_what_is_held_back_is_used_up_and_unseen() -> None:
    rules = rule("when two A at most 1 every 10 seconds") + rule("when R", name="s", emit="S")
    assert found(rules, "a1 a2 a3 a4 a5") == ["a1 a2 @1", "r#0 @1"]


# ---- section 6 ----


def test_s1_equal_times_match_in_the_order_of_the_file() -> None:
    assert found(when("A then B"), "a1@0 b1@0") == ["a1 b1 @0"]
    assert found(when("A then B"), "b1@0 a1@0") == []


def test_s1_sources_interleave_by_their_names() -> None:
    rules = load(when("A then B"))
    a, b = stream("a1@0", source="a"), stream("b1@0", source="b")
    assert len(run(rules, a + b).derived) == len(run(rules, b + a).derived) == 1
    a, b = stream("a1@0", source="b"), stream("b1@0", source="a")
    assert run(rules, a + b).derived == run(rules, b + a).derived == []


def test_s2_what_is_behind_the_watermark_of_its_partition_is_late() -> None:
    rules = load(when("A then B"))
    events = stream("b1@5 a1@4 b2@6")
    assert run(rules, events).late == ["a1"]
    on_time = run(rules, events, lateness_us=SECOND_US)
    assert on_time.late == []
    assert on_time.derived[0].evidence == [("A", "a1"), ("B", "b1")]
    # Lateness is a matter of the event's own partition.
    other = stream("a2@4", partition="2")
    assert run(rules, [events[0], *other]).late == []


@pytest.mark.parametrize(("at", "holds"), [("9.999999", True), ("10", True), ("10.000001", False)])
def test_s3_within_is_inclusive(at: str, holds: bool) -> None:
    assert bool(found(when("A then B within 10 seconds"), f"a1@0 b1@{at}")) is holds


@pytest.mark.parametrize(("at", "n"), [("9.999999", 2), ("10", 2), ("10.000001", 1)])
def test_s3_windows_are_inclusive(at: str, n: int) -> None:
    rules = rule("from A over last 10 seconds")
    assert emitted(rules, f"a1@0 a2@{at}", "n") == [(1,), (n,)]


@pytest.mark.parametrize(
    ("events", "matches", "pending"),
    [
        ("a1@0 b1@9.999999 c@20", [], []),
        ("a1@0 b1@10 c@20", [], []),
        ("a1@0 b1@10.000001 c@20", ["a1 @10"], []),
        ("a1@0 c@10", [], ["a1 @10"]),
        ("a1@0 c@10.000001", ["a1 @10"], []),
        ("a1@0 a2@4 b1@12 c@20", ["a1 @10"], []),
        ("a1@0 a2@4 c@20", ["a1 @10", "a2 @14"], []),
    ],
)
def test_s4_absence_at_the_end(events: str, matches: list[str], pending: list[str]) -> None:
    rules = when("A then no B for 10 seconds")
    assert found(rules, events) == matches
    assert waiting(rules, events) == pending


def test_s4_flush_fires_what_still_waits() -> None:
    assert found(when("A then no B for 10 seconds"), "a1@0 c@10", end="flush") == ["a1 @10"]
    chain = when("A then no B for 10 seconds") + rule("when R then no B for 5 seconds", name="s", emit="S")
    assert found(chain, "a1@0", end="flush") == ["a1 @10", "r#0 @15"]
    assert found(chain, "a1@0 c@11") == ["a1 @10"]


@pytest.mark.parametrize(
    ("events", "matches"),
    [
        ("a1@0 c1@5 c2@10 c3@10.000001", ["a1 c3 @10.000001"]),
        ("a1@0 b1@10 c1@11", []),
        ("a1@0 b1@10.000001 c1@11", ["a1 c1 @11"]),
        ("a1@0 b1@5 a2@6 c1@17", ["a2 c1 @17"]),
    ],
)
def test_s4_absence_in_the_middle(events: str, matches: list[str]) -> None:
    assert found(when("A then no B for 10 seconds then C"), events) == matches


def test_s4_a_closing_no_without_for_waits_from_the_first_event() -> None:
    rules = when("A then B then no C within 10 seconds")
    assert found(rules, "a1@0 b1@4 d@11") == ["a1 b1 @10"]
    assert found(rules, "a1@0 b1@4 c1@10 d@11") == []
    assert found(rules, "a1@0 b1@10.000001 d@30") == []


def test_s4_a_closing_wait_does_not_count_for_within() -> None:
    rules = when("A then B then no C for 10 seconds within 5 seconds")
    assert found(rules, "a1@0 b1@5 d@20") == ["a1 b1 @15"]


def test_s4_silence_fires_once_and_the_next_one_rearms() -> None:
    rules = when("no Heartbeat for 60 seconds per host", emit="Silent(host)")
    events = """
        Heartbeat1@0 host=a  Heartbeat2@60 host=a  Heartbeat3@70 host=b
        Heartbeat4@121 host=b  Heartbeat5@300 host=a  Heartbeat6@361 host=b
    """
    assert found(rules, events) == [
        "Heartbeat2 @120",
        "Heartbeat4 @181",
        "Heartbeat5 @360",
    ]


def test_s5_events_come_before_the_timers_of_their_instant() -> None:
    rules = rule("when A then no B for 10 seconds", name="t", emit="T")
    rules += rule("when C", name="b", emit="B")
    # B is derived from an event at exactly the deadline, and cancels.
    assert found(rules, "a1@0 c1@10 d@20") == ["c1 @10"]


def test_s5_timers_fire_by_time_rule_key_start() -> None:
    rules = rule("when A then no B for 10 seconds per k", name="first", emit="F(k)")
    rules += rule("when A then no B for 5 seconds per k", name="second", emit="S(k)")
    events = "a1@0 k=2 a2@0 k=1 a3@5 k=2 a4@5 k=1 c@30"
    assert [(each.rule, each.key["k"], each.time_us // SECOND_US) for each in result(rules, events).derived] == [
        ("second", 1, 5), ("second", 2, 5),
        ("first", 1, 10), ("first", 2, 10), ("second", 1, 10), ("second", 2, 10),
        ("first", 1, 15), ("first", 2, 15),
    ]  # fmt: skip


def test_s6_unknown_does_not_hold() -> None:
    assert found(when("A(x != 1)"), "a1 a2 x=null a3 x=text a4 x=true a5 x=2") == ["a5 @4"]
    assert found(when("A(not x == 1)"), "a1 x=null a2 x=2") == ["a2 @1"]


def test_s7_a_null_key_takes_no_part_unless_it_may() -> None:
    events = "a1 k=null a2 b1 k=null b2"
    assert found(when("A then B per k"), events) == []
    assert found(when("A then B per k?"), events) == ["a1 b1 @2"]
    assert found(when("A then B per k"), "a1 k=1 b1 k=true b2 k=1.0") == ["a1 b2 @2"]


def test_s7_a_key_may_have_another_name_in_each_type() -> None:
    events = "a1 card_no=7 b1 card=8 b2 card=7"
    assert found(when("A then B per card = (A.card_no, B.card)"), events) == ["a1 b2 @2"]
    nested = [
        OracleEvent("A", 0, {"source": {"ip": "x"}}, "a", ("s", "", 0)),
        OracleEvent("B", 0, {"source": {"ip": "y"}}, "b", ("s", "", 1)),
        OracleEvent("B", 0, {"source": "x"}, "c", ("s", "", 2)),
        OracleEvent("B", 0, {"source": {"ip": "x"}}, "d", ("s", "", 3)),
    ]
    (derived,) = run(load(when("A then B per ip = source.ip")), nested).derived
    assert derived.evidence == [("A", "a"), ("B", "d")]
    assert derived.key == {"ip": "x"}


def test_s8_derived_events_come_breadth_first_in_rule_order() -> None:
    rules = (
        rule("when A", name="one", emit="X")
        + rule("when X", name="two", emit="Y")
        + rule("when A", name="three", emit="Z")
        + rule("when X then Z then Y then B", name="four", emit="W")
    )
    derived = result(rules, "a1 b1").derived
    assert [each.rule for each in derived] == ["one", "three", "two", "four"]


def test_s9_rules_do_not_use_up_each_others_events() -> None:
    rules = rule("when two A", name="one") + rule("when two A", name="two", emit="S")
    assert found(rules, "a1 a2") == ["a1 a2 @1", "a1 a2 @1"]


def test_s10_six_failures_fire_at_the_third_and_the_sixth() -> None:
    rules = LOGINS + when("three failed logins within 5 minutes")
    events = " ".join(f"Login{n}@{30 * n} outcome=failure" for n in range(1, 7))
    assert [each.rsplit("@")[1] for each in found(rules, events)] == ["90", "180"]


def test_s10_rising_fires_once_and_rearms_when_the_window_without_the_event_is_false() -> None:
    rules = rule("from A per k over last 10 seconds when max(x) > 5", emit="R(x)")
    events = """
        a1@0 x=6 k=1  a2@5 x=7 k=1  a3@10 x=1 k=1
        a4@16 x=8 k=1
        a5@27 x=9 k=1
        a6@30 x=1 k=1  a7@38 x=1 k=1  a8@39 x=6 k=1
    """
    # a4: without it the window from 6 on holds a3 alone. a5: without it the window is empty. a7: false, so a8 rises.
    assert [x for (x,) in emitted(rules, events, "x")] == [6, 8, 9, 6]


def test_s10_every_time_fires_at_each_true_evaluation() -> None:
    rules = rule("from A or B over last 10 seconds when count() >= 2 every time")
    assert emitted(rules, "a1 b1 c1 a2@11 b2@30", "n") == [(2,), (2,)]


def test_s11_the_one_that_started_first_wins_and_others_that_share_nothing_go_on() -> None:
    rules = when("A as a then B(k == a.k)")
    assert found(rules, "a1 k=1 a2 k=2 b1 k=2 b2 k=1") == ["a2 b1 @2", "a1 b2 @3"]
    assert found(when("A then B"), "a1 a2 b1 b2") == ["a1 b1 @2"]


def test_s11_the_event_that_completes_a_match_starts_no_run_under_past_last() -> None:
    assert found(when("A as a then A as b"), "a1 a2 a3 a4") == ["a1 a2 @1", "a3 a4 @3"]


def test_s12_later_starts_carry_on_when_the_first_events_fall_out_of_within() -> None:
    assert found(when("three A within 10 seconds"), "a1@0 a2@8 a3@11 a4@12") == ["a2 a3 a4 @12"]
    assert found(when("A+ then B within 10 seconds"), "a1@0 a2@5 b1@12") == ["a2 b1 @12"]


def test_s12_all_readings_are_kept_and_ties_prefer_the_longest_loop() -> None:
    pattern = "A+ as a then A(x > 1) as a2 then B"
    assert found(when(pattern), "a1 x=0 a2 x=2 a3 x=2 b1") == ["a1 a2 a3 b1 @3"]
    assert emitted(when(pattern, emit="R(n = count(a))"), "a1 x=0 a2 x=2 a3 x=2 b1", "n") == [(2,)]
    # Only the reading that leaves the loop at a2 completes.
    assert found(when(pattern), "a1 x=0 a2 x=2 b1") == ["a1 a2 b1 @2"]


def test_s12_an_event_that_fits_the_next_step_is_not_forbidden() -> None:
    assert found(when("A then no B then B(x > 1)"), "a1 b1 x=2") == ["a1 b1 @1"]
    assert found(when("A then no B then B(x > 1)"), "a1 b1 x=1 b2 x=2") == []


def test_s12_a_loop_at_the_end_completes_at_its_minimum() -> None:
    assert found(when("3+ A"), "a1 a2 a3 a4 a5 a6") == ["a1 a2 a3 @2", "a4 a5 a6 @5"]


def test_s12_an_event_that_fits_the_loop_extends_it_and_restarts_the_wait() -> None:
    rules = when("3+ A then no A for 5 seconds")
    assert found(rules, "a1@0 a2@1 a3@2 a4@7 b@20") == ["a1 a2 a3 a4 @12"]
    assert found(rules, "a1@0 a2@1 a3@2 a4@7.000001 b@20") == ["a1 a2 a3 @7"]


def test_a_forbidden_event_stops_a_loop_until_it_grows() -> None:
    assert found(when("A+ then no B then C"), "a1 b1 c1 a2 c2") == ["a1 a2 c2 @4"]
    assert found(when("exactly 1 A then no B then C"), "a1 b1 c1") == []
    assert found(when("A+ then no B for 5 seconds"), "a1@0 b1@2 a2@9 c@20") == ["a1 a2 @14"]


def test_a_loop_that_is_rejected_at_the_deadline_may_still_grow() -> None:
    pattern = "A+ as a then no B for 5 seconds"
    for rejects in ("where sum(a.x) >= 2", "having sum(x) >= 2"):
        assert found(when(f"{pattern} {rejects}"), "a1@0 x=1 a2@9 x=1 c@20") == ["a1 a2 @14"]


def test_s15_a_failing_condition_does_not_hold_and_nothing_stops() -> None:
    rules = when("A(10 / x > 1)")
    assert found(rules, "a1 x=0 a2 x=2") == ["a2 @1"]
    assert result(rules, "a1 x=0 a2 x=2").failed == {("r", "a1")}
    assert found(when("A as a", emit="R(v = 1 / a.x)"), "a1 x=0 a2 x=2") == ["a2 @1"]


def test_fields_of_the_whole_event() -> None:
    rules = when("A as a then B", emit="R(*, n = count(), last = last.x)")
    derived = result(rules, "a1 x=1 b1 x=2 y=3 time=0").derived
    assert derived[0].fields == {"x": 2, "y": 3, "n": 2, "last": 2}


def test_the_order_of_arrival_is_no_part_of_the_events() -> None:
    # The oracle's own events: positions give the order at equal times.
    events = [OracleEvent("B", 0, {}, "b", ("s", "", 1)), OracleEvent("A", 0, {}, "a", ("s", "", 0))]
    assert len(run(load(when("A then B")), events).derived) == 1
