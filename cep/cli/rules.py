"""From RULES on the command line to a plan, with everything that was found about them. CLI layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cep.cli.terminal import Console, counted
from cep.diagnostics import Diagnostic, render_full

if TYPE_CHECKING:
    from cep.language.checked import RuleSet
    from cep.plan.plan import Plan

_USAGE_CODES = frozenset({"CEP501", "CEP504", "CEP510", "CEP511"})
"""A path, a pack or a constant of ``--set``: what was typed is wrong, not the rules."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of RULES. ``plan`` is null where there are errors; ``texts`` are the files by name."""

    plan: Plan | None
    rules: RuleSet | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    count: int

    @property
    def errors(self) -> list[Diagnostic]:
        """What keeps the rules from running."""
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is legal and probably not meant."""
        return [d for d in self.diagnostics if d.severity == "warning"]

    @property
    def exit_code(self) -> int:
        """0, or 3 where RULES name what does not exist, else 2."""
        if not self.errors:
            return 0
        return 3 if all(d.code in _USAGE_CODES for d in self.errors) else 2

    def conclusion(self) -> str:
        """``12 rules in 3 files, 0 errors, 2 warnings``."""
        counts = (counted(len(self.errors), "error"), counted(len(self.warnings), "warning"))
        return f"{counted(self.count, 'rule')} in {counted(len(self.texts), 'file')}, {', '.join(counts)}"


def load(rules: Sequence[str], settings: Sequence[tuple[str, str]], verb: str) -> Loaded:
    """Parse, check and plan.

    Raises:
        click.UsageError: RULES are missing.
    """
    from cep.language import syntax
    from cep.language.check import check
    from cep.language.loader import load_sources, parse_source
    from cep.language.parser import ParsedFile
    from cep.plan.planner import plan_rules

    if not rules:
        raise click.UsageError(
            f"no rules are given; name a file, a folder, or a pack of cep, as in `cep {verb} rules:authentication`"
        )
    sources, unread = load_sources(list(rules))
    parsed = [parse_source(source) for source in sources]
    nothing = syntax.RuleFile(())
    rule_set, diagnostics = check([*parsed, *(ParsedFile(nothing, (problem,)) for problem in unread)], dict(settings))
    plan = None
    if rule_set is not None:
        plan, refused = plan_rules(rule_set)
        diagnostics = _in_order([*diagnostics, *refused], [source.file for source in sources])
    count = sum(isinstance(each, syntax.Rule) for file in parsed for each in file.tree.declarations)
    texts = {source.file: source.text for source in sources}
    return Loaded(plan, rule_set, tuple(diagnostics), texts, count)


def _in_order(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> list[Diagnostic]:
    order = {name: number for number, name in enumerate(files)}
    return sorted(diagnostics, key=lambda d: (order.get(d.span.file, -1), dataclasses.astuple(d.span), d.code))


def rendered(loaded: Loaded, diagnostics: Sequence[Diagnostic], color: bool) -> str:
    """The findings in full, an empty line between them."""
    return "\n\n".join(render_full(d, loaded.texts, color) for d in diagnostics)


def plan_or_exit(loaded: Loaded, console: Console) -> Plan:
    """The plan; where there is none, the errors on standard error and the end of the command."""
    if loaded.plan is not None:
        return loaded.plan
    console.line(rendered(loaded, loaded.errors, console.color))
    console.line()
    console.line(loaded.conclusion())
    raise click.exceptions.Exit(loaded.exit_code)
