"""``cep list``: functions, aggregates, sources, sinks, codes and templates. CLI layer."""

from __future__ import annotations

import json
import re
import textwrap
from importlib.metadata import entry_points

import click

EPILOG = """\b
Examples:
  cep list functions
  cep list functions text
  cep list codes expression
  cep list templates --json | jq -r '.[].name'
"""

_WIDTH = 100
KINDS = ("functions", "aggregates", "sources", "sinks", "codes", "templates")


@click.command("list", epilog=EPILOG, short_help="List functions, aggregates, connectors, codes or templates.")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("words", nargs=-1, metavar="[WORD...]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(kind: str, words: tuple[str, ...], as_json: bool) -> int:
    """List what rules and commands can name; with WORDs only what all of them stand in."""
    rows = [row for row in _rows(kind) if all(word.lower() in " ".join(row.values()).lower() for word in words)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return 0
    if not rows:
        click.echo(f"no {kind} with {' '.join(words)}", err=True)
        return 1
    width = min(max(len(next(iter(row.values()))) for row in rows), 44)
    for row in rows:
        first, *others = row.values()
        _tell(first, others[-1], width)
    return 0


def _tell(name: str, text: str, width: int) -> None:
    lines = textwrap.wrap(text, max(_WIDTH - width - 2, 30)) or [""]
    if len(name) > width:
        click.echo(name)
        name = ""
    click.echo(f"{name.ljust(width)}  {lines[0]}".rstrip())
    for line in lines[1:]:
        click.echo(f"{' ' * width}  {line}")


def _rows(kind: str) -> list[dict[str, str]]:
    match kind:
        case "functions" | "aggregates":
            return _callables(kind)
        case "codes":
            from cep.diagnostic_codes import CODES

            return [{"code": code.code, "title": code.title} for code in CODES.values()]
        case "templates":
            from cep.workshop.scaffolding import find_template, template_names

            return [{"name": name, "summary": find_template(name).summary} for name in template_names()]
        case _:
            return _connectors(kind)


def _callables(kind: str) -> list[dict[str, str]]:
    from cep.functions.aggregates import AGGREGATES
    from cep.functions.registry import FUNCTIONS, load_entry_points

    if kind == "aggregates":
        return [
            {"call": f"{name}({', '.join(p.name for p in record.parameters)})", "name": name, "doc": _line(record.doc)}
            for name, record in sorted(AGGREGATES.items())
        ]
    load_entry_points()
    return [
        {
            "call": f"{name}({', '.join(p.name for p in record.parameters)})",
            "name": name,
            "family": record.family,
            "doc": _line(record.doc),
        }
        for name, record in sorted(FUNCTIONS.items())
    ]


def _line(doc: str) -> str:
    return re.sub(r"\s+", " ", doc).strip()


def _connectors(kind: str) -> list[dict[str, str]]:
    from cep.connectors.registry import SINKS, SOURCES

    own = {"jsonl": "JSON lines: a file, a pattern, a folder, or `-`", "csv": "CSV with a header"}
    names = SOURCES if kind == "sources" else SINKS
    rows = [{"name": f"{name}:", "from": "cep", "doc": own.get(name, "")} for name in sorted(names)]
    for point in sorted(entry_points(group=f"cep.{kind}"), key=lambda point: point.name):
        owner = point.dist.name if point.dist is not None else point.value
        rows.append({"name": f"{point.name}:", "from": owner, "doc": f"of the package {owner}"})
    return rows
