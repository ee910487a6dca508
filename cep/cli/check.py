"""``cep check``: everything that is wrong with rules, without running them. CLI layer."""

from __future__ import annotations

import json
import sys

import click

from cep.cli.options import color_option, rules_argument, settings_option
from cep.cli.terminal import use_color

EPILOG = """\b
Exit codes: 0 no errors, 1 warnings under --deny warnings, 2 errors, 3 usage, RULES or --set.
What a code means: cep explain CEP201

\b
Examples:
  cep check rules/
  cep check rules:authentication my_rules.cep --set grace=5m
  cep check rules/ --deny warnings
  cep check rules/ --json | jq '.diagnostics[].message'
"""


@click.command("check", epilog=EPILOG, short_help="Find everything that is wrong with rules.")
@rules_argument
@click.option("--deny", type=click.Choice(["warnings"]), help="Let warnings fail the check.")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Findings and counts as one JSON object.")
@color_option
def command(
    rules: tuple[str, ...], deny: str | None, settings: tuple[tuple[str, str], ...], as_json: bool, color: str
) -> int:
    """Parse, check and plan rules: all errors and warnings of all files in one run."""
    from cep.cli.rules import conclusion, exit_code, load, rendered, to_dict

    loaded = load(rules, settings, "check")
    if as_json:
        click.echo(json.dumps(to_dict(loaded)))
    else:
        if loaded.diagnostics:
            click.echo(rendered(loaded, loaded.diagnostics, use_color(color, sys.stdout)) + "\n", color=True)
        click.echo(conclusion(loaded))
    return exit_code(loaded) or int(deny is not None and bool(loaded.warnings))
