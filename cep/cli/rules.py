"""From RULES on the command line to a plan, with everything that was found about them. CLI layer."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cep.cli.terminal import Console, counted
from cep.diagnostics import Diagnostic, render_full, to_json, visible

if TYPE_CHECKING:
    from cep.errors import TableError
    from cep.plan.compiling import Compilation
    from cep.plan.plan import Plan

_USAGE_CODES = frozenset({"CEP501", "CEP504", "CEP510", "CEP511"})
"""A path, a pack or a constant of ``--set``: what was typed is wrong, not the rules."""


def load(rules: Sequence[str], settings: Sequence[tuple[str, str]], verb: str) -> Compilation:
    """Parse, check and plan files, folders, packs and standard input (``-``).

    Raises:
        click.UsageError: RULES are missing.
    """
    from cep.cli.rule_sources import read_rules
    from cep.plan.compiling import compile_texts

    if not rules:
        raise click.UsageError(
            f"no rules are given; name a file, a folder, or a pack of cep, as in `cep {verb} rules:authentication`"
        )
    with without_collection():
        read = read_rules(rules)
        return compile_texts(read.texts, read.unread, dict(settings))


def refuse_two_readers(rules: Sequence[str], sources: Sequence[str]) -> None:
    """Rules and events cannot both come from standard input.

    Raises:
        click.UsageError: they should.
    """
    if "-" in rules and any(source == "-" or source.endswith(":-") for source in sources):
        raise click.UsageError("rules and events cannot both come from standard input; name a file for one of them")


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage is collected meanwhile.

    Nearly all that is made of rules is kept to the end, and looking through it again and again costs a third.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def exit_code(loaded: Compilation) -> int:
    """0, or 3 where RULES name what does not exist or ``--set`` is wrong, else 2."""
    if not loaded.errors:
        return 0
    typed = all(d.code in _USAGE_CODES or d.span.file.startswith("--set ") for d in loaded.errors)
    return 3 if typed else 2


def conclusion(loaded: Compilation) -> str:
    """``12 rules in 3 files, 0 errors, 2 warnings``."""
    counts = (counted(len(loaded.errors), "error"), counted(len(loaded.warnings), "warning"))
    return f"{counted(loaded.count, 'rule')} in {counted(len(loaded.texts), 'file')}, {', '.join(counts)}"


def rendered(loaded: Compilation, diagnostics: Sequence[Diagnostic], color: bool) -> str:
    """The findings in full, an empty line between them."""
    return "\n\n".join(_rendered(d, loaded.texts, color) for d in diagnostics)


def _rendered(diagnostic: Diagnostic, texts: Mapping[str, str], color: bool) -> str:
    text = render_full(diagnostic, texts, color)
    if diagnostic.span.line:
        return text
    return text.replace(visible(str(diagnostic.span)), visible(diagnostic.span.file))  # a file without a line


def to_dict(loaded: Compilation) -> dict[str, object]:
    """Counts and findings as plain data for JSON."""
    return {
        "rules": loaded.count,
        "files": len(loaded.texts),
        "errors": len(loaded.errors),
        "warnings": len(loaded.warnings),
        "diagnostics": [to_json(d) for d in loaded.diagnostics],
    }


def plan_or_exit(loaded: Compilation, console: Console, as_json: bool = False) -> Plan:
    """The plan; where there is none, the errors on standard error and the end of the command."""
    if loaded.plan is not None:
        return loaded.plan
    if as_json:
        console.line(json.dumps(to_dict(loaded)))
        raise click.exceptions.Exit(exit_code(loaded))
    console.line(rendered(loaded, loaded.errors, console.color))
    console.line()
    console.line(conclusion(loaded))
    raise click.exceptions.Exit(exit_code(loaded))


def tell_tables(loaded: Compilation, error: TableError, console: Console, as_json: bool) -> int:
    """Tables that cannot be read, on standard error, and the exit code."""
    if as_json:
        console.line(json.dumps({"diagnostics": [to_json(d) for d in error.diagnostics]}))
    else:
        console.line(rendered(loaded, error.diagnostics, console.color))
    return 3
