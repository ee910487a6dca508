"""``cep doctor``: what is installed, what is missing, and whether rules load. CLI layer."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from cep.cli.options import color_option
from cep.cli.terminal import use_color, visible

EPILOG = """\b
Exit codes: 0 all is well (a missing extra is no fault), 3 something is wrong.

\b
Examples:
  cep doctor
  cep doctor rules/
  cep doctor --json | jq '.checks[] | select(.state == "wrong")'
"""

_STYLES = {"ok": "32", "missing": "33", "wrong": "1;31", "info": "2"}


@click.command("doctor", epilog=EPILOG, short_help="Say what is installed, and what is missing or wrong.")
@click.argument("rules", nargs=-1, metavar="[RULES...]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@color_option
def command(rules: tuple[str, ...], as_json: bool, color: str) -> int:
    """Look at Python, cep, what it needs and what is optional, time zones and the terminal; and at RULES if given."""
    from cep.workshop.diagnosis import diagnose

    checks = diagnose()
    checks += [_rules(rules)] if rules else []
    wrong = any(check["state"] == "wrong" for check in checks)
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "checks": checks}))
    else:
        colored = use_color(color, sys.stdout)
        width = max(len(check["name"]) for check in checks)
        for check in checks:
            click.echo(_line(check, width, colored), color=True)
    return 3 if wrong else 0


def _line(check: dict[str, Any], width: int, colored: bool) -> str:
    state = check["state"].ljust(7)
    state = f"\x1b[{_STYLES[check['state']]}m{state}\x1b[0m" if colored else state
    hint = f"; {check['hint']}" if check["hint"] else ""
    return visible(check["name"].ljust(width)) + f"  {state}  " + visible(f"{check['found']}{hint}")


def _rules(rules: tuple[str, ...]) -> dict[str, Any]:
    from cep.cli.rules import conclusion, exit_code, load

    loaded = load(rules, (), "doctor")
    wrong = exit_code(loaded) != 0
    hint = f"cep check {' '.join(rules)}" if wrong else None
    return {"name": "rules", "state": "wrong" if wrong else "ok", "found": conclusion(loaded), "hint": hint}
