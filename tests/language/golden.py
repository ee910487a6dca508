"""Rule files with the expected findings in them.

A case is a ``.cep`` or ``.yaml`` file that ends in lines such as::

    #! CEP107 4:3-4:9 `wihtin` is no clause of a rule; did you mean `within`?
    #!     2:3-2:7 a related place

in the order of the findings: code, place (the end is exclusive), message, and the hint behind a semicolon. Warnings have
``warning`` before the code. A file without such lines must give no findings. The lines are cut off before the file is read.

``CEP_GOLDEN=update python -m pytest tests/language`` writes what is found into the files: read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from cep.diagnostics import Diagnostic, Span

CASES = Path(__file__).parent / "cases"
MARK = "#!"


def golden_cases(folder: str) -> list[Path]:
    """The case files of ``cases/FOLDER``, in the order of their names."""
    return sorted(path for path in (CASES / folder).iterdir() if path.suffix in (".cep", ".yaml"))


def split_case(path: Path) -> tuple[str, list[str]]:
    """A case's rules and the expected lines."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cut = next((index for index, line in enumerate(lines) if line.startswith(MARK)), len(lines))
    return "".join(lines[:cut]), [line.rstrip("\n") for line in lines[cut:]]


def golden_lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """The lines for findings."""
    lines: list[str] = []
    for found in diagnostics:
        severity = "warning " if found.severity == "warning" else ""
        hint = f"; {found.hint}" if found.hint else ""
        lines.append(f"{MARK} {severity}{found.code} {_place(found.span)} {found.message}{hint}")
        lines += [f"{MARK}     {_place(span)} {message}" for span, message in found.related]
    return lines


def _place(span: Span) -> str:
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column}"


def check_golden(path: Path, diagnose: Callable[[str], Iterable[Diagnostic]]) -> None:
    """Holds what ``diagnose`` finds in the rules of a case against what the case expects."""
    text, expected = split_case(path)
    found = golden_lines(diagnose(text))
    if os.environ.get("CEP_GOLDEN") == "update" and found != expected:
        path.write_text(text + "".join(f"{line}\n" for line in found), encoding="utf-8")
        return
    assert found == expected
