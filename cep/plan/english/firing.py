"""When a rule over a pattern fires, and when again. Plan layer.

The heads follow section 3 of the language and its statements S3 (bounds are inclusive), S4 (absence), S10 to S12 (what
a match uses up). Each sentence is made from the checked rule; what only the plan knows (the default of the skip
strategy, contiguity) is taken from there.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.durations import duration_text
from cep.language import checked as c
from cep.plan.english import events
from cep.plan.english.patterns import (
    before_closing,
    closing,
    closing_bound,
    grouped,
    is_one_event,
    loop_of,
    parts,
    phrase,
    without_article,
)
from cep.plan.english.values import code, whole_clause
from cep.plan.english.wording import counted, key_names, of_one, ordinal, with_article
from cep.plan.plan import PatternPlan


def pattern_sentences(rule: c.CheckedRule, plan: PatternPlan) -> list[str]:
    """All that is said of a rule over a pattern, but for what it emits."""
    assert rule.pattern is not None
    told = [_fires(rule, plan)]
    told += _across_steps(rule, plan)
    told += _contiguity(rule, plan)
    told += _again(rule, plan)
    told += _on_timeout(rule, plan)
    if rule.limit is not None:
        told.append(f"At most {rule.limit:,} runs are alive at a time per key; beyond that the oldest goes.")
    return told


# ---- when it fires ----


def _fires(rule: c.CheckedRule, plan: PatternPlan) -> str:
    pattern, within_us = _without_bound(rule)
    places = plan.automaton.places.values()
    match closing(pattern):
        case c.Expectation() as expected:
            return _expected(rule, expected)
        case c.Absence() as away if pattern is away:
            return _silence(rule, away)
        case c.Absence() as away:
            return _absent(rule, plan, pattern, away, within_us)
        case c.Until(element=c.Loop()) as until:
            return _until(rule, until, pattern, within_us)
    looped = loop_of(pattern)
    if looped is not None:
        return _count(rule, *looped, within_us, isinstance(pattern, c.Consecutive))
    if isinstance(pattern, c.Step):
        return f"Fires at each {events.bare(pattern)}{_satisfying(rule)}."
    if is_one_event(pattern):
        return f"Fires at each event that is {phrase(pattern)}{_satisfying(rule)}."
    what = "this sequence" if isinstance(pattern, c.Sequence) else "this"
    whose = _whose(rule, within_us)
    at = _completed_by({place.finish.when for place in places if place.finish is not None})
    if isinstance(closing(pattern), c.Until):  # a group without a loop is complete at its last event
        at = "event"
    return f"Fires at the {at} that completes {what}{whose}: {phrase(pattern)}{_satisfying(rule, ', such that')}."


def _completed_by(when: set[str]) -> str:
    """What completes a match; a loop that is closed is closed by an event or at its deadline."""
    if when == {"at_once"}:
        return "event"
    return "event or the deadline" if "at_once" in when or "until" in when else "deadline"


def _without_bound(rule: c.CheckedRule) -> tuple[c.PatternNode, int | None]:
    """The pattern and the bound on all of it; one in parentheses around the whole is the same as a clause."""
    assert rule.pattern is not None
    if isinstance(rule.pattern, c.Bounded) and rule.within_us is None:
        return rule.pattern.element, rule.pattern.within_us
    return rule.pattern, rule.within_us


def _whose(rule: c.CheckedRule, within_us: int | None) -> str:
    """``, all of one user and within 5 minutes (inclusive)``."""
    whose = f", all {of_one(rule.keys)}" if rule.keys else ", over all events together"
    return whose if within_us is None else f"{whose} and{_within(within_us)}"


def _satisfying(rule: c.CheckedRule, joint: str = " at which") -> str:
    return "" if rule.having is None else f"{joint} {whole_clause(rule.having)}"


def _within(within_us: int | None) -> str:
    return "" if within_us is None else f" within {duration_text(within_us)} (inclusive)"


def _count(rule: c.CheckedRule, loop: c.Loop, step: c.Step, within_us: int | None, strict: bool) -> str:
    consecutive = strict or loop.mode == "consecutive"
    if loop.mode == "every":
        head = f"Fires at each event that completes a combination of {_amount(loop)} {events.plural(step)}"
        return f"{head} {of_one(rule.keys)}{_within(within_us)}{_satisfying(rule)}."
    least = max(loop.minimum, 1)
    in_a_row = " consecutive" * consecutive
    whose = f" {of_one(rule.keys)}" if rule.keys else ""
    together = "" if rule.keys else f", counted over all {events.heads(step)} together"
    if rule.having is not None:
        which = f"the first{in_a_row} {events.bare(step)}{whose}, from the {ordinal(least)}{_within(within_us)} on"
        return f"Fires at {which}{together}, at which {whole_clause(rule.having)}."
    if least == 1:
        return f"Fires at each {events.bare(step)}."
    return f"Fires at the {ordinal(least)}{in_a_row} {events.bare(step)}{whose}{_within(within_us)}{together}."


def _amount(loop: c.Loop) -> str:
    if loop.maximum is None:
        return f"{counted(max(loop.minimum, 1))} or more"
    if loop.minimum == loop.maximum:
        return counted(loop.minimum)
    return f"{counted(max(loop.minimum, 1))} to {counted(loop.maximum)}"


def _until(rule: c.CheckedRule, until: c.Until, pattern: c.PatternNode, within_us: int | None) -> str:
    same = f" of the same {key_names(rule.keys)}" if rule.keys else ""
    closed = f"when {grouped(until.stop)}{same} closes it"
    if within_us is not None:
        closed += f", or {duration_text(within_us)} after the first event"
    if isinstance(until.element, c.Loop) and until.element.maximum is not None:
        closed += ", or as soon as it can grow no more"
    before = before_closing(pattern)
    what = f"{phrase(before)}, then {grouped(until.element)}" if before is not None else grouped(until.element)
    whose = f" {of_one(rule.keys)}" if rule.keys else ", over all events together"
    satisfying = _satisfying(rule, ", provided that")
    least = until.element.minimum if isinstance(until.element, c.Loop) else 1
    fewer = " With fewer events by then it does not fire." if least > 1 else ""
    head = f"Collects {what}{whose}. Fires {closed}{satisfying}; the closing event is no part of the match."
    return head + fewer


# ---- absences ----


def _silence(rule: c.CheckedRule, away: c.Absence) -> str:
    assert away.duration_us is not None, "refused by the checker"
    length = duration_text(away.duration_us)
    one = grouped(away.element)
    whose = f" {of_one(rule.keys)}" if rule.keys else ""
    satisfying = _satisfying(rule, ", and")
    return (
        f"Fires {length} after {one}{whose} if no other one has come by then{satisfying}; one at exactly {length} "
        f"still counts as come. It fires once per silence; the next one re-arms it."
    )


def _expected(rule: c.CheckedRule, node: c.Expectation) -> str:
    length = duration_text(node.duration_us)
    whose = f" {of_one(rule.keys)}" if rule.keys else ""
    one = key_names(rule.keys) or "row"
    return (
        f"Fires {length} after {events.single(node.element)}{whose} if no other one has come by then; one at exactly "
        f"{length} still counts as come. Each {one} in table `{node.table}` is waited for from the start, even if it "
        f"was never seen. It fires once per silence; the next one re-arms it."
    )


def _absent(
    rule: c.CheckedRule, plan: PatternPlan, pattern: c.PatternNode, away: c.Absence, within_us: int | None
) -> str:
    """A pattern that closes with something that must stay away."""
    before = before_closing(pattern)
    assert before is not None
    same = f" of the same {key_names(rule.keys)}" if rule.keys else ""
    missing = f"no {without_article(away.element)}{same} has come by then"
    whose = f" {of_one(rule.keys)}" if rule.keys else ""
    part = None if away.duration_us is not None else closing_bound(pattern)
    wait_us = away.duration_us if away.duration_us is not None else part.within_us if part is not None else within_us
    assert wait_us is not None
    length = duration_text(wait_us)
    satisfying = _satisfying(rule, ", and")
    if isinstance(before, c.Step):
        still = f"one at exactly {length} still prevents it"
        return f"Fires {length} after {events.single(before)}{whose} if {missing}{satisfying}; {still}."
    still = f" One that comes at exactly {length} still prevents it."
    what = "this sequence" if isinstance(before, c.Sequence) else "this"
    edge = f"the first event of {what}"
    if away.duration_us is not None:
        edge = f"the last event of {what}"
        loop = closing(before)
        if isinstance(loop, c.Loop) and loop.maximum is None:
            still += " A further event that fits the loop before it extends it and restarts the wait."
    elif part is not None:
        start = before_closing(part)
        edge = f"{grouped(start) if start is not None else 'the first event'} at the end of {what}"
    complete = "it is complete and " if away.duration_us is None else ""
    within = within_us if away.duration_us is not None or part is not None else None
    head = f"Fires {length} after {edge}{_whose(rule, within)}, if {complete}{missing}{satisfying}"
    return f"{head}: {phrase(before)}.{still}"


# ---- what else must hold ----


def _across_steps(rule: c.CheckedRule, plan: PatternPlan) -> Iterator[str]:
    loops = {step.name for step in plan.steps if step.loops}
    strict = _strictness(rule.pattern)
    for conjunct in rule.where:
        failing = "an event that fails it is skipped"
        if conjunct.last in loops:
            failing = f"it is tested when the loop `{conjunct.last}` ends"
        elif strict:
            failing = "where events must follow immediately, one that fails it ends the attempt"
        where = "Across the steps," if len(conjunct.steps) > 1 else "Besides,"
        yield f"{where} {code(conjunct.expression)} must hold; {failing}."


def _strictness(node: c.PatternNode | None) -> bool:
    """Whether any part is strictly contiguous."""
    return node is not None and any(_is_strict(part) for part in parts(node))


def _is_strict(part: c.PatternNode) -> bool:
    if isinstance(part, c.Sequence):
        return any(link.contiguity == "strict" for link in part.links)
    return isinstance(part, c.Consecutive) or (isinstance(part, c.Loop) and part.mode == "consecutive")


def _is_relaxed(part: c.PatternNode) -> bool:
    """Whether events may come between what this part joins."""
    if isinstance(part, c.Sequence):
        return any(link.contiguity != "strict" and not isinstance(link.element, c.Absence) for link in part.links)
    if isinstance(part, c.Loop):
        return part.mode != "consecutive" and part.maximum != 1
    return isinstance(part, c.SomeOf)


def _contiguity(rule: c.CheckedRule, plan: PatternPlan) -> Iterator[str]:
    assert rule.pattern is not None
    if isinstance(rule.pattern, c.Consecutive):
        strict, relaxed = True, False
    else:
        strict = _strictness(rule.pattern)
        relaxed = any(_is_relaxed(part) for part in parts(rule.pattern))
    if _takes_one(rule, _without_bound(rule)[0]):
        return
    if strict:
        kinds = "any event that a source brings" if None in rule.reads else _kinds(rule)
        key = f" of the same {key_names(rule.keys)}" if rule.keys else ""
        yield f"Where events must follow one another directly, {kinds}{key} in between ends the attempt."
        if relaxed:
            yield "Elsewhere other events in between are skipped."
    elif relaxed:
        yield "Other events in between are skipped."


def _takes_one(rule: c.CheckedRule, pattern: c.PatternNode) -> bool:
    """Whether each event that fits is a match by itself."""
    looped = loop_of(pattern)
    if looped is not None:
        return looped[0].minimum <= 1 and rule.having is None and looped[0].mode != "every"
    return is_one_event(pattern)


def _kinds(rule: c.CheckedRule) -> str:
    kinds = [kind for kind in rule.reads if kind is not None]
    if len(kinds) == 1:
        return f"any other {kinds[0]}"
    return f"any other event of the types this rule reads ({', '.join(kinds)})"


# ---- when again ----


def _again(rule: c.CheckedRule, plan: PatternPlan) -> Iterator[str]:
    pattern, _ = _without_bound(rule)
    if isinstance(pattern, (c.Absence, c.Expectation)) or _takes_one(rule, pattern):
        return
    skip = plan.skip
    to = "" if skip.step is None else f"`{plan.steps[skip.step].name}`"
    key = f" of this {key_names(rule.keys)}" if rule.keys else ""
    match skip.strategy:
        case "past_last":
            yield _used_up(rule, pattern, key)
        case "to_next":
            yield (
                "A match uses up its first event alone: matches that begin later may hold the other events again, "
                "so it may fire several times for one run of events."
            )
        case "no_skip":
            yield "A match uses up nothing: the same events may take part in further matches, and it fires for each."
        case "to_first" | "to_last":
            edge = skip.strategy.removeprefix("to_")
            yield (
                f"A match ends the attempts that began before its {edge} {to}; those that began there or later go on "
                f"and may fire with the same events. A match without {to} ends what its own first event began."
            )


def _used_up(rule: c.CheckedRule, pattern: c.PatternNode, key: str) -> str:
    looped = loop_of(pattern)
    before = before_closing(pattern) if isinstance(closing(pattern), c.Absence) else None
    if isinstance(before, c.Step):
        return f"Each such {events.brief(before)} fires it at most once."
    if looped is None or rule.having is not None or looped[0].mode == "every":
        held = f"no other match{key} holds them"
        return f"The events of a match are then used up: {held}, so it fires again only with new ones."
    least = looped[0].minimum
    return f"The {counted(least)} events are then used up, so it fires again after {counted(least)} new ones."


def _on_timeout(rule: c.CheckedRule, plan: PatternPlan) -> Iterator[str]:
    if rule.on_timeout is None:
        return
    once = ""
    if plan.skip.strategy != "no_skip":
        once = " One start gives one such alert."
    emitted = with_article(rule.on_timeout.type)
    yield (
        f"If the time runs out before the pattern is complete, it emits {emitted} at the deadline with what had come "
        f"so far; what a `no` ended does not time out.{once}"
    )
