"""Which rules read what other rules emit: the order in which they are checked, and cycles. Language layer."""

from __future__ import annotations

from cep.language import syntax
from cep.language.checking.namespace import Namespace, emitted_types, events_in, phrases_in
from cep.language.checking.phrases import PhraseResolver
from cep.language.expressions.aggregates import parts_of
from cep.language.report import Report


def types_read(phrases: PhraseResolver, rule: syntax.Rule) -> tuple[str | None, ...]:
    """The event types that a rule reads, in the order written; null for ``any(…)``."""
    found: list[str | None] = []
    for node in (rule.pattern, rule.input, rule.over):
        for event in events_in(node):
            if isinstance(event, syntax.AnyEvent):
                found.append(None)
            else:
                found.extend(phrases.types(event))
    for window in _own_windows(rule):
        for phrase in phrases_in(window):
            found.extend(phrases.types(phrase))
    return tuple(dict.fromkeys(found))


def _own_windows(rule: syntax.Rule) -> list[syntax.Window]:
    """The windows that aggregates have of their own."""
    found: list[syntax.Window] = []
    stack: list[syntax.Expression | syntax.Lambda] = [node for node in (rule.when, rule.having) if node is not None]
    if rule.emit is not None:
        stack.extend(field.value for field in rule.emit.fields)
    while stack:
        node = stack.pop()
        stack.extend(parts_of(node))
        if isinstance(node, syntax.Call):
            found.extend(argument.over for argument in node.arguments if argument.over is not None)
    return found


def in_reading_order(
    report: Report, namespace: Namespace, reads: dict[int, tuple[str | None, ...]]
) -> tuple[list[int], set[int]]:
    """The rules, by number, so that those that emit a type come before those that read it; and those in cycles.

    A cycle is reported once with its path. Rules that are disabled do not run, and so close no cycle.
    """
    rules = namespace.all_rules
    emitters: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for event_type in emitted_types(rule):
            emitters.setdefault(event_type, []).append(number)
    order: list[int] = []
    done: set[int] = set()
    told: set[int] = set()

    def visit(number: int, path: list[tuple[int, str]]) -> None:
        numbers = [step for step, _ in path]
        if number in numbers:
            cycle = path[numbers.index(number) :]
            if not any(rules[step].disabled or step in told for step, _ in cycle):
                _report_cycle(report, rules, cycle)
            told.update(step for step, _ in cycle)
            return
        if number in done:
            return
        for event_type in reads[number]:
            for emitter in emitters.get(event_type or "", ()):
                visit(emitter, [*path, (number, event_type or "")])
        if number not in done:
            done.add(number)
            order.append(number)

    for number in range(len(rules)):
        visit(number, [])
    return order, told


def _report_cycle(report: Report, rules: list[syntax.Rule], cycle: list[tuple[int, str]]) -> None:
    """``cycle`` goes from a reader to the rule that emits what it reads: it is told the other way round."""
    first = rules[cycle[0][0]]
    shown = f"`{first.name}`"
    for number, event_type in reversed(cycle):
        shown += f" emits {event_type}, read by `{rules[number].name}`" if shown else ""
        shown = shown if number == cycle[0][0] else f"{shown}, which"
    message = f"these rules read what they themselves lead to: {shown}"
    if len(cycle) == 1:
        message = f"the rule `{first.name}` reads `{cycle[0][1]}`, which it emits itself"
    related = tuple((rules[number].name_span, "on the way") for number, _ in cycle[1:])
    hint = "emit another type in one of them" if len(cycle) > 1 else "emit another type"
    report.error("CEP413", message, first.name_span, hint, related)
