"""Rules that the tests of `cep.testing` test, and a short way to run some."""

from __future__ import annotations

from cep.testing import RuleTestResult, RuleTests

RULES = """
event Login {
  user: string
  outcome: string in ["success", "failure"]
  ip: string?
  at: timestamp
} time at

let least = 3

rule brute_force
  when 3+ Login(outcome == "failure") as fails within 5 minutes per user
  having count(fails) >= least
  emit BruteForce(user, attempts = count(fails), since = first.at, ips = distinct(fails.ip))

rule unpaid
  when OrderPlaced as o then no PaymentReceived for 30 minutes per order_id
  emit UnpaidOrder(order_id, total = o.total)

rule watched when BruteForce as b emit Watched(b.user, reason = {a: 1}.a)
""".replace("{a: 1}.a", "b.attempts")


def results(tests: str, rules: str = RULES) -> list[RuleTestResult]:
    return list(RuleTests.from_rules(rules + tests).run().results)


def result(body: str, names: str = "brute_force", rules: str = RULES) -> RuleTestResult:
    """The result of one test: ``given … expect …``."""
    [found] = results(f'test "it" for {names}\n{body}\n', rules)
    return found
