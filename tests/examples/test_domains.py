"""The examples of each domain: their files, and what the rules find in them.

``expected.jsonl`` was written by the engine, so it is held against something else: the plain programs beside this
file, which count each rule with a loop of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.examples import (
    plain_authentication,
    plain_iot,
    plain_logistics,
    plain_orders,
    plain_payments,
    plain_social,
)
from tests.examples.plain_reading import Alert, Reading, Record, read
from tests.examples.running import EXAMPLES, RULES, cep_run, objects, python


@dataclass(frozen=True)
class Domain:
    name: str
    time_field: str
    plain: Mapping[str, Callable[[list[Record]], Iterator[Alert]]]
    usable: Callable[[Record], bool]
    broken: list[int]
    late: int
    """How many lines are late without lateness."""
    lateness: int
    """Seconds of lateness under which no line is late."""

    @property
    def rules(self) -> Path:
        return RULES / self.name

    @property
    def folder(self) -> Path:
        return EXAMPLES / self.name

    def read(self, path: Path, lateness: int = 0) -> Reading:
        return read(path, self.time_field, lateness, self.usable)


AUTHENTICATION = Domain(
    "authentication", "time", plain_authentication.RULES, lambda record: True, broken=[333], late=4, lateness=60
)
PAYMENTS = Domain(
    "payments", "at", plain_payments.RULES, plain_payments.usable, broken=[333, 337], late=4, lateness=120
)
IOT = Domain("iot", "at", plain_iot.RULES, lambda record: True, broken=[333], late=5, lateness=60)
ORDERS = Domain("orders", "at", plain_orders.RULES, lambda record: True, broken=[333], late=4, lateness=120)
LOGISTICS = Domain("logistics", "at", plain_logistics.RULES, lambda record: True, broken=[333], late=2, lateness=900)
SOCIAL = Domain("social", "at", plain_social.RULES, lambda record: True, broken=[333], late=5, lateness=120)
DOMAINS = [AUTHENTICATION, PAYMENTS, IOT, ORDERS, LOGISTICS, SOCIAL]

each_domain = pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
each_rule = pytest.mark.parametrize(
    ("domain", "rule"),
    [pytest.param(domain, rule, id=f"{domain.name}-{rule}") for domain in DOMAINS for rule in domain.plain],
)


def alerts(derived: list[dict[str, Any]], rule: str) -> list[Alert]:
    """What the engine derived by one rule, in the form in which the plain programs tell it."""
    return [
        Alert(d["time"], d["type"], {name: d[name] for name in d if name not in ("type", "time", "cep")})
        for d in derived
        if d["cep"]["rule"] == rule
    ]


def in_order(found: list[Alert]) -> list[Alert]:
    return sorted(found, key=lambda alert: (alert.time, str(alert.fields)))


# ---- the files


@each_domain
def test_the_generator_makes_the_file_again(domain: Domain) -> None:
    made = python(domain.folder / "generate.py").stdout
    assert made == (domain.folder / "events.jsonl").read_bytes()


@each_domain
def test_the_seed_and_the_number_of_lines_are_options(domain: Domain) -> None:
    def made(seed: str) -> bytes:
        return python(domain.folder / "generate.py", "--seed", seed, "--events", "50").stdout

    assert made("1") == made("1") != made("2")
    assert len(made("1").splitlines()) == 50


@each_domain
def test_the_file_has_broken_and_late_lines_among_the_others(domain: Domain) -> None:
    reading = domain.read(domain.folder / "events.jsonl")
    assert reading.broken == domain.broken
    assert len(reading.late) == domain.late
    assert domain.read(domain.folder / "events.jsonl", domain.lateness).late == []


# ---- what the rules find


@each_domain
def test_a_run_gives_the_expected_file_to_the_byte(domain: Domain) -> None:
    assert cep_run(domain.rules, domain.folder / "events.jsonl") == (domain.folder / "expected.jsonl").read_bytes()


@each_rule
def test_the_expected_file_says_what_the_plain_program_counts(domain: Domain, rule: str) -> None:
    expected = objects((domain.folder / "expected.jsonl").read_bytes())
    events = domain.read(domain.folder / "events.jsonl").events
    counted = in_order(list(domain.plain[rule](events)))
    assert counted, "the example shows nothing of this rule"
    assert in_order(alerts(expected, rule)) == counted


@each_domain
def test_the_plain_program_knows_every_rule_that_fires(domain: Domain) -> None:
    expected = objects((domain.folder / "expected.jsonl").read_bytes())
    assert {d["cep"]["rule"] for d in expected} == set(domain.plain)


@each_domain
def test_with_lateness_the_late_lines_count(domain: Domain) -> None:
    source = domain.folder / "events.jsonl"
    derived = objects(cep_run(domain.rules, source, "--lateness", f"{domain.lateness}s"))
    events = domain.read(source, domain.lateness).events
    punctual = domain.read(source).events
    changed = set()
    for rule, plain in domain.plain.items():
        counted = in_order(list(plain(events)))
        assert in_order(alerts(derived, rule)) == counted
        if counted != in_order(list(plain(punctual))):
            changed.add(rule)
    assert changed, "the late lines of the example make no difference"


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
@each_domain
def test_other_streams_give_what_the_plain_program_counts(domain: Domain, seed: str, tmp_path: Path) -> None:
    """Many more events than in the file, closer together, so that scenarios overlap and share users and shops."""
    source = tmp_path / "events.jsonl"
    options = ["--seed", seed, "--events", "6000", "--gap", "4", "--broken-every", "700"]
    source.write_bytes(python(domain.folder / "generate.py", *options).stdout)
    derived = objects(cep_run(domain.rules, source))
    events = domain.read(source).events
    for rule, plain in domain.plain.items():
        assert in_order(alerts(derived, rule)) == in_order(list(plain(events))), rule
