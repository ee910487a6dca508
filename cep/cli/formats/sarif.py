"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors read. CLI layer.

Columns count characters (``unicodeCodePoints``), and an end column is the one behind the last character, as in
:class:`cep.diagnostics.Span`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cep import __version__
from cep.cli.code_pages import markdown, plain
from cep.cli.formats.paths import uri
from cep.diagnostic_codes import CODES
from cep.diagnostics import Diagnostic, Fix, Span
from cep.plan.compiling import Compilation

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def write(checked: Compilation) -> str:
    """One run with the codes that were told as its rules."""
    codes = sorted({found.code for found in checked.diagnostics})
    driver = {
        "name": "cep",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, checked.diagnostics) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(found, codes.index(found.code)) for found in checked.diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str, found: Sequence[Diagnostic]) -> dict[str, Any]:
    level = next(each.severity for each in found if each.code == code)
    rule: dict[str, Any] = {"id": code, "defaultConfiguration": {"level": level}}
    page = CODES.get(code)
    if page is not None:
        rule["shortDescription"] = {"text": page.title}
        rule["fullDescription"] = {"text": page.explanation}
        rule["help"] = {"text": plain(page), "markdown": markdown(page)}
    return rule


def _result(found: Diagnostic, index: int) -> dict[str, Any]:
    text = f"{found.message}; {found.hint}" if found.hint else found.message
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": found.severity,
        "message": {"text": text},
    }
    if found.span.file:
        result["locations"] = [{"physicalLocation": _location(found.span)}]
    related = [
        {"id": number, "physicalLocation": _location(span), "message": {"text": message}}
        for number, (span, message) in enumerate(found.related, start=1)
        if span.file
    ]
    if related:
        result["relatedLocations"] = related
    if found.fix is not None:
        result["fixes"] = [_fix(found.fix, found.hint)]
    return result


def _location(span: Span) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": uri(span.file)}}
    if span.line:
        location["region"] = _region(span)
    return location


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(fix: Fix, hint: str | None) -> dict[str, Any]:
    change = {
        "artifactLocation": {"uri": uri(fix.span.file)},
        "replacements": [{"deletedRegion": _region(fix.span), "insertedContent": {"text": fix.replacement}}],
    }
    return {"description": {"text": hint or f"write `{fix.replacement}`"}, "artifactChanges": [change]}
