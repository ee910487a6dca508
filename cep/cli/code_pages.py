"""The page of a diagnostic code: what it says, why, a wrong example and a right one. CLI layer."""

from __future__ import annotations

import textwrap

import click

from cep.diagnostic_codes import CODES, Code
from cep.diagnostic_codes.examples import EXAMPLES
from cep.diagnostics import did_you_mean, suggestion

_WIDTH = 100


def find_code(text: str) -> Code:
    """The record of a code, written in letters of any case.

    Raises:
        click.UsageError: there is none; the message names the nearest.
    """
    code = CODES.get(text.upper())
    if code is None:
        digits = text.upper().replace("O", "0").replace("I", "1")
        near = digits if digits in CODES else suggestion(digits, CODES, cutoff=0.7)
        hint = did_you_mean(near) or "codes look like CEP301; `cep check` shows the code of each finding"
        raise click.UsageError(f"there is no diagnostic code `{text}`; {hint}")
    return code


def plain(code: Code, width: int = _WIDTH) -> str:
    """The page as text; no line break at its end."""
    parts = [f"{code.code}: {code.title}", *(textwrap.fill(part, width) for part in code.explanation.split("\n\n"))]
    for title, text in _examples(code):
        parts.append(f"{title}:\n\n{textwrap.indent(text, '    ')}")
    return "\n\n".join(parts)


def markdown(code: Code) -> str:
    """The page as Markdown."""
    parts = [f"**{code.code}: {code.title}**", code.explanation]
    for title, text in _examples(code):
        parts.append(f"{title}:\n\n```\n{text}\n```")
    return "\n\n".join(parts)


def to_dict(code: Code) -> dict[str, str | None]:
    """The page as plain data for JSON."""
    example = EXAMPLES.get(code.code)
    return {
        "code": code.code,
        "title": code.title,
        "explanation": code.explanation,
        "wrong": example.wrong if example is not None else None,
        "right": example.right if example is not None else None,
    }


def _examples(code: Code) -> list[tuple[str, str]]:
    example = EXAMPLES.get(code.code)
    return [] if example is None else [("Wrong", example.wrong), ("Right", example.right)]
