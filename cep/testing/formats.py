"""Results for machines: JSON, and JUnit's XML as build servers read it. Testing layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from cep.event import DerivedEvent
from cep.testing.results import Expected, Outcomes, Pair, Problem, RuleTestResult
from cep.testing.telling import tell_problem, tell_result
from cep.timestamps import format_time

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_dict(outcomes: Outcomes) -> dict[str, Any]:
    """Counts, coverage and all results as plain data."""
    return {
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed"),
        "skipped": outcomes.count("skipped"),
        "not_run": outcomes.left,
        "seconds": round(outcomes.seconds, 6),
        "rules": outcomes.coverage.rules,
        "without_positive": list(outcomes.coverage.without_positive),
        "without_negative": list(outcomes.coverage.without_negative),
        "tests": [_result(result) for result in outcomes.results],
    }


def _result(result: RuleTestResult) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": result.name,
        "rules": list(result.rules),
        "file": result.span.file,
        "line": result.span.line,
        "outcome": result.outcome,
        "seconds": round(result.seconds, 6),
        "zero": format_time(result.zero_us),
        "events": [_pair(pair) for pair in result.pairs],
    }
    if result.problems:
        shown["problems"] = [_problem(problem) for problem in result.problems]
    if result.notes:
        shown["notes"] = list(result.notes)
    if result.skipped is not None:
        shown["skipped"] = result.skipped
    return shown


def _pair(pair: Pair) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": pair.kind, "expected": None, "actual": None}
    if pair.expected is not None:
        shown["expected"] = _expected(pair.expected)
    if pair.actual is not None:
        shown["actual"] = _actual(pair.actual)
    if pair.differences:
        shown["differences"] = list(pair.differences)
    if pair.reasons:
        shown["reasons"] = list(pair.reasons)
    return shown


def _expected(expected: Expected) -> dict[str, Any]:
    place = {"type": expected.type, "time": format_time(expected.time_us), "line": expected.span.line}
    return {**place, "fields": dict(expected.fields)}


def _actual(actual: DerivedEvent) -> dict[str, Any]:
    return {"type": actual.type, "time": actual.time, "rule": actual.rule, "id": actual.id, "fields": actual.fields}


def _problem(problem: Problem) -> dict[str, Any]:
    place = {"file": problem.span.file, "line": problem.span.line}
    return {"message": problem.message, "code": problem.code, "hint": problem.hint, **place}


def to_junit(outcomes: Outcomes) -> bytes:
    """One suite for each file, one case for each test."""
    root = ET.Element("testsuites", {"name": "cep test", "time": _s(outcomes.seconds), **_counts(outcomes.results)})
    for file in dict.fromkeys(result.span.file for result in outcomes.results):
        results = [result for result in outcomes.results if result.span.file == file]
        seconds = sum(result.seconds for result in results)
        suite = ET.SubElement(root, "testsuite", {"name": _text(file), "time": _s(seconds), **_counts(results)})
        for result in results:
            _case(suite, result)
    ET.indent(root)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _counts(results: Sequence[RuleTestResult]) -> dict[str, str]:
    outcomes = [result.outcome for result in results]
    counts = {"failures": outcomes.count("failed"), "skipped": outcomes.count("skipped")}
    return {"tests": str(len(outcomes)), "errors": "0"} | {name: str(count) for name, count in counts.items()}


def _case(suite: ET.Element, result: RuleTestResult) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=_text(result.name),
        classname=_text(", ".join(result.rules) or result.span.file),
        file=_text(result.span.file),
        line=str(result.span.line),
        time=_s(result.seconds),
    )
    if result.outcome == "skipped":
        ET.SubElement(case, "skipped", message=_text(result.skipped or ""))
    elif result.outcome == "failed":
        failure = ET.SubElement(case, "failure", message=_text(_headline(result)))
        failure.text = _text(tell_result(result))


def _headline(result: RuleTestResult) -> str:
    if result.problems:
        return tell_problem(result.problems[0])
    counts = Counter(pair.kind for pair in result.pairs if pair.kind != "same")
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _s(seconds: float) -> str:
    return f"{seconds:.3f}"


def _text(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
