"""A plan in words: what a rule waits for, what it reads and keeps, when it fires. Plan layer.

The sentence is made in :mod:`cep.plan.english`, all else from the plan alone, so that what is told is what runs.
:func:`describe` gives plain data, :func:`explain` text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from cep.durations import duration_text
from cep.language.checked import Aggregate, CheckedKey, Constant
from cep.language.words import quoted
from cep.plan.automaton import Fit
from cep.plan.automaton_text import automaton_rows
from cep.plan.english.rules import english, sentences
from cep.plan.english.wording import listed
from cep.plan.explain_windows import contents_text, evaluated_text
from cep.plan.expression_text import aggregate_text, expression_text
from cep.plan.field_uses import field_uses
from cep.plan.join_text import join_rows
from cep.plan.kept_state import kept_state
from cep.plan.pattern_planner import watch_fits
from cep.plan.plan import AggregatePlan, JoinPlan, PatternPlan, Plan, RulePlan, StepPlan, WindowPlan

_WIDTH = 100

SECTIONS = ("sentence", "plan", "automaton", "key", "reads", "emits", "keeps", "evidence")
"""What the text of a rule consists of, in its order."""

_IN_SECTION = {
    "steps": "plan", "matters by its absence": "plan", "when a loop ends": "plan", "joins": "plan", "window": "plan",
}  # fmt: skip
"""The titles that belong to the section `plan`."""


def explain(
    plan: Plan, rule: RulePlan, chosen: Collection[str] = (), style: Callable[[str, str], str] = lambda text, _: text
) -> str:
    """The text of ``cep explain`` for one rule. No line break at the end.

    ``chosen`` are names of :data:`SECTIONS`, none for all; ``style`` colours a text for a part of the page (``rule``,
    ``title``, ``code``, ``doc``).
    """
    told = describe(plan, rule)
    about = " · ".join([*([f"severity {rule.severity}"] if rule.severity else []), *rule.tags])
    lines = [style(f"rule {rule.name}", "rule") + (f"   ({about})" if about else "")]
    if not chosen or "sentence" in chosen:
        lines += [style(line, "doc") for line in _wrapped(rule.doc or "")]
        lines += ["", *(_coded(line, style) for line in _wrapped(told["sentence"])), ""]
    for title, rows in _sections(told):
        if not chosen or _IN_SECTION.get(title, title) in chosen:
            lines.append(style(f"  {title}", "title"))
            lines += [_coded(line, style) for row in rows for line in _hanging(row)]
    return "\n".join(lines).rstrip()


def _coded(line: str, style: Callable[[str, str], str]) -> str:
    """The line, what stands in backticks as code; a pair that a line break parts stays as it is."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return line
    return "".join(style(f"`{part}`", "code") if number % 2 else part for number, part in enumerate(parts))


def describe(plan: Plan, rule: RulePlan) -> dict[str, Any]:
    """The same as plain data."""
    operator = rule.operator
    state = kept_state(rule)
    return {
        "rule": rule.name,
        "doc": rule.doc,
        "severity": rule.severity,
        "tags": list(rule.tags),
        "sentence": english(rule),
        "sentences": sentences(rule),
        "steps": _steps(plan, operator) if isinstance(operator, PatternPlan) else [],
        "absences": _absences(plan, operator) if isinstance(operator, PatternPlan) else [],
        "ends": _ends(operator) if isinstance(operator, PatternPlan) else [],
        "automaton": list(automaton_rows(operator)) if isinstance(operator, PatternPlan) else [],
        "joins": [] if rule.join is None else join_rows(plan, rule.join),
        "window": _window(plan, operator, rule.join) if isinstance(operator, WindowPlan) else None,
        "keys": [_key(key) for key in rule.keys],
        "null_keys": _null_keys(rule),
        "reads": _reads(plan, rule),
        "emits": _emits(rule),
        "at_most": None
        if rule.at_most is None
        else {
            "count": rule.at_most.count,
            "every": duration_text(rule.at_most.every_us),
            "keys": None if rule.at_most.keys is None else [key.name for key in rule.at_most.keys],
        },
        "state": [kept.text for kept in state] or ["nothing"],
        "bounds": [kept.data for kept in state],
        "evidence": _evidence(operator, rule.join),
    }


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def _hanging(row: str) -> list[str]:
    """A row that may be long, its further lines further in."""
    indent = "    " + " " * (len(row) - len(row.lstrip()))
    wrapped = textwrap.wrap(row.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent + "      ")
    return wrapped if len(row) > _WIDTH else [f"    {row}".rstrip()]


