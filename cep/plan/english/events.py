"""Single events and what loops of them are called. Plan layer."""

from __future__ import annotations

from dataclasses import replace

from cep.language import checked as c
from cep.language.words import quoted
from cep.plan.english.values import such_that
from cep.plan.english.wording import listed, with_article
from cep.plan.walk import conjuncts


def bare(step: c.Step) -> str:
    """``Login with outcome equal to "failure" (`ok`)``: behind an article or an ordinal."""
    return f"{_head(step)}{_tail(step)}{_called(step)}"


def single(step: c.Step) -> str:
    """``a Login with …``."""
    if _several(step) and _shared(step):
        return f"{_each_with_article(step)}{_called(step)}"
    return f"{with_article(_head(step))}{_tail(step)}{_called(step)}"


def plural(step: c.Step) -> str:
    """``Login events with …``."""
    if _defined(step):
        return f"{heads(step)} (each {_meaning(step)}){_called(step)}"
    if _several(step) and not _shared(step):
        return f"events (each {_each_with_article(step)}){_called(step)}"
    return f"{heads(step)}{_tail(step)}{_called(step)}"


def heads(step: c.Step) -> str:
    """``Login events``, without what is said of them."""
    return "events" if _head(step) == "event" else f"{_head(step)} events"


def brief(step: c.Step) -> str:
    """``Login``, ``failed login``, or the name: what a step is called once it has been told."""
    return f"`{step.label}`" if step.label == step.name or _defined(step) else _head(step)


def _defined(step: c.Step) -> bool:
    """Whether the rule calls it by the words of a definition."""
    return step.label != step.name and all(each.type != step.label for each in step.alternatives)


def _several(step: c.Step) -> bool:
    return len(step.alternatives) > 1 and not _defined(step)


def _shared(step: c.Step) -> bool:
    """Whether all alternatives have one and the same condition."""
    return len({each.condition for each in step.alternatives}) == 1


def _head(step: c.Step) -> str:
    if _defined(step):
        return f"`{step.label}`"
    if _several(step) and not _shared(step):
        return "event"
    kinds = [_kind(each) for each in step.alternatives]
    return listed(list(dict.fromkeys(kinds)), "or")


def _kind(alternative: c.Alternative) -> str:
    return "event" if alternative.type is None else quoted(alternative.type)


def _tail(step: c.Step) -> str:
    if _defined(step):
        return f" ({_meaning(step)})"
    if _several(step) and not _shared(step):
        return f" that is {_each_with_article(step)}"
    tail = " of any type" if all(each.type is None for each in step.alternatives) else ""
    return tail + (such_that(conjuncts(step.alternatives[0].condition)) if _shared(step) else "")


def _meaning(step: c.Step) -> str:
    """``a Login with outcome equal to "failure"``: what a definition stands for."""
    types = dict.fromkeys(each.type for each in step.alternatives)
    as_written = replace(step, label=step.alternatives[0].type or "event", name="")
    if len(types) == 1 and len(step.alternatives) == 1:
        return single(as_written)
    return _each_with_article(step)


def _each_with_article(step: c.Step) -> str:
    conditions = step.alternatives[0].condition
    if _shared(step):
        kinds = list(dict.fromkeys(with_article(_kind(each)) for each in step.alternatives))
        return f"{listed(kinds, 'or')}{such_that(conjuncts(conditions))}"
    kinds = [f"{with_article(_kind(each))}{such_that(conjuncts(each.condition))}" for each in step.alternatives]
    return listed(kinds, "or")


def _called(step: c.Step) -> str:
    """The name that the rule gives it, where it has one."""
    plain = {(each.type or "").replace("_", "").lower() for each in step.alternatives}
    named = step.label == step.name and step.name.replace("_", "").lower() not in (plain | {"any"})
    return f" (`{step.name}`)" if named else ""
