"""``cep graph``: the flow of events through rules, or one rule from the inside, as a picture. CLI layer."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cep.cli.options import color_option, rules_argument, settings_option
from cep.cli.terminal import Console, counted
from cep.diagnostics import did_you_mean, suggestion
from cep.errors import UsageError

if TYPE_CHECKING:
    from cep.drawing.picture import Picture
    from cep.plan.compiling import Compilation
    from cep.plan.plan import Plan

EPILOG = """\b
The picture goes to standard output, or to -o FILE, whose ending says the format.
SVG and HTML are drawn without any other program; the HTML page works offline.

\b
Examples:
  cep graph rules/ -o rules.html
  cep graph rules:authentication --format mermaid
  cep graph rules:authentication --rule account_takeover -o account_takeover.svg
  cep graph rules/ --format dot --source logins.jsonl --sink alerts.jsonl
"""


@click.command("graph", epilog=EPILOG, short_help="Draw how events flow through rules.")
@rules_argument
@click.option("--rule", "name", metavar="NAME", help="One rule from the inside: its automaton, or its window.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg", "html", "json"]),
    help="What is written.  [default: by the ending of -o, else mermaid]",
)
@click.option("-o", "--output", metavar="FILE", help="Write the picture to this file.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Show where events come from; repeatable.")
@click.option("--sink", "sinks", multiple=True, metavar="NAME", help="Show where derived events go; repeatable.")
@click.option("--definitions/--no-definitions", default=True, help="Show definitions as nodes, or what they stand for.")
@settings_option
@color_option
def command(
    rules: tuple[str, ...],
    name: str | None,
    form: str | None,
    output: str | None,
    sources: tuple[str, ...],
    sinks: tuple[str, ...],
    definitions: bool,
    settings: tuple[tuple[str, str], ...],
    color: str,
) -> int:
    """Draw the flow of events through rules: event types, definitions, tables, rules, and the types they emit.

    Derived types that no rule reads have a thicker rim, disabled rules a broken one.
    """
    from cep.cli.rules import load, plan_or_exit
    from cep.drawing.flow import flow_picture
    from cep.drawing.formats import FORMATS, format_of

    if name is not None and (sources or sinks):
        raise click.UsageError("--source and --sink belong to the flow of all rules, not to the inside of one")
    if output is not None and form is None:
        form = format_of(output)
        if form is None:
            raise click.UsageError(
                f"the ending of `{output}` says no format; add --format, or end it with .svg or .html"
            )
    loaded = load(rules, settings, "graph")
    plan = plan_or_exit(loaded, Console(color))
    if name is not None:
        picture = _inside(loaded, plan, name)
    else:
        picture = flow_picture(loaded, sources, sinks, definitions)
        picture = _with_insides(picture, plan) if form == "html" else picture
    text = FORMATS[form or "mermaid"](picture)
    if output is None or output == "-":
        click.echo(text, nl=False)
        return 0
    _write(Path(output), text)
    told = f"{counted(len(picture.nodes), 'node')}, {counted(len(picture.edges), 'edge')}"
    print(f"{output}: {told}", file=sys.stderr)
    return 0


def _inside(loaded: Compilation, plan: Plan, name: str) -> Picture:
    from cep.drawing.automaton import automaton_picture

    known = {rule.name: rule for rule in plan.rules}
    if name not in known:
        hint = did_you_mean(suggestion(name, known)) or f"there are: {', '.join(known) or 'none'}"
        disabled = f"rule `{name}` is disabled"
        raise click.UsageError(disabled if name in plan.disabled else f"there is no rule `{name}`; {hint}")
    return automaton_picture(plan, known[name])


def _with_insides(picture: Picture, plan: Plan) -> Picture:
    """With the automaton of each rule, for the page to show beside it."""
    from cep.drawing.automaton import automaton_picture

    return replace(picture, further={f"rule {rule.name}": automaton_picture(plan, rule) for rule in plan.rules})


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"cannot write `{path}`: {error.strerror}") from None
