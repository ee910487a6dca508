"""Findings as JUnit's XML, which every CI shows. CLI layer.

A suite for each file, in it a case for each finding, failed where it fails the check, and for a file without findings
one case that passed. A warning that is not denied is a case that passed, with the warning as its output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from cep.cli.formats.paths import shown_path
from cep.cli.rules import rendered
from cep.diagnostics import Diagnostic
from cep.plan.compiling import Compilation

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(checked: Compilation, deny_warnings: bool = False) -> str:
    """The document, with its declaration."""
    files: dict[str, list[Diagnostic]] = {name: [] for name in checked.texts}
    for found in checked.diagnostics:
        files.setdefault(found.span.file, []).append(found)
    root = Element("testsuites", name="cep check")
    totals = [_suite(root, file, found, checked, deny_warnings) for file, found in files.items()]
    root.set("tests", str(sum(tests for tests, _ in totals)))
    root.set("failures", str(sum(failures for _, failures in totals)))
    root.set("errors", "0")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}'


def _suite(
    root: Element, file: str, findings: Sequence[Diagnostic], checked: Compilation, deny_warnings: bool
) -> tuple[int, int]:
    name = _text(shown_path(file) if file else "cep check")
    suite = SubElement(root, "testsuite", name=name)
    failures = 0
    for found in findings:
        title = f"{found.code} {found.span.line}:{found.span.column}" if found.span.line else found.code
        case = SubElement(suite, "testcase", classname=name, name=title, file=name)
        if found.span.line:
            case.set("line", str(found.span.line))
        told = _text(rendered(checked, [found], color=False))
        if found.severity == "error" or deny_warnings:
            failures += 1
            SubElement(case, "failure", type=found.code, message=_text(found.message)).text = told
        else:
            SubElement(case, "system-out").text = told
    if not findings:
        SubElement(suite, "testcase", classname=name, name="cep check", file=name)
    suite.set("tests", str(max(len(findings), 1)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.set("skipped", "0")
    return max(len(findings), 1), failures


def _text(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("�", text)
