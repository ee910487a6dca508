"""Definitions, constants and tables that nothing uses. Language layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from cep.language import syntax
from cep.language.checking.namespace import Namespace
from cep.language.report import Report


def warn_of_unused(namespace: Namespace, cyclic: set[str], report: Report) -> None:
    """Says nothing while something could not be read, or a name is unknown: that may be what uses them."""
    if namespace.has_broken or any(finding.code == "CEP202" for finding in report.findings()):
        return
    for phrase, definition in namespace.definitions.items():
        if phrase not in namespace.used and phrase not in cyclic:
            message = f"nothing uses the definition `{definition.phrase}`"
            report.warning("CEP220", message, definition.span, "use it in a rule, or leave it out")
    if not namespace.constants and not namespace.tables:
        return
    mentioned = _mentioned(namespace)
    told = {finding.code for finding in report.findings()}
    for constant in namespace.constants.values() if "CEP205" not in told else ():
        if constant.name not in mentioned:
            message = f"nothing uses the constant `{constant.name}`"
            report.warning("CEP220", message, constant.span, "use it in a rule, or leave it out")
    for table in namespace.tables.values() if "CEP215" not in told else ():
        if table.name not in mentioned:
            message = f"nothing uses the table `{table.name}`"
            report.warning("CEP220", message, table.span, "look rows up with `lookup`, or leave it out")


def _mentioned(namespace: Namespace) -> set[str]:
    """Every name that stands where a constant or a table may be meant, whatever it turned out to be."""
    roots: list[Iterable[object]] = [
        namespace.all_rules, namespace.definitions.values(), namespace.constants.values(), namespace.tests,
    ]  # fmt: skip
    found: set[str] = set()
    stack: list[object] = [node for nodes in roots for node in nodes]
    while stack:
        node = stack.pop()
        match node:
            case tuple():
                stack.extend(node)
                continue
            case syntax.Name(text=text):
                found.add(text)
            case syntax.Lookup(table=table) | syntax.Expectation(table=table) | syntax.TableRows(table=table):
                found.add(table)
        if isinstance(node, syntax.Node):
            stack.extend(getattr(node, field.name) for field in dataclasses.fields(node))
    return found
