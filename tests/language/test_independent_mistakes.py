"""Two mistakes in a rule are two findings, and one mistake is one: over the good rules of the repository."""

from __future__ import annotations

import re

import pytest

from cep.language.parser import parse
from cep.language.reader.clauses import clause_starts
from tests.language.rule_mutations import GoodFile, good_files, is_near, mutations, offset

FILES = [good for good in good_files() if good.rules()]

SLIPS = {
    "where": "where 1 2", "within": "within 5 mintues", "per": "per , x", "having": "having (1", "emit": "emit X(a b)",
    "severity": "severity =", "tags": 'tags ["a" "b"]', "when": "when A then then", "from": "from A as =",
    "over": "over last 5", "at most": "at most 1 per x",
}  # fmt: skip
"""For each clause one that does not parse."""

UNKNOWN = {
    "where": ("where nosuch(1) == 2", "nosuch(1)"), "having": ("having nosuch(1) == 2", "nosuch(1)"),
    "emit": ("emit X(n = nosuch(1))", "nosuch(1)"), "severity": ("severity hgh", "severity hgh"),
    "within": ("within nosuch", "nosuch"),
}  # fmt: skip
"""For each clause one with an unknown name, and where that stands."""


@pytest.mark.parametrize("good", FILES, ids=lambda good: good.path.name)
def test_a_slip_and_an_unknown_name(good: GoodFile) -> None:
    pairs = 0
    for clauses, replaced in rules_of(good):
        for number, slip in enumerate(sorted(clauses.keys() & SLIPS)):
            for unknown in sorted((clauses.keys() & UNKNOWN.keys()) - {slip})[number % 2 :: 2]:
                text, places = replaced({slip: SLIPS[slip], unknown: UNKNOWN[unknown][0]})
                found = own(good, text)
                at = places[unknown] + UNKNOWN[unknown][0].index(UNKNOWN[unknown][1])
                assert len(found) == 2, (slip, unknown, found)
                assert at in [start for start, _ in found], (slip, unknown, found)
                assert any(places[slip] <= start <= places[slip] + len(SLIPS[slip]) for start, _ in found), found
                pairs += 1
    assert pairs > 0 or good.path.name == "language_windows.cep"  # its rules have few clauses


@pytest.mark.parametrize("good", FILES, ids=lambda good: good.path.name)
def test_two_slips(good: GoodFile) -> None:
    pairs = 0
    for clauses, replaced in rules_of(good):
        slips = sorted(clauses.keys() & SLIPS)
        for first, second in [(a, b) for a in slips for b in slips if a < b][::3]:
            text, places = replaced({first: SLIPS[first], second: SLIPS[second]})
            found = own(good, text)
            assert len(found) == 2, (first, second, found)
            for clause in (first, second):
                inside = range(places[clause], places[clause] + len(SLIPS[clause]) + 1)
                assert any(start in inside for start, _ in found), (first, second, found)
            pairs += 1
    assert pairs > 0


def rules_of(good: GoodFile):  # type: ignore[no-untyped-def]
    """For each rule its clauses, and a function that puts other clauses in their places.

    The function gives the new text and where in it the clauses begin.
    """
    rules = good.rules()
    for start, end in rules[:: len(rules) // 3 + 1]:
        rule = good.text[:end]
        windows = re.search(r"^\s*from\b|\brule \w+ from\b", rule[start:], re.MULTILINE) is not None
        starts = [s for s in clause_starts(rule, start, windows) if s.clause]
        if not starts or len({s.clause for s in starts}) < len(starts):
            continue
        ends = [*(s.start for s in starts[1:]), len(rule.rstrip())]
        clauses = {s.clause: (s.start, e) for s, e in zip(starts, ends, strict=True)}

        def replaced(others: dict[str, str], clauses=clauses) -> tuple[str, dict[str, int]]:  # type: ignore[no-untyped-def]
            text, places = good.text, {}
            for clause in sorted(others, key=lambda c: -clauses[c][0]):
                first, last = clauses[clause]
                grown = len(others[clause]) + 1 - (last - first)
                text = f"{text[:first]}{others[clause]}\n{text[last:]}"
                places = {c: p + grown for c, p in places.items()} | {clause: first}
            return text, places

        yield clauses, replaced


def own(good: GoodFile, text: str) -> list[tuple[int, str]]:
    found = good.found(text)
    return [(offset(text, d.span.line, d.span.column), f"{d.code} {d.message}") for d in found]


@pytest.mark.slow
def test_one_mutation_is_mostly_one_finding_at_its_place() -> None:
    """Of the mutations that do not parse. The others may be meant, or break more than one thing that was sound."""
    total = alone = near = 0
    for good in FILES:
        for mutation in list(mutations(good))[::61]:
            if not parse(mutation.text).diagnostics:
                continue
            found = good.found(mutation.text)
            total += 1
            alone += len(found) == 1
            near += any(is_near(each, mutation) for each in found)
    assert total > 100
    assert alone / total > 0.85, (alone, total)
    assert near / total > 0.9, (near, total)
