"""Rules to a plan, with everything that was found about them: read, parse, check and plan in one call. Plan layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cep.diagnostics import Diagnostic
from cep.language.check import check
from cep.language.checked import RuleSet
from cep.language.rule_files import GivenRules, RuleText, hinted, parse_rule_files, read_rule_files
from cep.language.syntax import Rule
from cep.plan.plan import Plan
from cep.plan.planner import plan_rules


@dataclass(frozen=True, slots=True)
class Compilation:
    """What became of rules.

    ``plan`` is null where there are errors, and ``rules`` where they are in syntax or meaning. ``diagnostics`` are in
    the order of the files, warnings among them. ``texts`` are the files that were read, by name, as
    :func:`cep.diagnostics.render_full` needs them; ``count`` counts the rules in them, disabled ones too.
    """

    plan: Plan | None
    rules: RuleSet | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    count: int

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What keeps the rules from running."""
        return tuple(d for d in self.diagnostics if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is legal and probably not meant."""
        return tuple(d for d in self.diagnostics if d.severity == "warning")


def compile_rules(rules: GivenRules, constants: Mapping[str, object] | None = None) -> Compilation:
    """Never raises for what an author may write, nor for a path that does not exist.

    Args:
        rules: a path, paths, ``rules:NAME`` for a rule pack that ships, or the text of rules itself.
        constants: values for ``let`` names: text as it is written in the language (``5m``), or Python values.
    """
    texts, unread = read_rule_files(rules)
    return compile_texts(texts, unread, constants)


def compile_texts(
    texts: Sequence[RuleText],
    unread: Sequence[Diagnostic] = (),
    constants: Mapping[str, object] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Compilation:
    """The same for texts that were read, with what could not be; ``progress`` is told how many files are parsed."""
    parsed = parse_rule_files(texts, unread, progress)
    checked, found = check(parsed, constants)
    plan = None
    if checked is not None:
        plan, refused = plan_rules(checked)
        found = _in_file_order([*found, *refused], [text.file for text in texts])
    found = hinted(found, texts)
    count = sum(isinstance(each, Rule) for file in parsed for each in file.tree.declarations)
    return Compilation(plan, checked, tuple(found), {text.file: text.text for text in texts}, count)


def _in_file_order(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> list[Diagnostic]:
    order = {name: number for number, name in enumerate(files)}
    return sorted(diagnostics, key=lambda d: (order.get(d.span.file, len(order)), d.span, d.code))
