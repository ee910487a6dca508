"""Syntax trees to checked rules: the one entrance to checking. Language layer.

The passes, each of which needs what the ones before it found:

1. ``namespace``     all declarations of all files, duplicates
2. ``declarations``  schemas, constants, tables
3. ``dependencies``  which rules read what others emit; cycles
4. ``rules``         each rule after those whose types it reads, with its events, pattern or window, clauses;
                     then what could be read of broken rules
5. ``phrases``       definitions; ``idle_declarations``: what nothing uses
6. ``idle_rules``    steps without events, rules that say what another says; with ``never_matching``, ``shadowing``
7. ``rule_tests``    what tests name

All mistakes of all files are reported in one run, none because of another: what was reported has the type ``any``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cep.diagnostics import Diagnostic, Span, did_you_mean
from cep.language import syntax
from cep.language.checked import CheckedRule, RuleSet
from cep.language.checking.declarations import ConstantChecker, check_schema, check_table
from cep.language.checking.dependencies import in_reading_order, types_read
from cep.language.checking.idle_declarations import warn_of_unused
from cep.language.checking.idle_rules import warn_of_shadowed, warn_of_steps_without_events
from cep.language.checking.namespace import Namespace, emitted_types
from cep.language.checking.near_names import NearNames
from cep.language.checking.phrases import PhraseResolver
from cep.language.checking.rule_tests import RuleTestChecker, emits_of
from cep.language.checking.rules import RuleChecker
from cep.language.checking.shadowing import warn_of_included
from cep.language.expressions.checker import ExpressionChecker
from cep.language.expressions.event_types import EventTypes
from cep.language.expressions.scope import Context
from cep.language.ignoring import without_ignored
from cep.language.parser import ParsedFile
from cep.language.report import Report


def check(
    files: Sequence[ParsedFile | syntax.RuleFile],
    constants: Mapping[str, object] | None = None,
) -> tuple[RuleSet | None, list[Diagnostic]]:
    """Checks all files as one namespace. Never raises for what an author may write.

    ``constants`` override ``let``: text is read as a literal of the language (``5m``), other Python values as they are
    (``timedelta`` for a duration). The rules are null when there is an error, in syntax or in meaning; the diagnostics
    are in the order of the files, warnings among them, syntax errors included.
    """
    parsed = [f if isinstance(f, ParsedFile) else ParsedFile(f) for f in files]
    report = Report()
    rules = None
    try:
        rules = _check(parsed, constants or {}, report)
    except RecursionError:
        _too_deep(parsed, report)
    syntax_errors = [diagnostic for file in parsed for diagnostic in file.diagnostics]
    places = [diagnostic.span for diagnostic in syntax_errors]
    names = tuple(dict.fromkeys(_file_names(parsed)))
    checked = [d for d in report.findings() if d.code != "CEP202" or not _holds_any(d.span, places)]
    ignores = [ignore for file in parsed for ignore in file.ignores]
    found = _in_file_order(without_ignored([*syntax_errors, *checked], ignores), names)
    broken = any(diagnostic.severity == "error" for diagnostic in found)
    return (None if broken else rules), found


def _check(parsed: Sequence[ParsedFile], constants: Mapping[str, object], report: Report) -> RuleSet:
    namespace = Namespace.of(parsed, report)
    context = Context(report, EventTypes(), tables={*namespace.tables, *namespace.broken_tables})
    expressions = ExpressionChecker(context)
    found_constants = ConstantChecker(context, namespace, expressions).compute(constants)
    for event in namespace.events.values():
        context.types.declare(check_schema(context, expressions, event))
    phrases = PhraseResolver(context, namespace, expressions)
    rules = _check_rules(namespace, phrases)
    phrases.check_definitions()
    warn_of_unused(namespace, phrases.cyclic, report)
    _warn_of_near_names(namespace, rules, report)
    warn_of_steps_without_events(report, namespace, rules)
    warn_of_shadowed(report, rules)
    warn_of_included(report, rules)
    by_name = {rule.name: rule for rule in reversed(rules)}
    tests = RuleTestChecker(context, namespace, expressions, by_name)
    for test in namespace.tests:
        tests.check(test)
    return RuleSet(
        tuple(rules),
        context.types.declared,
        {name: check_table(table) for name, table in namespace.tables.items()},
        found_constants,
        tuple(namespace.tests),
    )


def _too_deep(parsed: Sequence[ParsedFile], report: Report) -> None:
    """Chains of hundreds of definitions on definitions, or of rules on rules: each is a level of calls here."""
    declarations = [declaration for file in parsed for declaration in file.tree.declarations]
    message = "these declarations build on each other over hundreds of levels"
    report.error("CEP423", message, declarations[0].span, "name event types directly in some of them")


def _check_rules(namespace: Namespace, phrases: PhraseResolver) -> list[CheckedRule]:
    """All rules, checked in reading order and given in the order written."""
    rules = namespace.all_rules
    checker = RuleChecker(phrases, namespace)
    for event_type in namespace.open_types:
        phrases.context.types.derive(event_type, None)
    reads = {number: types_read(phrases, rule) for number, rule in enumerate(rules)}
    checked: dict[int, CheckedRule] = {}
    order, cyclic = in_reading_order(phrases.report, namespace, reads)
    for event_type in (t for number in cyclic for t in emitted_types(rules[number])):
        phrases.context.types.derive(event_type, None)
    for number in order:
        checked[number] = checker.check(rules[number], reads[number])
    for rule in namespace.broken_parts:
        checker.check(rule, types_read(phrases, rule))
    return [checked[number] for number in range(len(rules))]


def _warn_of_near_names(namespace: Namespace, rules: Sequence[CheckedRule], report: Report) -> None:
    """An emitted type that nobody reads, and that is written almost like one that is known."""
    read = dict.fromkeys(event_type for rule in rules for event_type in rule.reads if event_type is not None)
    told = [finding.message for finding in report.findings() if finding.code == "CEP203"]
    known = NearNames([*namespace.events, *(event_type for event_type in read if " " not in event_type)])
    for rule in rules:
        for emit in emits_of(rule):
            if emit.type in read or emit.type in namespace.events or any(f"`{emit.type}`" in text for text in told):
                continue
            near = known.near(emit.type)
            if near:
                message = f"nobody reads `{emit.type}`, which differs from `{near[0]}` by little"
                report.warning("CEP221", message, emit.span, did_you_mean(near[0]))


# ---- the findings ----


def _holds_any(phrase: Span, places: Sequence[Span]) -> bool:
    """Whether the parser has spoken of words in an unknown phrase, which then is unknown because of them."""
    start, end = (phrase.line, phrase.column), (phrase.end_line, phrase.end_column)
    return any(p.file == phrase.file and start <= (p.line, p.column) < end for p in places)


def _file_names(parsed: Sequence[ParsedFile]) -> list[str]:
    """The names of the files, in order, as far as something in them has a place."""
    names: list[str] = []
    for file in parsed:
        spans = [file.tree.span, *(d.span for d in file.tree.declarations)]
        names.extend(span.file for span in [*spans, *(d.span for d in file.diagnostics)] if span.file)
    return names


def _in_file_order(found: Sequence[Diagnostic], names: Sequence[str]) -> list[Diagnostic]:
    order = {name: index for index, name in enumerate(names)}
    return sorted(found, key=lambda d: (order.get(d.span.file, len(order)), d.span, d.code))
