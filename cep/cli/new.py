"""``cep new``: a project or a rule to begin with. CLI layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cep.cli.terminal import Console, visible

if TYPE_CHECKING:
    from cep.language.formatting.formatter import Form

EPILOG = """\b
Nothing that is there already is written over without --force. The templates: cep list templates

\b
Examples:
  cep new project watch --template absence
  cep new project watch --yaml
  cep new rule card_testing --template window -o rules/card_testing.cep
  cep new rule --template join
"""


@click.command("new", epilog=EPILOG, short_help="Begin a project or a rule from a template.")
@click.argument("what", type=click.Choice(["project", "rule"]))
@click.argument("name", required=False)
@click.option("--template", default="brute-force", show_default=True, metavar="NAME", help="What to begin with.")
@click.option("--yaml", "as_yaml", is_flag=True, help="In the YAML form.")
@click.option("-o", "--output", metavar="FILE", help="Write the rule to this file instead of printing it.")
@click.option("--force", is_flag=True, help="Write over what is there.")
def command(what: str, name: str | None, template: str, as_yaml: bool, output: str | None, force: bool) -> int:
    """Write a project that runs at once, in the folder NAME; or a rule called NAME, with its tests."""
    from cep.workshop.scaffolding import find_template, project_files, rule_text, write_files

    chosen = find_template(template)
    form: Form = "yaml" if as_yaml else "cep"
    console = Console()
    if what == "rule":
        text = rule_text(chosen, name, form)
        if output is None:
            click.echo(text, nl=False)
            return 0
        path = Path(output)
        write_files(path.parent, {path.name: text, **chosen.tables}, force)
        console.line(f"wrote {visible(output)}")
        return 0
    if name is None:
        raise click.UsageError("a project needs a folder: `cep new project watch`")
    if output is not None:
        raise click.UsageError("--output is for `cep new rule`; a project is written to the folder NAME")
    root = Path(name)
    files = project_files(root.resolve().name, chosen, form)
    write_files(root, files, force)
    for file in files:
        console.line(f"wrote {visible(str(root / file))}")
    console.line(f"try it: cep run {visible(str(root / 'rules'))} --source {visible(str(root / 'events.jsonl'))}")
    return 0
