"""Section 1: the file by example. Every rule of it runs; the numbers are worked out by hand."""

import json
from pathlib import Path

import pytest

import cep
from tests.specification.scenario import found, lines, moment, play

FILE = """
# Comments run to the end of the line.

event Login {                       # a schema; optional
  user:    string
  outcome: string in ["success", "failure"]
  ip:      string?                  # ? = may be missing or null
  country: string?
  at:      timestamp
} time at

define failed login     as Login(outcome == "failure")
define successful login as Login(outcome == "success")

let grace = 10 minutes              # a constant; `cep run --set grace=5m` overrides it

rule brute_force
  "Three failed logins within 5 minutes."
  when three failed logins within 5 minutes per user
  emit BruteForce(user, attempts = count(), since = first.at, ips = distinct(ip))
  severity high
  tags ["attack.t1110"]

rule account_takeover
  "Guessing that worked, from an address that had not failed."
  when 3+ failed logins as fails
       then successful login as ok
  where ok.ip not in fails.ip
  within grace
  per user
  emit AccountTakeover(user, failures = count(fails), from_ip = ok.ip, countries = distinct(fails.country))

rule takeover_then_export                     # rules read what other rules emit
  when AccountTakeover as t then DataExport(bytes > 100_000_000) as x
  within 1 hour per user
  emit Exfiltration(user, ip = t.from_ip, bytes = x.bytes)

rule unpaid_order
  when OrderPlaced as o then no PaymentReceived for 30 minutes per order_id
  emit UnpaidOrder(order_id, total = o.total)

rule card_velocity
  from Payment(status == "approved")
  per card
  over last 10 minutes
  when sum(amount) > 5_000 and count() >= 3
  emit CardVelocity(card, spent = sum(amount), n = count(), largest = max(amount))
  at most 1 every 1 hour

test "the third failure raises one alert" for brute_force
  given
    0s    Login(user = "ann", outcome = "failure")
    60s   Login(user = "ann", outcome = "failure")
    299s  Login(user = "ann", outcome = "failure")
  expect
    299s  BruteForce(user = "ann", attempts = 3)
"""


def login(second: int, user: str, outcome: str, ip: str | None = None, country: str | None = None) -> str:
    """A login of the schema above."""
    more = "".join(f" {name}={value}" for name, value in (("ip", ip), ("country", country)) if value)
    return f"Login@{second} at={moment(second)} user={user} outcome={outcome}{more}"


def fields(events: list[str], kind: str, **options: str | dict[str, str]) -> list[tuple[str, dict[str, object]]]:
    """Second and fields of the derived events of one type."""
    played = play(FILE, " ".join(events), **options)  # type: ignore[arg-type]
    seconds = zip(played.times, played.derived, strict=True)
    return [(second, each.fields) for second, each in seconds if each.type == kind]


def test_brute_force() -> None:
    """The test in the file itself, with all emitted fields."""
    events = [login(0, "ann", "failure", "p"), login(60, "ann", "failure"), login(299, "ann", "failure", "p")]
    assert fields(events, "BruteForce") == [
        ("299", {"user": "ann", "attempts": 3, "since": "2026-01-01T00:00:00Z", "ips": ["p"]})
    ]


@pytest.mark.parametrize(("third", "fires"), [("299.999999", True), ("300", True), ("300.000001", False)])
def test_five_minutes_are_inclusive(third: str, fires: bool) -> None:
    events = f"{login(0, 'ann', 'failure')} {login(1, 'ann', 'failure')}"
    events += f" Login@{third} at={moment(third)} user=ann outcome=failure"
    assert play(FILE, events).types == ([f"BruteForce @{third}"] if fires else [])


def test_brute_force_is_per_user_and_counts_failures_only() -> None:
    events = [
        login(0, "ann", "failure"),
        login(1, "bob", "failure"),
        login(2, "ann", "success"),
        login(3, "ann", "failure"),
    ]
    assert fields(events, "BruteForce") == []


