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
from cep.plan.explain_windows import contents_text, evaluated_text, state_texts, window_sentence
from cep.plan.expression_text import aggregate_text, expression_text
from cep.plan.field_uses import field_uses
from cep.plan.plan import AggregatePlan, Fit, Forbidden, PatternPlan, Plan, RulePlan, StepPlan, WaitPlan, WindowPlan

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
        "window": _window(plan, operator) if isinstance(operator, WindowPlan) else None,
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
        "evidence": _evidence(operator),
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
    window = told["window"]
    if window is not None:
        yield "window", list(_window_rows(window))
    yield "key", [", ".join(told["keys"]) or "none: all events together"]
    yield "reads", [f"{kind}: {', '.join(names) or 'no fields'}" for kind, names in told["reads"].items()]
    yield "emits", [told["emits"]]
    yield "keeps", told["state"]
    yield "evidence", [told["evidence"]]


def _window_rows(window: dict[str, Any]) -> Iterator[str]:
    yield window["contents"]
    yield from [f"  {window['evaluated']}"] if window["evaluated"] else []
    yield from _fit_rows(window["fits"], "  ")
    yield from (f"  keeps {text}" for text in window["aggregates"])
    yield from (f"  keeps for the next evaluation {text}" for text in window["crosses"])
    for name in ("when", "having"):
        yield from [f"  {name} {window[name]}"] if window[name] else []


def _step_rows(number: int, step: dict[str, Any]) -> Iterator[str]:
    if "wait" in step:
        yield f"{number}. wait: {step['wait']}"
    else:
        yield f"{number}. {step['name']}: {step['count']}"
        yield from _fit_rows(step["fits"], "   ")
    for text in step.get("at_end", ()):
        yield f"   when the loop ends: {text}"
    for role in step.get("forbidden", ()):
        stays = f" for {role['for']}" if role["for"] else ""
        yield f"   no `{role['label']}`{stays}"
        yield from _fit_rows(role["fits"], "     ")


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
    for step in pattern.steps:
        shown: dict[str, Any] = {
            "name": quoted(step.name),
            "label": step.label,
            "count": _count(step),
            "fits": _fits(plan, step.fits),
            "at_end": [expression_text(part) for part in step.at_end],
            "forbidden": [_role(plan, role, step.quiet_us) for role in step.forbidden],
        }
        steps.append(shown)
    if pattern.wait is not None:
        until = _deadline(pattern.wait)
        steps.append({"wait": f"until {until}", "forbidden": [_role(plan, pattern.wait.forbidden, None)]})
    return steps


def _role(plan: Plan, role: Forbidden, quiet_us: int | None) -> dict[str, Any]:
    stays = None if quiet_us is None else duration_text(quiet_us)
    return {"label": role.label, "for": stays, "fits": _fits(plan, role.fits)}


def _count(step: StepPlan) -> str:
    if step.maximum is None:
        return f"{step.minimum} or more events"
    if step.minimum == step.maximum:
        return "one event" if step.minimum == 1 else f"exactly {step.minimum} events"
    return f"{step.minimum} to {step.maximum} events"


def _deadline(wait: WaitPlan) -> str:
    if wait.after_last_us is not None:
        return f"{duration_text(wait.after_last_us)} after the event before"
    assert wait.after_first_us is not None
    return f"{duration_text(wait.after_first_us)} after the first event"


