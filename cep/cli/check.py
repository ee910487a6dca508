"""``cep check``: everything that is wrong with rules, without running them. CLI layer."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from cep.cli.options import color_option, rules_argument, settings_option
from cep.cli.terminal import Console, counted, use_color

if TYPE_CHECKING:
    from cep.cli.rule_sources import RuleSources
    from cep.language.fixing import Fixed
    from cep.plan.compiling import Compilation

FORMATS = ("text", "concise", "json", "github", "sarif", "junit")

EPILOG = """\b
RULES are files, folders, packs (rules:NAME), or - for standard input.
Exit codes: 0 no errors, 1 warnings under --deny warnings, or a fix under --diff, 2 errors,
3 usage, RULES or --set. What a code means: cep check --explain CEP201

\b
Examples:
  cep check rules/ --deny warnings
  cep check rules:authentication my_rules.cep --set grace=5m
  cep check rules/ --fix
  cep check rules/ --format sarif > findings.sarif
"""


@click.command("check", epilog=EPILOG, short_help="Find everything that is wrong with rules.")
@rules_argument
@click.option("--deny", type=click.Choice(["warnings"]), help="Let warnings fail the check.")
@click.option("--fix", is_flag=True, help="Write the fixes that are safe into the files, then check again.")
@click.option("--diff", is_flag=True, help="Show what --fix would write, and write nothing.")
@click.option("--explain", "code", metavar="CODE", help="Say what a diagnostic code means, with examples.")
@settings_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How findings are written.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--stdin-name", metavar="FILE", help="What standard input is called; .yaml makes it YAML.")
@color_option
def command(
    rules: tuple[str, ...],
    deny: str | None,
    fix: bool,
    diff: bool,
    code: str | None,
    settings: tuple[tuple[str, str], ...],
    form: str,
    as_json: bool,
    stdin_name: str | None,
    color: str,
) -> int:
    """Parse, check and plan rules: all errors and warnings of all files in one run."""
    form = "json" if as_json else form
    if code is not None:
        return _explain(code, form)
    from cep.cli.rule_sources import read_rules
    from cep.cli.rules import without_collection

    sources = read_rules(rules, stdin_name, writable=fix and not diff)
    console = Console(color)
    with without_collection():
        if diff:
            return _diff(sources, dict(settings), use_color(color, sys.stdout), console)
        fixed = _fix(sources, dict(settings)) if fix else None
        checked = sources.compiled(dict(settings), console)
    click.echo(_written(checked, form, deny is not None, use_color(color, sys.stdout), fixed), nl=False, color=True)
    _conclude(checked, form, fixed, console)
    from cep.cli.rules import exit_code

    return exit_code(checked) or int(deny is not None and bool(checked.warnings))


def _explain(code: str, form: str) -> int:
    from cep.cli.code_pages import find_code, plain, to_dict

    page = find_code(code)
    click.echo(json.dumps(to_dict(page)) if form == "json" else plain(page))
    return 0


# ---- fixes ----


def _fix(sources: RuleSources, settings: dict[str, str]) -> Fixed:
    from cep.language.fixing import fix_texts

    fixed = fix_texts(sources.texts, settings)
    sources.write(fixed.texts)
    return fixed


def _diff(sources: RuleSources, settings: dict[str, str], color: bool, console: Console) -> int:
    """What the fixes change, on standard output; without any, the exit code of the check."""
    from cep.cli.rules import conclusion, exit_code
    from cep.language.fixing import fix_texts
    from cep.plan.compiling import compile_texts

    fixed = fix_texts(sources.texts, settings)
    for before, after in zip(sources.texts, fixed.texts, strict=True):
        if before != after:
            click.echo(_unified(before.file, before.text, after.text, color), nl=False, color=True)
    left = compile_texts(fixed.texts, sources.unread, settings)
    if fixed.counts:
        count = sum(fixed.counts.values())
        console.line(f"{counted(count, 'fix', 'fixes')} in {counted(len(fixed.counts), 'file')}; `--fix` writes them")
    console.line(f"{conclusion(left)}{' with the fixes' if fixed.counts else ''}")
    return 1 if fixed.counts else exit_code(left)


def _unified(file: str, before: str, after: str, color: bool) -> str:
    import difflib

    from cep.diagnostics import visible

    name = visible(file)
    lines = list(difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, name))
    styles = {"-": "31", "+": "32", "@": "36"}
    shown = []
    for number, line in enumerate(lines):
        text = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        style = "1" if number < 2 else styles.get(line[:1])
        shown.append(f"\x1b[{style}m{text[:-1]}\x1b[0m\n" if color and style else text)
    return "".join(shown)


# ---- what is written ----


def _written(checked: Compilation, form: str, deny: bool, color: bool, fixed: Fixed | None) -> str:
    """Standard output: the findings in the form asked for."""
    from cep.cli.rules import conclusion, rendered, to_dict
    from cep.diagnostics import render_concise, visible

    match form:
        case "json":
            told = to_dict(checked) | ({"fixed": sum(fixed.counts.values())} if fixed is not None else {})
            return json.dumps(told) + "\n"
        case "github":
            from cep.cli.formats import github

            return _with_end(github.write(checked))
        case "sarif":
            from cep.cli.formats import sarif

            return _with_end(sarif.write(checked))
        case "junit":
            from cep.cli.formats import junit

            return _with_end(junit.write(checked, deny))
        case "concise":
            return _with_end("\n".join(visible(render_concise(each)) for each in checked.diagnostics))
    found = f"{rendered(checked, checked.diagnostics, color)}\n\n" if checked.diagnostics else ""
    return f"{found}{_fixable(checked, fixed)}{conclusion(checked)}\n"


def _with_end(text: str) -> str:
    return f"{text}\n" if text else ""


def _fixable(checked: Compilation, fixed: Fixed | None) -> str:
    if fixed is not None:
        names = [f"{file}: {counted(count, 'fix', 'fixes')}" for file, count in fixed.counts.items()]
        return "".join(f"fixed {name}\n" for name in names)
    count = sum(each.fix is not None for each in checked.diagnostics)
    which = "it" if len(checked.diagnostics) == 1 else f"{count} of them"
    return f"{which} can be fixed with `--fix`; `--diff` shows how\n" if count else ""


def _conclude(checked: Compilation, form: str, fixed: Fixed | None, console: Console) -> None:
    """The counts on standard error, where standard output holds something for a program."""
    from cep.cli.rules import conclusion

    if form in ("concise", "github", "sarif", "junit"):
        console.line(f"{_fixable(checked, fixed)}{conclusion(checked)}")