GUESSED = [
    login(0, "ann", "failure", "p", "NL"),
    login(10, "ann", "failure", "q", "BR"),
    login(20, "ann", "failure", "p", "NL"),
    login(30, "ann", "failure", "p", "NL"),
]


def test_account_takeover() -> None:
    takeover = {"user": "ann", "failures": 4, "from_ip": "z", "countries": ["NL", "BR"]}
    assert fields([*GUESSED, login(600, "ann", "success", "z")], "AccountTakeover") == [("600", takeover)]


def test_a_success_from_an_address_that_failed_is_skipped_and_not_fatal() -> None:
    events = [*GUESSED, login(40, "ann", "success", "q"), login(50, "ann", "success", "z")]
    assert [second for second, _ in fields(events, "AccountTakeover")] == ["50"]


def test_grace_counts_from_the_first_failure_and_later_starts_carry_on() -> None:
    """At 605 the failure of second 0 is out of reach; those of 10, 20 and 30 are three."""
    late = [*GUESSED, login(605, "ann", "success", "z")]
    assert [each["failures"] for _, each in fields(late, "AccountTakeover")] == [3]
    assert fields([*GUESSED, login(611, "ann", "success", "z")], "AccountTakeover") == []
    assert fields(late, "AccountTakeover", constants={"grace": "9m"}) == []


def test_a_success_without_an_address_is_unknown() -> None:
    assert fields([*GUESSED, login(40, "ann", "success")], "AccountTakeover") == []


def test_takeover_then_export() -> None:
    events = [*GUESSED, login(60, "ann", "success", "z"), "DataExport@61 user=ann bytes=100000000"]
    assert fields(events, "Exfiltration") == []
    events += ["DataExport@3660 user=ann bytes=100000001"]
    assert fields(events, "Exfiltration") == [("3660", {"user": "ann", "ip": "z", "bytes": 100_000_001})]
    events[-1] = "DataExport@3661 user=ann bytes=100000001"
    assert fields(events, "Exfiltration") == []


def test_unpaid_order() -> None:
    order = "OrderPlaced@0 order_id=7 total=99.5"
    assert fields([order, "Other@1801"], "UnpaidOrder") == [("1800", {"order_id": 7, "total": 99.5})]
    assert fields([order, "PaymentReceived@1800 order_id=7", "Other@1801"], "UnpaidOrder") == []
    assert fields([order, "PaymentReceived@9 order_id=8", "Other@1801"], "UnpaidOrder") != []


def payment(second: int, amount: int, status: str = "approved", card: str = "c") -> str:
    """A payment."""
    return f"Payment@{second} card={card} amount={amount} status={status}"


def test_card_velocity() -> None:
    events = [payment(0, 3000), payment(60, 2500), payment(120, 9, "declined"), payment(600, 100)]
    spent = {"card": "c", "spent": 5600, "n": 3, "largest": 3000}
    assert fields(events, "CardVelocity") == [("600", spent)]


def test_card_velocity_needs_more_than_the_limit_and_three() -> None:
    assert fields([payment(0, 3000), payment(1, 1000), payment(2, 1000)], "CardVelocity") == []
    assert fields([payment(0, 9000), payment(1, 1000)], "CardVelocity") == []
    assert fields([payment(0, 3000), payment(60, 2500), payment(601, 100)], "CardVelocity") == []


def test_card_velocity_once_an_hour() -> None:
    three = [payment(0, 2000), payment(1, 2000), payment(2, 2000)]
    at_3601 = [payment(3599, 2000), payment(3600, 2000), payment(3601, 2000)]  # within the hour of second 2
    at_3602 = [payment(3600, 2000), payment(3601, 2000), payment(3602, 2000)]  # exactly an hour after: outside
    assert [second for second, _ in fields([*three, *at_3601], "CardVelocity")] == ["2"]
    assert [second for second, _ in fields([*three, *at_3602], "CardVelocity")] == ["2", "3602"]


