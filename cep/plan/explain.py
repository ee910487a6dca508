"""A plan in words: what a rule waits for, what it reads and keeps, when it fires. Plan layer.

Made from the plan alone, so that what is told is what runs. :func:`describe` gives plain data, :func:`explain` text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cep.durations import duration_text
from cep.language.checked import Aggregate, CheckedKey, Constant
from cep.language.words import number_word, quoted
from cep.plan.automaton import Fit
from cep.plan.explain_windows import contents_text, evaluated_text, state_texts, window_sentence
from cep.plan.expression_text import aggregate_text, expression_text
from cep.plan.field_uses import field_uses
from cep.plan.join_text import join_rows, join_sentence, join_state
from cep.plan.pattern_planner import is_strict, watch_fits
from cep.plan.pattern_text import automaton_rows, listed, pattern_phrase
from cep.plan.plan import AggregatePlan, JoinPlan, PatternPlan, Plan, RulePlan, StepPlan, WindowPlan

_WIDTH = 100
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def explain(plan: Plan, rule: RulePlan) -> str:
    """The text of ``cep explain`` for one rule. No line break at the end."""
    told = describe(plan, rule)
    about = " · ".join([*([f"severity {rule.severity}"] if rule.severity else []), *rule.tags])
    lines = [f"rule {rule.name}" + (f"   ({about})" if about else "")]
    if rule.doc:
        lines += _wrapped(rule.doc)
    lines += ["", *_wrapped(told["sentence"]), ""]
    for title, rows in _sections(told):
        lines.append(f"  {title}")
        lines += [line for row in rows for line in _hanging(row)]
    return "\n".join(lines)


def describe(plan: Plan, rule: RulePlan) -> dict[str, Any]:
    """The same as plain data."""
    operator = rule.operator
    return {
        "rule": rule.name,
        "doc": rule.doc,
        "severity": rule.severity,
        "tags": list(rule.tags),
        "sentence": sentence(rule),
        "steps": _steps(plan, operator) if isinstance(operator, PatternPlan) else [],
        "absences": _absences(plan, operator) if isinstance(operator, PatternPlan) else [],
        "ends": _ends(operator) if isinstance(operator, PatternPlan) else [],
        "automaton": list(automaton_rows(operator)) if isinstance(operator, PatternPlan) else [],
        "joins": [] if rule.join is None else join_rows(plan, rule.join),
        "window": _window(plan, operator, rule.join) if isinstance(operator, WindowPlan) else None,
        "keys": [_key(key) for key in rule.keys],
        "reads": _reads(plan, rule),
        "emits": _emits(rule),
        "at_most": None
        if rule.at_most is None
        else {
            "count": rule.at_most.count,
            "every": duration_text(rule.at_most.every_us),
            "keys": None if rule.at_most.keys is None else [key.name for key in rule.at_most.keys],
        },
        "state": _state(rule),
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
    yield "key", [", ".join(told["keys"]) or "none: all events together"]
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


def _state(rule: RulePlan) -> list[str]:
    operator = rule.operator
    if isinstance(operator, WindowPlan):
        kept = state_texts(operator, rule.join is not None and rule.join.joins)
    elif operator.counts_only:
        kept = _newest(operator)
    else:
        kept = _runs(operator)
    if rule.join is not None:
        kept = [*join_state(rule.join), *kept]
    if rule.at_most is not None:
        many = "emission" if rule.at_most.count == 1 else f"{rule.at_most.count} emissions"
        per = "key" if rule.at_most.keys is None else listed([f"`{key.name}`" for key in rule.at_most.keys], "and")
        kept.append(f"per {per} the time of the last {many}")
    if rule.keys and kept:
        kept.append("as many keys as are alive, up to the limit `keys`")
    return kept or ["nothing"]


def _newest(pattern: PatternPlan) -> list[str]:
    before = pattern.steps[0].minimum - 1
    if not before:
        return []
    age = "" if pattern.within_us is None else f", none older than {duration_text(pattern.within_us)}"
    return [f"per key the newest {before} event{'s' * (before > 1)} that fit{'s' * (before == 1)}{age}"]


def _runs(pattern: PatternPlan) -> list[str]:
    kept = ["per key the runs (partial matches), up to the limit `runs_per_key`"]
    kept.append("over all keys no more runs than the limit `runs_per_rule`")
    if any(step.maximum is None for step in pattern.steps):
        kept.append("per run the events of a loop, up to the limit `loop_events`")
    bound_us = pattern.within_us
    if bound_us is not None:
        kept.append(f"a run goes once its first event is older than {duration_text(bound_us)}")
    elif len(pattern.steps) > 1 or pattern.steps[0].minimum > 1:
        kept.append("nothing bounds how long a run waits: add `within`")
    if pattern.sets_timers:
        kept.append("a timer per run that waits for its deadline")
    return kept


def _evidence(operator: PatternPlan | WindowPlan, join: JoinPlan | None) -> str:
    if join is not None:
        labels = dict.fromkeys(f"`{role.label}`" for role in join.roles if role.table is None)
        return f"the events in the window as {listed(list(labels), 'and')}, the newest up to the limit `evidence`"
    if isinstance(operator, WindowPlan):
        return f"the events in the window as `{operator.label}`, the newest up to the limit `evidence`"
    labels = dict.fromkeys(f"`{step.label}`" for step in operator.bound)
    return f"the events bound as {listed(list(labels), 'and')}, the newest up to the limit `evidence`"


# ---- the sentence ----


def sentence(rule: RulePlan) -> str:
    """What the rule waits for, and when it fires, in English."""
    operator = rule.operator
    told = _window_sentence(operator, rule.join) if isinstance(operator, WindowPlan) else _pattern_sentence(operator)
    keys = listed([f"`{key.name}`" for key in rule.keys], "and")
    if keys:
        told[0] = f"For each {keys}, {told[0]}"
    elif isinstance(operator, PatternPlan) and operator.counts_only and not _many(operator):
        told[0] = f"{told[0][:1].upper()}{told[0][1:]}"
    else:
        told[0] = f"Over all events together, {told[0]}"
    if rule.at_most is not None:
        own = rule.at_most.keys
        per_key = " for each key" if rule.keys else ""
        if own is not None:
            per_key = f" for each {listed([f'`{key.name}`' for key in own], 'and')}"
        times, every = number_word(rule.at_most.count), _span(rule.at_most.every_us)
        told.append(f"It emits at most {times} every {every}{per_key} and counts the rest.")
    return " ".join(told)


def _window_sentence(window: WindowPlan, join: JoinPlan | None) -> list[str]:
    if join is None:
        return window_sentence(window, _window_events(window))
    first, *rest = window_sentence(window, None if join.joins else _window_events(window))
    return [f"{join_sentence(join)}; {first}", *rest]


def _pattern_sentence(pattern: PatternPlan) -> list[str]:
    assert pattern.written is not None
    what = f"waits for {pattern_phrase(pattern.written)}"
    many = _many(pattern)
    if pattern.within_us is not None:
        what += f"; from the first event to the last no more than {duration_text(pattern.within_us)} may pass"
    if pattern.having is not None:
        what += f"; the whole match must satisfy `{expression_text(pattern.having)}`"
    told = [what + "."]
    if many and not is_strict(pattern.automaton):
        told.append("Other events in between are skipped.")
    told.append(_fires(pattern))
    if pattern.on_timeout is not None:
        told.append(f"A run that runs out of time emits {pattern.on_timeout.type} at its deadline.")
    if many or pattern.sets_timers:
        told.append(_SKIPS[pattern.skip.strategy].format(_skipped_to(pattern)))
    return told


_SKIPS = {
    "past_last": "The events of a match take part in no other match of this rule and key.",
    "to_next": "A match removes what its first event began, and nothing else.",
    "no_skip": "A match removes nothing that other events began.",
    "to_first": "A match removes what began before its first `{}`.",
    "to_last": "A match removes what began before its last `{}`.",
}


def _skipped_to(pattern: PatternPlan) -> str:
    return "" if pattern.skip.step is None else pattern.steps[pattern.skip.step].name


def _many(pattern: PatternPlan) -> bool:
    """Whether a match may hold several events."""
    return sum(step.minimum for step in pattern.bound) > 1 or pattern.bound[-1].maximum is None


def _span(duration_us: int) -> str:
    """``10 minutes``, and ``minute`` for one: what follows `every` and `the last`."""
    return duration_text(duration_us).removeprefix("1 ")


def _fires(pattern: PatternPlan) -> str:
    finishes = [place.finish for place in pattern.automaton.places.values() if place.finish is not None]
    at_times = [finish.when for finish in finishes if finish.when != "at_once"]
    last = pattern.bound[-1]
    if "until" in at_times:
        return "It fires when the loop is closed, or its time is up."
    if at_times:
        return "It fires when the deadline has passed, and the derived event's time is the deadline."
    if len(finishes) > 1:
        return "It fires at the event that completes it."
    if len(pattern.steps) == 1 and last.minimum == last.maximum == 1:
        return "It fires at each such event."
    if last.minimum > 1 or last.maximum is None:
        ordinal = _ORDINALS[last.minimum] if last.minimum < len(_ORDINALS) else f"{last.minimum}th"
        return f"It fires at the {ordinal} `{last.label}`" + ("." if pattern.having is None else " or a later one.")
    return f"It fires at the `{last.label}`."
