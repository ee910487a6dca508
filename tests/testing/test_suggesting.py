"""`cep test --suggest`: what is suggested passes, fires or stays silent, and reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.errors import UsageError
from cep.language import syntax
from cep.language.parser import parse
from cep.language.yaml_form import parse_yaml
from cep.testing import RuleTests
from cep.testing.suggesting import Suggestion, append, suggest
from cep.testing.suggesting.samples import like_samples, regex_samples

LOGIN = """
event Login {
  user: string
  outcome: string in ["success", "failure"]
  ip: ip?
  age: duration?
  amount: decimal?
  at: timestamp
} time at
"""
FIRING = {
    "equality": 'when Login(outcome == "success") emit X(user)',
    "in and not null": 'when Login(user in ["eve", "mel"] and ip is not null) emit X(user)',
    "comparison": "when Payment(amount > 5_000 and amount <= 5_001) emit X(amount)",
    "between": "when Payment(amount between 17 and 18 and fee between 3 and 4) emit X(amount)",
    "like": 'when Opened(path like "/etc/*.conf") emit X(path)',
    "regex": r'when Opened(path matches /^\/(etc|usr)\/[a-c]+\d{3}\.(conf|ini)$/) emit X(path)',
    "functions": 'when Opened(starts_with(path, "/etc") and lower(user) == "root") emit X(path)',
    "network": 'when Login(cidr(ip, "172.16.0.0/12")) emit X(ip)',
    "null": "when Login(ip is null) emit X(user)",
    "duration": "when Login(age > 90 days) emit X(user)",
    "decimal": "when Login(amount >= 99.5) emit X(user)",
    "nested": 'when Flow(source.zone == "dmz" and source.port > 1024) per ip = source.ip emit X(ip)',
    "count": 'when 7 Login(outcome == "failure") within 1 minute per user emit X(user)',
    "sequence": "when A as a then B(x == a.x) as b within 5s per k emit X(k)",
    "another value": 'when Login(outcome == "failure") as a then Login(outcome == "success") as b where b.ip != a.ip within 1h per user emit X(user)',
    "rising": "when Tick as t then 3 Tick(price > prev.price) within 1m per s emit X(s)",
    "bounds": "when A then between 1 and 5 minutes B within 1h per k emit X(k)",
    "absence": "when A then no B for 30 minutes per k emit X(k)",
    "absence by within": "when A then no B within 10 minutes per k emit X(k)",
    "absence, then more": "when A then no B for 1 minute then C within 1h per k emit X(k)",
    "silence": "when no Beat for 1 minute per k emit X(k)",
    "choice": "when A then (B or C) then 2 of (D, E, F) within 1m per k emit X(k)",
    "until": "when A+ until B within 1m per k emit X(k)",
    "having": "when 2+ A as a within 10m per k having sum(a.x) > 250 emit X(k)",
    "time-out": "when A then B then C within 1m per k emit X(k) on timeout emit Late(k)",
    "time of day": "when Login(hour(at) >= 22) emit X(user)",
    "keys by type": "when A then B within 1m per card = (A.card_no, B.number) emit X(card)",
    "window by time": "from Payment per card over last 10 minutes when sum(amount) > 5_000 and count() >= 3 emit X(card)",
    "window by count": "from Payment over last 20 events when avg(amount) > 100 emit X(n = count())",
    "tumbling": "from Payment per card over every 5 minutes when count() > 3 emit X(card)",
    "session": "from Payment per card over session of 30 minutes when count() >= 2 emit X(card)",
    "distinct": "from Login per user over last 1 hour when count_distinct(ip) >= 8 emit X(user)",
    "crosses": "from Tick per s when price crosses above 100 emit X(s)",
    "every 3": "from Payment(amount > 10) per card over last 1 hour when count() > 0 every 3 emit X(card)",
    "distance": "from Login2 per user when speed_kmh(prev, this) > 900 emit X(user)",
    "join": "from A as a join B as b on a.id == b.order_id within 5 minutes emit X(a.id)",
    "left join": "from A as a left join B as b on a.id == b.order_id within 5 minutes where b.order_id is null emit X(a.id)",
    "any": 'when any(user == "eve") as e emit X(user = e.user)',
    "null key": "when A per k? emit X(k)",
}  # fmt: skip


def suggested(rule: str, more: str = "") -> tuple[RuleTests, Suggestion]:
    tests = RuleTests.from_rules(f"{LOGIN}{more}\nrule it {rule}\n")
    return tests, suggest(tests, "it")


@pytest.mark.parametrize("rule", FIRING.values(), ids=FIRING)
def test_what_is_suggested_passes(rule: str) -> None:
    tests, found = suggested(rule)
    positive = found.tests[0]
    assert positive.expect
    assert all(not near.expect for near in found.tests[1:])
    assert len(found.tests) == 2 or found.reasons
    for test in found.tests:
        assert tests.run_one(test).passed
    text = found.text()
    parsed = parse(text)
    assert not parsed.diagnostics
    assert parsed.tree.declarations == found.tests
    read = parse_yaml(found.text("yaml"))
    assert not read.diagnostics
    for test, again in zip(found.tests, read.tree.declarations, strict=True):
        assert isinstance(again, syntax.RuleTest)
        assert tests.run_one(again).passed
        assert (again.name, len(again.given), len(again.expect)) == (test.name, len(test.given), len(test.expect))


@pytest.mark.parametrize(
    ("rule", "how"),
    [
        (FIRING["count"], "the last event comes too late"),
        (FIRING["absence"], "what must not come does, at the last instant"),
        (FIRING["silence"], "what must not come does, at the last instant"),
        (FIRING["equality"], "an event has another `outcome`"),
        (FIRING["window by count"], "one event fewer"),
    ],
)
def test_how_near_the_miss_is(rule: str, how: str) -> None:
    _, found = suggested(rule)
    assert found.tests[1].name == f"it does not fire: {how}"


def test_it_is_as_small_as_it_can_be() -> None:
    _, found = suggested(FIRING["count"])
    assert found.text().splitlines()[:3] == [
        'test "it fires" for it',
        "  given",
        '    0s  7x every 5 seconds Login(user = "ann", outcome = "failure")',
    ]


def test_the_last_event_is_one_unit_beyond_the_bound() -> None:
    _, found = suggested(FIRING["count"])
    last = found.tests[1].given[-1]
    assert isinstance(last, syntax.TimedEvent)
    assert last.at == 61_000_000


def test_the_same_rule_gives_the_same() -> None:
    assert suggested(FIRING["having"])[1] == suggested(FIRING["having"])[1]


def test_a_rule_that_reads_what_another_emits() -> None:
    _, found = suggested("when Alert(level > 3) per user emit X(user)", "rule a when A emit Alert(user, level)")
    assert 'Alert(level = 4, user = "ann")' in found.text()


def test_tables_get_rows() -> None:
    table = 'table hosts from "hosts.csv" key host\n'
    tests, found = suggested("from P lookup hosts on host == hosts.host when hosts.level > 3 emit X(host)", table)
    assert found.tests[0].tables
    assert tests.run_one(found.tests[0]).passed
    tests, found = suggested("when expect Beat from hosts for 1 minute per host emit X(host)", table)
    assert tests.run_one(found.tests[0]).passed


def test_where_nothing_is_found_it_says_so() -> None:
    _, found = suggested('when A(sha256(x) == "0") emit X(x)')
    assert found.tests == ()
    assert "no event was found that meets the condition of `a`" in found.reasons[0]


def test_where_no_near_miss_is_found_it_says_so() -> None:
    _, found = suggested("when A emit X(k)")
    assert len(found.tests) == 1
    assert "it fired still" in found.reasons[0]


def test_unknown_and_disabled_rules() -> None:
    tests = RuleTests.from_rules("rule it when A emit X disabled\n")
    with pytest.raises(UsageError, match="is disabled"):
        suggest(tests, "it")
    with pytest.raises(UsageError, match="did you mean `it`"):
        suggest(tests, "itt")


@pytest.mark.parametrize("ends", ["", "\n", "\n\n# the end\n"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.cep", "rule it when 2 A within 1m emit X(k)"),
        ("a.yaml", "rules:\n  it: {when: 2 A within 1m, emit: X(k)}"),
        ("b.yaml", "rules:\n  it: {when: 2 A within 1m, emit: X(k)}\ntests:\n  - {name: a, expect: nothing}"),
    ],
)
def test_they_are_appended_to_the_file(tmp_path: Path, name: str, text: str, ends: str) -> None:
    path = tmp_path / name
    path.write_text(text + ends, "utf-8")
    tests = RuleTests.from_rules(path)
    found = suggest(tests, "it")
    append([found], {str(path): text + ends})
    assert path.read_text("utf-8").startswith(text)
    again = RuleTests.from_rules(path)
    assert again.names[-2:] == tuple(test.name for test in found.tests)
    assert again.run().passed


def test_samples() -> None:
    assert list(like_samples("a*b?")) == ["abx", "axbx"]
    assert list(regex_samples(r"^a+(?:b|c)?\.[^x]{2}$")) == ["a.11", "aab.11"]
