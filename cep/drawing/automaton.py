"""One rule from the inside: the automaton of a pattern, or the stages of a rule over windows. Drawing layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from cep.diagnostics import visible
from cep.drawing.picture import Edge, Node, Picture
from cep.durations import duration_text
from cep.language.words import quoted
from cep.plan.automaton import Fit, Place
from cep.plan.automaton_text import edge_text, finish_text
from cep.plan.english.rules import english
from cep.plan.explain import describe
from cep.plan.expression_text import expression_text
from cep.plan.plan import PatternPlan, Plan, RulePlan, StepPlan


def automaton_picture(plan: Plan, rule: RulePlan) -> Picture:
    """What a run of the rule goes through, from its start to what it emits."""
    if isinstance(rule.operator, PatternPlan):
        nodes, edges = _pattern(plan, rule, rule.operator)
    else:
        nodes, edges = _stages(plan, rule)
    shown = tuple(replace(node, notes=tuple(note.replace("`", "") for note in node.notes)) for node in nodes)
    plain = tuple(replace(edge, label=edge.label.replace("`", "")) for edge in edges)
    return Picture(f"Rule {visible(rule.name)}", english(rule), shown, plain, "automaton")


# ---- patterns ----


def _pattern(plan: Plan, rule: RulePlan, pattern: PatternPlan) -> tuple[list[Node], list[Edge]]:
    automaton = pattern.automaton
    per = ", ".join(key.name for key in rule.keys)
    nodes = [Node("start", "start", "start", (f"per {per}",) if per else ())]
    nodes += [_step(plan, number, step) for number, step in enumerate(pattern.bound)]
    edges = [Edge("start", _id(edge.target), edge_text(pattern, edge, None)) for edge in automaton.start]
    for number, place in automaton.places.items():
        edges += [Edge(_id(number), _id(edge.target), edge_text(pattern, edge, number)) for edge in place.edges]
        if place.finish is not None:
            edges.append(Edge(_id(number), "match", finish_text(automaton, place)))
    within = "" if pattern.within_us is None else f"all within {duration_text(pattern.within_us)} of the first event"
    conditions = [within] if within else []
    if pattern.having is not None:
        conditions.append(f"having {expression_text(pattern.having)}")
    nodes.append(Node("match", "match", "match", tuple(conditions)))
    nodes.append(Node("emit", "derived", rule.emit.type))
    edges.append(Edge("match", "emit", _at_most(rule)))
    if pattern.on_timeout is not None:
        nodes.append(Node("timeout", "derived", pattern.on_timeout.type))
        waiting = [number for number, place in automaton.places.items() if _may_be_unfinished(place)]
        edges += [Edge(_id(number), "timeout", "time is up", dashed=True) for number in waiting]
    return nodes, _merged(edges)


def _may_be_unfinished(place: Place) -> bool:
    """Whether a run that stands there may wait for further events, so that its time may run out."""
    return bool(place.edges) and (place.finish is None or bool(place.finish.full))


def _id(number: int) -> str:
    return f"step {number}"


def _step(plan: Plan, number: int, step: StepPlan) -> Node:
    notes = list(_conditions(plan, step.fits))
    if step.maximum != 1 or step.minimum != 1:
        notes.append(_times(step))
    return Node(_id(number), "step", step.name, tuple(notes))


def _times(step: StepPlan) -> str:
    if step.maximum is None:
        return f"{step.minimum} or more"
    return str(step.minimum) if step.minimum == step.maximum else f"{step.minimum} to {step.maximum}"


def _conditions(plan: Plan, fits: Mapping[str, Fit]) -> Iterator[str]:
    for kind, fit in fits.items():
        condition = plan.types[kind].conditions[fit.bit]
        parts = [] if condition is None else [expression_text(condition)]
        parts += [expression_text(tie) for tie in fit.ties]
        if fit.source_only and kind != "*":  # one of the types over which `any(…)` is spread
            continue
        name = "any type" if kind == "*" else quoted(kind)
        yield f"{name}({' and '.join(parts)})" if parts else name


def _merged(edges: list[Edge]) -> list[Edge]:
    """One edge between two nodes, the labels of several one below the other."""
    found: dict[tuple[str, str, bool], list[str]] = {}
    for edge in edges:
        found.setdefault((edge.source, edge.target, edge.dashed), []).append(edge.label)
    return [
        Edge(source, target, "; or ".join(dict.fromkeys(label for label in labels if label)), dashed)
        for (source, target, dashed), labels in found.items()
    ]


def _at_most(rule: RulePlan) -> str:
    if rule.at_most is None:
        return ""
    keys = rule.keys if rule.at_most.keys is None else rule.at_most.keys
    per = f" per {', '.join(key.name for key in keys)}" if keys else ""
    return f"at most {rule.at_most.count} every {duration_text(rule.at_most.every_us)}{per}"


# ---- windows ----


def _stages(plan: Plan, rule: RulePlan) -> tuple[list[Node], list[Edge]]:
    """Input, joins, window, condition, what is emitted, one after the other."""
    told = describe(plan, rule)
    window = told["window"]
    assert window is not None
    kinds = list(rule.reads)
    nodes = [Node(f"event {kind}", "event", "any other type" if kind == "*" else kind) for kind in kinds]
    chain: list[Node] = []
    if told["joins"]:
        chain.append(Node("join", "stage", "join", tuple(row.strip() for row in told["joins"])))
    per = ", ".join(key.name for key in rule.keys)
    evaluated = window["evaluated"]
    notes = [window["contents"], *([evaluated] if evaluated else []), *([f"per {per}"] if per else [])]
    notes += [f"{fit['type']}: {fit['condition']}" for fit in window["fits"] if fit["condition"]]
    chain.append(Node("window", "stage", "window", tuple(notes)))
    conditions = [f"{name} {window[name]}" for name in ("when", "having") if window[name]]
    if conditions:
        chain.append(Node("condition", "stage", "condition", tuple(conditions)))
    chain.append(Node("emit", "derived", rule.emit.type))
    edges = [Edge(node.id, chain[0].id) for node in nodes]
    labels = {"emit": _at_most(rule)}
    edges += [Edge(a.id, b.id, labels.get(b.id, "")) for a, b in pairwise(chain)]
    return [*nodes, *chain], edges