def _window(plan: Plan, window: WindowPlan) -> dict[str, Any]:
    return {
        "label": window.label,
        "of": _window_events(window),
        "contents": contents_text(window.window, _window_events(window)),
        "evaluated": evaluated_text(window.window),
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
    return _listed([f"`{name}`" for name in (window.fits if window.label in window.fits else [window.label])], "or")


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
        kept = state_texts(operator)
    elif operator.counts_only:
        kept = _newest(operator)
    else:
        kept = _runs(operator)
    if rule.at_most is not None:
        many = "emission" if rule.at_most.count == 1 else f"{rule.at_most.count} emissions"
        per = "key" if rule.at_most.keys is None else _listed([f"`{key.name}`" for key in rule.at_most.keys], "and")
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
    if any(step.maximum is None for step in pattern.steps):
        kept.append("per run the events of a loop, up to the limit `loop_events`")
    bound_us = pattern.within_us
    if bound_us is not None:
        kept.append(f"a run goes once its first event is older than {duration_text(bound_us)}")
    elif len(pattern.steps) > 1 or pattern.steps[0].minimum > 1:
        kept.append("nothing bounds how long a run waits: add `within`")
    if pattern.wait is not None:
        kept.append("a timer per run that waits for its deadline")
    return kept


def _evidence(operator: PatternPlan | WindowPlan) -> str:
    if isinstance(operator, WindowPlan):
        return f"the events in the window as `{operator.label}`, the newest up to the limit `evidence`"
    labels = dict.fromkeys(f"`{step.label}`" for step in operator.steps)
    return f"the events bound as {_listed(list(labels), 'and')}, the newest up to the limit `evidence`"


# ---- the sentence ----


def sentence(rule: RulePlan) -> str:
    """What the rule waits for, and when it fires, in English."""
    operator = rule.operator
    if isinstance(operator, WindowPlan):
        told = window_sentence(operator, _window_events(operator))
    else:
        told = _pattern_sentence(operator)
    keys = _listed([f"`{key.name}`" for key in rule.keys], "and")
    if keys:
        told[0] = f"For each {keys}, {told[0]}"
    elif isinstance(operator, PatternPlan) and operator.wait is None and operator.counts_only and not _many(operator):
        told[0] = f"{told[0][:1].upper()}{told[0][1:]}"
    else:
        told[0] = f"Over all events together, {told[0]}"
    if rule.at_most is not None:
        own = rule.at_most.keys
        per_key = " for each key" if rule.keys else ""
        if own is not None:
            per_key = f" for each {_listed([f'`{key.name}`' for key in own], 'and')}"
        times, every = number_word(rule.at_most.count), _span(rule.at_most.every_us)
        told.append(f"It emits at most {times} every {every}{per_key} and counts the rest.")
    return " ".join(told)


def _pattern_sentence(pattern: PatternPlan) -> list[str]:
    parts = [_step_phrase(step) for step in pattern.steps]
    what = f"waits for {', then '.join(parts)}"
    many = _many(pattern)
    if pattern.wait is not None:
        what += f", after which no `{pattern.wait.forbidden.label}` may come {_stays_away(pattern.wait)}"
    if pattern.within_us is not None and (many or pattern.wait is None):
        what += f"; from the first event to the last no more than {duration_text(pattern.within_us)} may pass"
    if pattern.having is not None:
        what += f"; the whole match must satisfy `{expression_text(pattern.having)}`"
    told = [what + "."]
    if many:
        told.append("Other events in between are skipped.")
    told.append(_fires(pattern))
    if many or pattern.wait is not None:
        told.append("The events of a match take part in no other match of this rule and key.")
    return told


def _many(pattern: PatternPlan) -> bool:
    """Whether a match may hold several events."""
    return sum(step.minimum for step in pattern.steps) > 1 or pattern.steps[-1].maximum is None


def _stays_away(wait: WaitPlan) -> str:
    if wait.after_last_us is not None:
        return f"for {duration_text(wait.after_last_us)}, the last instant included"
    return f"until {_deadline(wait)}, that instant included"


def _span(duration_us: int) -> str:
    """``10 minutes``, and ``minute`` for one: what follows `every` and `the last`."""
    return duration_text(duration_us).removeprefix("1 ")


def _step_phrase(step: StepPlan) -> str:
    label = f"`{step.label}`{_meant_by(step)}"
    if step.maximum is None:
        text = f"{number_word(step.minimum)} or more {label}"
    elif step.minimum == step.maximum:
        text = label if step.minimum == 1 else f"{number_word(step.minimum)} {label}"
    else:
        text = f"{number_word(step.minimum)} to {number_word(step.maximum)} {label}"
    if step.forbidden:
        away = _listed([f"`{role.label}`" for role in step.forbidden], "or")
        text += f" with no {away} before it" + (
            "" if step.quiet_us is None else f" for {duration_text(step.quiet_us)} and coming after that time"
        )
    return text


def _meant_by(step: StepPlan) -> str:
    """The event types behind a name that says nothing about them; empty where the label is the type or a phrase."""
    plain = step.label.replace("_", "").lower()
    if step.label != step.name or any(kind.lower() == plain for kind in step.fits):
        return ""
    return f" ({_listed([quoted(kind) for kind in step.fits], 'or')})"


def _fires(pattern: PatternPlan) -> str:
    last = pattern.steps[-1]
    if pattern.wait is not None:
        return "It fires when the deadline has passed, and the derived event's time is the deadline."
    if len(pattern.steps) == 1 and last.minimum == last.maximum == 1:
        return "It fires at each such event."
    if last.minimum > 1 or last.maximum is None:
        ordinal = _ORDINALS[last.minimum] if last.minimum < len(_ORDINALS) else f"{last.minimum}th"
        return f"It fires at the {ordinal} `{last.label}`" + ("." if pattern.having is None else " or a later one.")
    return f"It fires at the `{last.label}`."


def _listed(items: list[str], word: str) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""
