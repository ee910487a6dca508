"""Section 7: the YAML form loads to the same rules and derives the same bytes."""

from pathlib import Path

import pytest

import cep
from tests.specification.scenario import lines, records

DSL = """
event Login {
  user: string
  outcome: string in ["success", "failure"]
  ip: string?
}
define failed login as Login(outcome == "failure")
define large payment(least = 100) as Payment(amount >= least)
let grace = 10 minutes
rule brute_force "Three failed logins within 5 minutes."
  when three failed logins within 5 minutes per user
  emit BruteForce(user, attempts = count()) severity high tags ["attack.t1110"]
rule takeover
  when 2+ failed logins as fails then Login(outcome == "success") as ok
  where ok.ip not in fails.ip within grace per user
  emit Takeover(user, ip = ok.ip) at most 1 every 1 hour meta owner = "ops"
rule unpaid when Order as o then no large payment(5) for 30 minutes per user? emit Unpaid(user, total = o.total)
rule spent from large payment per user over last 10 minutes when sum(amount) > 300 every time emit Spent(user, s = sum(amount))
rule resting when Order emit Resting() disabled
"""

YAML = """
events:
  Login:
    fields:
      user: string
      outcome: string in ["success", "failure"]
      ip: string?
define:
  failed login: Login(outcome == "failure")
  large payment(least = 100): Payment(amount >= least)
let:
  grace: 10 minutes
rules:
  brute_force:
    description: Three failed logins within 5 minutes.
    when: three failed logins within 5 minutes
    per: user
    emit:
      BruteForce: {user: user, attempts: count()}
    severity: high
    tags: [attack.t1110]
  takeover:
    when: 2+ failed logins as fails then Login(outcome == "success") as ok
    where: ok.ip not in fails.ip
    within: grace
    per: [user]
    emit: Takeover(user, ip = ok.ip)
    at_most: 1 every 1 hour
    meta: {owner: ops}
  unpaid:
    when: Order as o then no large payment(5) for 30 minutes
    per: user?
    emit: Unpaid(user, total = o.total)
  spent:
    from: large payment
    per: user
    over: last 10 minutes
    when: sum(amount) > 300 every time
    emit: Spent(user, s = sum(amount))
  resting:
    when: Order
    emit: Resting()
    disabled: true
"""

EVENTS = """
    Login user=ann outcome=failure ip=p Login user=ann outcome=failure ip=p Login user=ann outcome=failure ip=q
    Order user=ann total=7 Login user=ann outcome=success ip=z Payment user=ann amount=200 Payment user=ann amount=150
    Payment user=bob amount=400 Order total=8 Order user=bob total=9 Z@4000
"""


def derived(rules: str | Path) -> list[bytes]:
    """What rules derive from the events."""
    engine = cep.Engine.from_rules(rules)
    return lines([each for row in records(EVENTS) for each in engine.push(row)])


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_both_forms_derive_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rules{suffix}"
    path.write_text(YAML, "utf-8")
    expected = derived(DSL)
    assert [line.split(b'"')[3] for line in expected] == [
        b"BruteForce", b"Takeover", b"Spent", b"Spent", b"Unpaid", b"Unpaid",
    ]  # fmt: skip
    assert derived(path) == expected


def test_a_folder_may_hold_both(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('define:\n  failed login: Login(outcome == "failure")\n', "utf-8")
    (tmp_path / "b.cep").write_text("rule r when two failed logins emit X()\n", "utf-8")
    assert len(derived(tmp_path)) == 1


def test_the_1_2_core_schema(tmp_path: Path) -> None:
    """`no`, `on` and `NO` stay text."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  r:\n    when: A\n    emit: X()\n    tags: [no, on, NO]\n", "utf-8")
    [found] = cep.Engine.from_rules(path).push(records("a")[0])
    assert found.tags == ("no", "on", "NO")


def test_errors_point_at_lines_of_the_yaml(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  r:\n    when: A then B\n    to: alerts\n", "utf-8")
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules(path)
    [found] = [each for each in caught.value.diagnostics if each.severity == "error"]
    assert (found.code, found.span.file, found.span.line) == ("CEP490", str(path), 4)
