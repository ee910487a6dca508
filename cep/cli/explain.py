"""``cep explain``: rules in words, or the page of a diagnostic code. CLI layer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cep.cli.options import color_option, rules_argument, settings_option
from cep.cli.terminal import Console, style_of, use_color
from cep.diagnostics import did_you_mean, suggestion

if TYPE_CHECKING:
    from cep.plan.compiling import Compilation
    from cep.plan.plan import Plan, RulePlan

_CODE = re.compile(r"CEP\d+", re.IGNORECASE)

EPILOG = """\b
Examples:
  cep explain rules/ --rule brute_force
  cep explain rules:payments
  cep explain rules:authentication --rule account_takeover --section sentence --section keeps
  cep explain CEP301
"""


@click.command("explain", epilog=EPILOG, short_help="Say in words what rules wait for, or what a code means.")
@rules_argument
@click.option("--rule", "names", multiple=True, metavar="NAME", help="Only this rule; repeatable.")
@click.option(
    "--section",
    "sections",
    multiple=True,
    type=click.Choice(["sentence", "plan", "automaton", "key", "reads", "emits", "keeps", "evidence"]),
    help="Only this part of what is told; repeatable.",
)
@click.option("--code", is_flag=True, help="Also the Python that the rules are compiled to.")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@color_option
def command(
    rules: tuple[str, ...],
    names: tuple[str, ...],
    sections: tuple[str, ...],
    code: bool,
    settings: tuple[tuple[str, str], ...],
    as_json: bool,
    color: str,
) -> int:
    """Say in words what rules wait for, when they fire and what they keep; or explain a diagnostic code.

    Of each rule: an English sentence, the plan and the automaton, the fields it reads, what it emits, and the state it
    keeps with what bounds it.
    """
    if rules and all(_CODE.fullmatch(text) and not Path(text).exists() for text in rules):
        return _explain_codes(rules, as_json)
    from cep.cli.rules import load, plan_or_exit
    from cep.plan.explain import describe, explain

    loaded = load(rules, settings, "explain")
    plan = plan_or_exit(loaded, Console(color))
    chosen = _chosen(plan, names)
    sources = _generated(_plan_of(loaded, chosen)) if code else {}
    if as_json:
        told = {"rules": [describe(plan, rule) for rule in chosen], "code": sources}
        click.echo(json.dumps(told))
        return 0
    parts = [explain(plan, rule, sections, style_of(use_color(color, sys.stdout))) for rule in chosen]
    parts += [f"# {name}\n{text}" for name, text in sources.items()]
    nothing = "no rules: all are disabled, or the files declare none"
    click.echo("\n\n".join(parts) if parts else nothing, color=True)
    return 0


def _chosen(plan: Plan, names: Sequence[str]) -> tuple[RulePlan, ...]:
    known = {rule.name: rule for rule in plan.rules}
    for name in names:
        if name not in known:
            hint = did_you_mean(suggestion(name, known)) or f"there are: {', '.join(known) or 'none'}"
            raise click.UsageError(
                f"rule `{name}` is disabled" if name in plan.disabled else f"there is no rule `{name}`; {hint}"
            )
    return tuple(known[name] for name in names) or plan.rules


def _plan_of(loaded: Compilation, chosen: Sequence[RulePlan]) -> Plan:
    """The plan of some of the rules by themselves: planned anew, since types number the conditions of all rules."""
    from cep.plan.planner import plan_rules

    assert loaded.rules is not None
    names = {rule.name for rule in chosen}
    plan, _ = plan_rules(replace(loaded.rules, rules=tuple(r for r in loaded.rules.rules if r.name in names)))
    assert plan is not None
    return plan


def _generated(plan: Plan) -> dict[str, str]:
    """The generated functions by name: the readers of the types first, then what the operators call."""
    from cep.engine import Engine
    from cep.plan.generate.functions import Functions
    from cep.plan.intake import EventClock

    engine = Engine(plan)
    readers = Functions(engine.projection, EventClock())
    for kind in plan.types.values():
        readers.reader(kind)
    return {**readers.sources, **engine.generated_code()}


def _explain_codes(codes: Sequence[str], as_json: bool) -> int:
    from cep.cli.code_pages import find_code, plain, to_dict

    pages = [find_code(text) for text in codes]
    click.echo(json.dumps([to_dict(page) for page in pages]) if as_json else "\n\n".join(map(plain, pages)))
    return 0
