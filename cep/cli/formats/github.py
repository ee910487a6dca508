"""Findings as commands of GitHub's workflows, which show them beside the lines of a change. CLI layer."""

from __future__ import annotations

from cep.cli.formats.paths import shown_path
from cep.diagnostics import Diagnostic
from cep.plan.compiling import Compilation


def write(checked: Compilation) -> str:
    """``::error file=a.cep,line=3,col=5,endLine=3,endColumn=9,title=CEP301::what is wrong``, a line for each."""
    return "\n".join(map(_command, checked.diagnostics))


def _command(found: Diagnostic) -> str:
    span = found.span
    place = {"file": shown_path(span.file)} if span.file else {}
    if span.line:
        place |= {"line": str(span.line), "col": str(span.column), "endLine": str(span.end_line)}
        if span.end_line == span.line:
            place["endColumn"] = str(span.end_column)
    place["title"] = found.code
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    message = f"{found.message}\n{found.hint}" if found.hint else found.message
    return f"::{found.severity} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
