"""A wrong and a right example for the codes that tell of rules. Core layer: imports nothing of ours.

``cep check --explain CEP301`` and the help texts in SARIF show them. A test reads each: the wrong one tells its code
alone, the right one nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EXAMPLES", "Example"]


@dataclass(frozen=True, slots=True)
class Example:
    """Two small rule files: what a code tells of, and how it is written instead."""

    wrong: str
    right: str
    form: Literal["cep", "yaml"] = "cep"


_LOGIN = "event Login { user: string, n: int, ip: ip?, tags: list<string>, at: timestamp }\n"
_OUTCOME = 'event Login { outcome: string in ["success", "failure"] }\n'
_ORDER = "event Order { id: int, amount: float, note: string? }\n"


def _same(head: str, wrong: str, right: str) -> Example:
    return Example(head + wrong, head + right)


_SYNTAX = {
    "CEP100": Example("rule r\n  when A where == 5", "rule r\n  when A where x == 5"),
    "CEP101": Example("rule r when A(user == “ann”)", 'rule r when A(user == "ann")'),
    "CEP102": Example('rule r when A(user == "ann)', 'rule r when A(user == "ann")'),
    "CEP103": Example("rule r\n  when A(x == 1\n  within 5 minutes", "rule r\n  when A(x == 1)\n  within 5 minutes"),
    "CEP104": Example("rule r when A(x in [1, 2))", "rule r when A(x in [1, 2])"),
    "CEP105": Example("rule r when A then\n\nrule s when B", "rule r when A then C within 5 minutes\n\nrule s when B"),
    "CEP106": Example("ruel r when A", "rule r when A"),
    "CEP107": Example("rule r\n  when three A\n  wihtin 5 minutes", "rule r\n  when three A\n  within 5 minutes"),
    "CEP108": Example(
        "rule r\n  when A as a then B as b\n  where a.x == 1\n  where b.x == 2\n  within 5 minutes",
        "rule r\n  when A as a then B as b\n  where a.x == 1 and b.x == 2\n  within 5 minutes",
    ),
    "CEP109": Example(
        "rule r\n  from A over last 5 minutes\n  when count() > 3\n  within 5 minutes",
        "rule r\n  from A over last 5 minutes\n  when count() > 3",
    ),
    "CEP110": Example("rule when A emit X(n)", "rule r when A emit X(n)"),
    "CEP111": Example("rule r emit X(n = 1)", "rule r when A emit X(n)"),
    "CEP112": Example(
        "rule r when A as a then B as b where a.x = b.x within 1 minute",
        "rule r when A as a then B as b where a.x == b.x within 1 minute",
    ),
    "CEP113": Example("rule r when A(x > 1 && x < 5)", "rule r when A(x > 1 and x < 5)"),
    "CEP115": Example("rule r when three A within 300", "rule r when three A within 300 seconds"),
    "CEP116": Example("rule r when three A within 1000000000000 weeks", "rule r when three A within 1000 weeks"),
    "CEP117": Example("rule r when A(id == 99999999999999999999)", 'rule r when A(id == "99999999999999999999")'),
    "CEP118": Example("rule r from A when if == 3", "rule r from A when `if` == 3"),
    "CEP119": Example(
        "define login from abroad as Login(abroad)\nrule r when Logout",
        "define login_from_abroad as Login(abroad)\nrule r when login_from_abroad",
    ),
    "CEP120": Example(
        "rule r when A and B or C within 1 minute", "rule r when A and (B or C as other) within 1 minute"
    ),
    "CEP121": Example("rule r when A emit X user", "rule r when A emit X(user)"),
    "CEP122": Example('rule r when A severity "high"', "rule r when A severity high"),
    "CEP123": Example(r'rule r when A(path == "C:\dir")', r'rule r when A(path == "C:\\dir")'),
    "CEP124": Example("rule r when A(1 < x < 5)", "rule r when A(x between 1 and 5)"),
    "CEP127": Example("rule r when A within 5 minutes then B", "rule r when A then B within 5 minutes"),
    "CEP128": Example("rule r when A emit X(user ip)", "rule r when A emit X(user, ip)"),
    "CEP129": Example("rule r when 5 to 2 A within 1 minute", "rule r when 2 to 5 A within 1 minute"),
    "CEP130": Example("rule r when A emit X(place = {city: city})", "rule r when A emit X(place_city = city)"),
    "CEP131": Example(
        'table hosts from "hosts.csv"\nrule r when expect Heartbeat from hosts for 1 minute per host',
        'table hosts from "hosts.csv" key host\nrule r when expect Heartbeat from hosts for 1 minute per host',
    ),
    "CEP140": Example("rules:\n\tr:\n\t\twhen: A", "rules:\n  r:\n    when: A", "yaml"),
    "CEP141": Example(
        "rules:\n  r: &first\n    when: A\n  s: *first", "rules:\n  r:\n    when: A\n  s:\n    when: B", "yaml"
    ),
    "CEP142": Example("rules:\n  r:\n    when: !!str A", "rules:\n  r:\n    when: A", "yaml"),
    "CEP143": Example(
        "rules:\n  r:\n    when: A\n    <<: {severity: high}", "rules:\n  r:\n    when: A\n    severity: high", "yaml"
    ),
    "CEP144": Example("rules:\n  r:\n    when: A\n    when: B", "rules:\n  r:\n    when: A or B", "yaml"),
    "CEP145": Example("rules:\n  r:\n    wehn: A\n    when: A", "rules:\n  r:\n    when: A", "yaml"),
    "CEP146": Example("rules:\n  r:\n    when: [A, B]", "rules:\n  r:\n    when: A or B", "yaml"),
    "CEP147": Example(
        "tables:\n  hosts: {from: hosts.csv}\n"
        "rules:\n  r:\n    when: expect Heartbeat from hosts for 1 minute\n    per: host",
        "tables:\n  hosts: {from: hosts.csv, key: host}\n"
        "rules:\n  r:\n    when: expect Heartbeat from hosts for 1 minute\n    per: host",
        "yaml",
    ),
}

_NAMES = {
    "CEP201": Example(
        "rule r when A emit X(n)\nrule r when B emit Y(n)", "rule r when A emit X(n)\nrule s when B emit Y(n)"
    ),
    "CEP202": _same(
        'define failed login as Login(outcome == "failure")\n',
        "rule r when three faild logins within 5 minutes",
        "rule r when three failed logins within 5 minutes",
    ),
    "CEP203": _same("event Login { user: string }\n", "rule r when login", "rule r when Login"),
    "CEP204": _same(_LOGIN, 'rule r when Login(usr == "ann")', 'rule r when Login(user == "ann")'),
    "CEP205": _same("let grace = 5 minutes\n", "rule r when three A within grce", "rule r when three A within grace"),
    "CEP206": Example(
        "rule r\n  when Login as a then Logout as b within 1 hour\n  emit X(user)",
        "rule r\n  when Login as a then Logout as b within 1 hour\n  emit X(a.user)",
    ),
    "CEP207": Example(
        "rule r when Login then Login within 1 minute",
        "rule r when Login as first_login then Login as second_login within 1 minute",
    ),
    "CEP208": Example(
        "rule r\n  when Login(ip == b.ip) as a then Logout as b within 1 hour",
        "rule r\n  when Login as a then Logout(ip == a.ip) as b within 1 hour",
    ),
    "CEP209": Example(
        "rule r\n  when Login as a then no Logout then Export as x within 1 hour\n  where logout.user == a.user",
        "rule r\n  when Login as a then no Logout(user == a.user) then Export as x within 1 hour",
    ),
    "CEP210": Example(
        "rule r\n  when Login as a then Logout as b within 1 hour\n  where prev.user == b.user",
        "rule r\n  when Login as a then Logout as b within 1 hour\n  where a.user == b.user",
    ),
    "CEP211": Example('rule r when Login(lowr(user) == "ann")', 'rule r when Login(lower(user) == "ann")'),
    "CEP212": Example(
        "define odd login as strange login\ndefine strange login as odd login\nrule r when odd login",
        "define odd login as strange login\ndefine strange login as Login(odd)\nrule r when odd login",
    ),
    "CEP213": Example('rule r when Login(user == "ann", n == 3)', 'rule r when Login(user == "ann" and n == 3)'),
    "CEP214": Example('rule r when Login(user = "ann")', 'rule r when Login(user == "ann")'),
    "CEP215": _same(
        'table hosts from "hosts.csv" key host\n',
        "rule r when expect Heartbeat from host for 1 minute per host",
        "rule r when expect Heartbeat from hosts for 1 minute per host",
    ),
    "CEP216": Example(
        "rule r when three A within 1 minute emit X(count())", "rule r when three A within 1 minute emit X(n = count())"
    ),
    "CEP217": Example("rule r when A emit X(time)", "rule r when A emit X(at = time)"),
    "CEP218": Example("rule r when A severity urgent", "rule r when A severity critical"),
    "CEP219": Example(
        'rule guessing when A emit X(n)\ntest "one" for gessing\n  given\n    0s A(n = 1)\n  expect nothing',
        'rule guessing when A emit X(n)\ntest "one" for guessing\n  given\n    0s A(n = 1)\n  expect\n    0s X(n = 1)',
    ),
    "CEP220": Example(
        "define failed login as Login(n == 0)\nrule r when Logout",
        "define failed login as Login(n == 0)\nrule r when failed login",
    ),
    "CEP221": _same(
        "event BruteForce { user: string }\n",
        "rule r when A emit Bruteforce(user)\nrule s when BruteForce as b emit X(b.user)",
        "rule r when A(user != null) emit BruteForce(user)\nrule s when BruteForce as b emit X(b.user)",
    ),
    "CEP222": Example("rule r when three Payments within 1 minute", "rule r when three Payment within 1 minute"),
    "CEP223": _same(
        'table cards from "cards.csv" key number\n',
        "rule r when Payment(cards.stolen)",
        "rule r\n  from Payment lookup cards on card == cards.number\n  when cards.stolen",
    ),
    "CEP224": Example(
        "rule r when A(x > 3) emit X(n)\nrule s when A(x > 3) emit X(n)",
        "rule r when A(x > 3) emit X(n)\nrule s when A(x < 0) emit X(n)",
    ),
    "CEP230": Example(
        "rule r when A then B within 1 hour   # cep: ignore[CEP415] the stream is short",
        "rule r when A then B within 1 hour",
    ),
    "CEP231": Example(
        "rule r when A then B within 1 hour   # cep: ignore",
        "rule r when A then B   # cep: ignore[CEP415] the stream is short",
    ),
}

_TYPES = {
    "CEP301": _same(_LOGIN, 'rule r when Login(n == "5")', "rule r when Login(n == 5)"),
    "CEP302": _same(
        _LOGIN,
        'rule r when Login(at + 5 > timestamp("2026-01-01T00:00:00Z"))',
        'rule r when Login(at + 5 minutes > timestamp("2026-01-01T00:00:00Z"))',
    ),
    "CEP303": _same(_LOGIN, 'rule r when Login(user == "ann" or "bob")', 'rule r when Login(user in ["ann", "bob"])'),
    "CEP304": _same(
        _LOGIN,
        'rule r when three Login as fails within 1 minute where fails.user == "ann"',
        'rule r when three Login as fails within 1 minute where "ann" in fails.user',
    ),
    "CEP305": _same(_OUTCOME, 'rule r when Login(outcome == "failed")', 'rule r when Login(outcome == "failure")'),
    "CEP306": _same(
        _LOGIN, "rule r when Login(round(n, digts = 2) == 1)", "rule r when Login(round(n, digits = 2) == 1)"
    ),
    "CEP307": _same(_LOGIN, 'rule r when Login(lower(n) == "x")', 'rule r when Login(lower(string(n)) == "x")'),
    "CEP308": _same(_LOGIN, "rule r when Login(count() > 3)", "rule r from Login over last 5 minutes when count() > 3"),
    "CEP309": _same(
        _LOGIN,
        "rule r from Login over last 5 minutes when max(count()) > 3",
        "rule r from Login over last 5 minutes when max(n) > 3",
    ),
    "CEP310": _same(_LOGIN, "rule r when Login(user matches /(?=x)/)", "rule r when Login(user matches /^x/)"),
    "CEP311": _same(_LOGIN, "rule r when Login(n / 0 > 1)", "rule r when Login(n / 2 > 1)"),
    "CEP312": _same(
        _LOGIN,
        "rule r from Login over last 5 minutes when percentile(n, n) > 3",
        "rule r from Login over last 5 minutes when percentile(n, 95) > 3",
    ),
    "CEP313": Example("rule r when three A within 0 seconds", "rule r when three A within 5 seconds"),
    "CEP314": _same(_LOGIN, 'rule r when Login(user.name == "ann")', 'rule r when Login(user == "ann")'),
    "CEP315": _same(_LOGIN, "rule r when Login emit X(shape = /a/)", 'rule r when Login emit X(shape = "a")'),
    "CEP316": _same(
        _LOGIN + "rule r when Login emit X(user)\n",
        'test "one" for r\n  given\n    0s Login(n = "three")\n  expect nothing',
        'test "one" for r\n  given\n    0s Login(user = "ann", n = 3)\n  expect\n    0s X(user = "ann")',
    ),
    "CEP317": Example("event A { n: integer }\nrule r when A(n > 1)", "event A { n: int }\nrule r when A(n > 1)"),
    "CEP318": _same(
        _LOGIN,
        'rule r when Login emit X(level = if n > 3 then "high" else 0)',
        'rule r when Login emit X(level = if n > 3 then "high" else "low")',
    ),
}

_PATTERNS = {
    "CEP401": Example("rule r when A and no B within 1 hour", "rule r when A then no B within 1 hour"),
    "CEP402": Example("rule r when A then no B as b within 1 hour", "rule r when A then no B within 1 hour"),
    "CEP403": Example("rule r when no Heartbeat per host", "rule r when no Heartbeat for 60 seconds per host"),
    "CEP404": Example("rule r when A then optional B within 1 hour", "rule r when A then B within 1 hour"),
    "CEP405": Example("rule r when optional A", "rule r when A"),
    "CEP406": Example("rule r when A then no B", "rule r when A then no B for 30 minutes"),
    "CEP407": Example("rule r when A+ until B", "rule r when A+ until B within 1 hour"),
    "CEP408": Example("rule r when every A then B within 1 hour", "rule r when A then every B within 1 hour"),
    "CEP409": Example(
        "rule r when A then after 10 minutes B within 5 minutes", "rule r when A then after 10 minutes B within 1 hour"
    ),
    "CEP410": Example(
        "rule r when A then B within 1 hour limit 10", "rule r when A then every B within 1 hour limit 10"
    ),
    "CEP411": Example(
        "rule r\n  when A as start then B within 1 hour\n  after match skip to first strat",
        "rule r\n  when A as start then B within 1 hour\n  after match skip to first start",
    ),
    "CEP412": Example(
        "rule r from A over every 5 minutes when count() > 3 every 3",
        "rule r from A over last 5 minutes when count() > 3 every 3",
    ),
    "CEP413": Example(
        "rule r when First emit Second\nrule s when Second emit First",
        "rule r when First emit Second\nrule s when Second emit Third",
    ),
    "CEP414": Example(
        "rule r from Heartbeat per host over every 5 minutes when count() == 0",
        "rule r when no Heartbeat for 5 minutes per host",
    ),
    "CEP415": Example("rule r when A then B per user", "rule r when A then B within 1 hour per user"),
    "CEP416": Example("rule r when (A then B) as ab within 1 hour", "rule r when (A as a then B as b) within 1 hour"),
    "CEP417": Example("rule r when 3 of (A, B) within 1 hour", "rule r when 2 of (A, B) within 1 hour"),
    "CEP419": Example(
        "rule r when A then between 5 minutes and 1 minute B within 1 hour",
        "rule r when A then between 1 minute and 5 minutes B within 1 hour",
    ),
    "CEP420": Example(
        'rule r from A over each day in "Europe/Berln" when count() > 3',
        'rule r from A over each day in "Europe/Berlin" when count() > 3',
    ),
    "CEP421": Example(
        "rule r when A then immediately B emit X on timeout emit Late(missing_step)",
        "rule r when A then immediately B within 1 hour emit X on timeout emit Late(missing_step)",
    ),
    "CEP422": _same(
        'table hosts from "hosts.csv" key site, host\n',
        "rule r when expect Heartbeat from hosts for 1 minute per host",
        "rule r when expect Heartbeat from hosts for 1 minute per site, host",
    ),
    "CEP424": Example(
        "rule r when three Reading where temperature > 80 within 1 minute",
        "rule r when three Reading(temperature > 80) within 1 minute",
    ),
    "CEP425": _same(
        _ORDER, "rule r when Order(amount > 5 and amount < 3)", "rule r when Order(amount > 5 or amount < 3)"
    ),
    "CEP426": _same(_ORDER, 'rule r when Order(not note == "x")', 'rule r when Order(note != "x" or note is null)'),
    "CEP427": Example(
        "rule r when A emit Silent(n) disabled\nrule s when Silent as q emit X(q.n)",
        "rule r when A emit Silent(n)\nrule s when Silent as q emit X(q.n)",
    ),
}

EXAMPLES: dict[str, Example] = {**_SYNTAX, **_NAMES, **_TYPES, **_PATTERNS}