def test_the_sentence_the_project_was_born_from() -> None:
    rules = """
        define failed login as Login(outcome == "failure")
        rule r when three failed logins within 5 minutes emit X()
    """
    assert play(rules, " ".join(login(at, f"u{at}", "failure") for at in (0, 10, 300))).times == ["300"]


def test_the_file_and_a_folder_of_it_are_the_same_rules(tmp_path: Path) -> None:
    path = tmp_path / "all.cep"
    path.write_text(FILE, "utf-8")
    events = [json.loads(each) for each in _records()]
    results = []
    for rules in (FILE, path, tmp_path, [path], str(path)):
        engine = cep.Engine.from_rules(rules)
        results.append(lines([each for event in events for each in engine.push(event)]))
    assert results[0]
    assert all(each == results[0] for each in results)


def test_a_folder_is_one_namespace(tmp_path: Path) -> None:
    (tmp_path / "b.cep").write_text('define failed login as Login(outcome == "failure")\n', "utf-8")
    (tmp_path / "a.cep").write_text("rule r when two failed logins within 1 minute emit X()\n", "utf-8")
    engine = cep.Engine.from_rules(tmp_path)
    records = [{"type": "Login", "outcome": "failure", "time": moment(at)} for at in (0, 60)]
    assert [len(engine.push(record)) for record in records] == [0, 1]


def _records() -> list[str]:
    return [
        json.dumps({"type": "Login", "user": "ann", "outcome": "failure", "at": moment(at), "ip": "p"})
        for at in (0, 60, 299)
    ]


# ---- section 2 ----


def test_a_phrase_may_be_plural_joined_or_exact() -> None:
    definition = "define failed login as Login(bad)\n"
    for use in ("failed login", "two failed logins", "failed_login", "two failed_logins"):
        assert play(f"{definition}rule r when {use} emit X()", "Login bad=true Login bad=true").derived


def test_types_may_be_plural_too() -> None:
    assert (
        found("rule r when three Payments emit X()\nrule s when Payment emit Y()", "Payment Payment Payment")[-1:] != []
    )
    assert play("event Payment { x: int }\nrule r when two Payments emit X()", "Payment x=1 Payment x=2").times == ["1"]


def test_a_definition_with_parameters() -> None:
    rules = """
        define large payment(least = 100) as Payment(amount >= least)
        rule r when large payment emit Small()
        rule s when large payment(1000) emit Big()
        rule t when large payment(1000)(card == 7) emit Mine()
    """
    assert play(rules, "Payment amount=99 Payment amount=100 Payment amount=1000 card=7").types == [
        "Small @1", "Small @2", "Big @2", "Mine @2",
    ]  # fmt: skip


def test_definitions_build_on_definitions() -> None:
    rules = """
        define failed login as Login(outcome == "failure")
        define failed root login as failed login(user == "root")
        rule r when failed root login emit X()
    """
    assert play(rules, "Login outcome=failure user=ann Login outcome=failure user=root").times == ["1"]


def test_a_definition_of_several_types() -> None:
    rules = "define activity as Login or Payment(amount > 1)\nrule r when two activities emit X()"
    assert play(rules, "Login Payment amount=1 Payment amount=2").times == ["2"]


def test_soft_keywords_are_names() -> None:
    rules = "rule r when A(at == 1 and key == 2 and from == 3 and to == 4 and last == 5) emit X(at, key, id)"
    assert play(rules, "a at=1 key=2 from=3 to=4 last=5 id=6").values("at", "key", "id") == [(1, 2, 6)]


def test_odd_names_go_in_backticks() -> None:
    rules = "rule r when A(`source.ip` == 1 and `when` == 2) emit X(v = `source.ip`)"
    assert play(rules, "a source.ip=1 when=2").values("v") == [1]


def test_nested_json() -> None:
    rules = 'rule r when E(a.b.c == 1 and a["b"]["c"] == 1 and l[0] == 5 and l[-1] == 6 and l[9] is null) emit X()'
    assert play(rules, 'e a={"b":{"c":1}} l=[5,6]').times == ["0"]