def _sections(told: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if told["steps"]:
        yield "steps", [row for number, step in enumerate(told["steps"], 1) for row in _step_rows(number, step)]
        yield from _pattern_sections(told)
    if told["joins"]:
        yield "joins", told["joins"]
    window = told["window"]
    if window is not None:
        yield "window", list(_window_rows(window))
    yield "key", [", ".join(told["keys"]) or "none: all events together", *told["null_keys"]]
    yield "reads", [f"{kind}: {', '.join(names) or 'no fields'}" for kind, names in told["reads"].items()]
    yield "emits", [told["emits"]]
    yield "keeps", told["state"]
    yield "evidence", [told["evidence"]]


def _pattern_sections(told: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if told["absences"]:
        rows = [row for role in told["absences"] for row in (f"`{role['label']}`", *_fit_rows(role["fits"], "  "))]
        yield "matters by its absence", rows
    if told["ends"]:
        yield "when a loop ends", told["ends"]
    yield "automaton", told["automaton"]


def _window_rows(window: dict[str, Any]) -> Iterator[str]:
    yield window["contents"]
    yield from [f"  {window['evaluated']}"] if window["evaluated"] else []
    yield from _fit_rows(window["fits"], "  ")
    yield from (f"  keeps {text}" for text in window["aggregates"])
    yield from (f"  keeps for the next evaluation {text}" for text in window["crosses"])
    for name in ("when", "having"):
        yield from [f"  {name} {window[name]}"] if window[name] else []


def _step_rows(number: int, step: dict[str, Any]) -> Iterator[str]:
    yield f"{number}. {step['name']}: {step['count']}"
    yield from _fit_rows(step["fits"], "   ")
    yield from (f"   with the others it names: {text}" for text in step["joint"])


def _fit_rows(fits: Iterable[Mapping[str, Any]], indent: str) -> Iterator[str]:
    for fit in fits:
        yield f"{indent}{fit['type']}, bit {fit['bit']}: {fit['condition'] or 'always'}"
        yield from (f"{indent}  tied to what is bound: {tie}" for tie in fit["ties"])


# ---- the parts as data ----


def _fits(plan: Plan, fits: Mapping[str, Fit]) -> list[dict[str, Any]]:
    shown = []
    for kind, fit in fits.items():
        condition = plan.types[kind].conditions[fit.bit]
        shown.append(
            {
                "type": kind,
                "bit": fit.bit,
                "condition": None if condition is None else expression_text(condition),
                "ties": [expression_text(tie) for tie in fit.ties],
            }
        )
    return shown


def _steps(plan: Plan, pattern: PatternPlan) -> list[dict[str, Any]]:
    steps = []
    for step in pattern.bound:
        shown: dict[str, Any] = {
            "name": quoted(step.name),
            "label": step.label,
            "count": _count(step),
            "fits": _fits(plan, step.fits),
            "joint": [expression_text(due.condition) for due in step.joint],
        }
        steps.append(shown)
    return steps


def _ends(pattern: PatternPlan) -> list[str]:
    """The conditions that are tested when a loop ends."""
    return [expression_text(due.condition) for group in pattern.ends for due in group]


def _absences(plan: Plan, pattern: PatternPlan) -> list[dict[str, Any]]:
    return [{"label": label, "fits": _fits(plan, fits)} for label, fits in watch_fits(pattern.automaton) if fits]


def _count(step: StepPlan) -> str:
    if step.maximum is None:
        return f"{step.minimum} or more events"
    if step.minimum == step.maximum:
        return "one event" if step.minimum == 1 else f"exactly {step.minimum} events"
    return f"{step.minimum} to {step.maximum} events"


def _window(plan: Plan, window: WindowPlan, join: JoinPlan | None) -> dict[str, Any]:
    pairs = join is not None and join.joins
    return {
        "label": window.label,
        "of": "pairs" if pairs else _window_events(window),
        "contents": contents_text(window.window, None if pairs else _window_events(window)),
        "evaluated": evaluated_text(window.window, pairs),
        "fits": _fits(plan, window.fits),
        "aggregates": [_aggregate(aggregate) for aggregate in window.aggregates],
        "crosses": _sides(window),
        "when": None if window.when is None else expression_text(window.when),
        "having": None if window.having is None else expression_text(window.having),
    }


def _sides(window: WindowPlan) -> list[str]:
    """What is kept of an evaluation for the next one."""
    sides = [side for crossing in window.crosses for side in (crossing.left, crossing.right)]
    return [expression_text(side) for side in dict.fromkeys(sides) if not isinstance(side, Constant)]


def _window_events(window: WindowPlan) -> str:
    """The types, or the phrase by which the rule calls them."""
    return listed([f"`{name}`" for name in (window.fits if window.label in window.fits else [window.label])], "or")


def _aggregate(aggregate: AggregatePlan) -> str:
    return aggregate_text(
        Aggregate(
            aggregate.function,
            aggregate.argument,
            aggregate.where,
            parameters=aggregate.parameters,
            over=aggregate.over,
        )
    )


def _key(key: CheckedKey) -> str:
    text = quoted(key.name)
    if key.path != (key.name,):
        text += f" = {_path(key.path)}"
    others = [f"{kind}.{_path(path)}" for kind, path in key.by_type.items()]
    return text + ("?" if key.optional else "") + (f" ({', '.join(others)})" if others else "")


def _null_keys(rule: RulePlan) -> list[str]:
    """What becomes of events that have no value for a key (S7)."""
    needed = [quoted(key.name) for key in rule.keys if not key.optional]
    free = [quoted(key.name) for key in rule.keys if key.optional]
    told = [f"events without {listed(needed, 'or')} take no part and are counted"] if needed else []
    return told + ([f"events without {listed(free, 'or')} count as a key of their own"] if free else [])


def _path(path: tuple[str | int, ...]) -> str:
    head, *rest = path
    return quoted(str(head)) + "".join(f"[{p}]" if isinstance(p, int) else f".{quoted(p)}" for p in rest)


def _reads(plan: Plan, rule: RulePlan) -> dict[str, list[str]]:
    reads: dict[str, list[str]] = {kind: [] for kind in rule.reads}
    for use in field_uses(plan, rule):
        for kind in use.types:
            if use.name not in reads.setdefault(kind, []):
                reads[kind].append(use.name)
    return {kind: sorted(names) for kind, names in reads.items()}


def _emits(rule: RulePlan) -> str:
    emit = rule.emit
    shown = ["*"] if emit.star else []
    for name, value in zip(emit.names, emit.values, strict=True):
        text = expression_text(value)
        shown.append(text if text == quoted(name) else f"{quoted(name)} = {text}")
    return f"{emit.type}({', '.join(shown)})"


def _evidence(operator: PatternPlan | WindowPlan, join: JoinPlan | None) -> str:
    if join is not None:
        labels = dict.fromkeys(f"`{role.label}`" for role in join.roles if role.table is None)
        return f"the events in the window as {listed(list(labels), 'and')}, the newest up to the limit `evidence`"
    if isinstance(operator, WindowPlan):
        return f"the events in the window as `{operator.label}`, the newest up to the limit `evidence`"
    labels = dict.fromkeys(f"`{step.label}`" for step in operator.bound)
    return f"the events bound as {listed(list(labels), 'and')}, the newest up to the limit `evidence`"
