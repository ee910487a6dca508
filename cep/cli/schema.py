"""``cep schema``: the JSON Schema of the YAML form, or of declared event types, or those from one. CLI layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cep.cli.options import color_option, settings_option
from cep.cli.terminal import Console
from cep.errors import UsageError

EPILOG = """\b
Examples:
  cep schema > cep.schema.json
  cep schema rules/ | jq '."$defs" | keys'
  cep schema --import orders.schema.json
  cep schema --import order.json --name Order
"""


@click.command("schema", epilog=EPILOG, short_help="JSON Schema of the YAML form, or of event types, and back.")
@click.argument("rules", nargs=-1, metavar="[RULES...]")
@click.option("--import", "imported", metavar="FILE", help="Write `event` declarations from this JSON Schema instead.")
@click.option("--name", metavar="NAME", help="What the event of --import is called.")
@settings_option
@color_option
def command(
    rules: tuple[str, ...], imported: str | None, name: str | None, settings: tuple[tuple[str, str], ...], color: str
) -> int:
    """Write the JSON Schema of the YAML form of rule files, for editors.

    With RULES, that of the event types that these declare; with --import, the other way round.
    """
    if imported is not None:
        if rules:
            raise click.UsageError("--import reads a JSON Schema, so it takes no RULES")
        from cep.language.schema_import import import_events

        click.echo(import_events(_document(Path(imported)), name), nl=False)
        return 0
    if name is not None:
        raise click.UsageError("--name goes with --import")
    if not rules:
        if settings:
            raise click.UsageError("--set goes with RULES")
        from cep.workshop.yaml_schema import yaml_schema

        click.echo(json.dumps(yaml_schema(), indent=2))
        return 0
    return _declared(rules, settings, Console(color))


def _declared(rules: tuple[str, ...], settings: tuple[tuple[str, str], ...], console: Console) -> int:
    from cep.cli.rules import exit_code, load, rendered
    from cep.language.json_schema import json_schema

    loaded = load(rules, settings, "schema")
    if loaded.rules is None:
        console.line(rendered(loaded, loaded.errors, console.color))
        return exit_code(loaded)
    if not loaded.rules.schemas:
        console.error("these rules declare no event type; an `event` declaration does")
        return 1
    click.echo(json.dumps(json_schema(loaded.rules.schemas.values()), indent=2, ensure_ascii=False))
    return 0


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"`{path}` is no JSON: {error}") from None
