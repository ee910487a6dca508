"""What a rule over windows looks at, when it is evaluated, when it fires and when again. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator

from cep.durations import duration_text
from cep.language import checked as c
from cep.language.words import quoted
from cep.plan.english import events
from cep.plan.english.values import becomes_true, code, whole_clause
from cep.plan.english.wording import key_names, listed, of_one, ordinal, span


def window_sentences(rule: c.CheckedRule) -> list[str]:
    """All that is said of a rule over windows, but for what it emits."""
    assert rule.input is not None
    told = [*_joins(rule), *_before(rule)]
    condition = _condition(rule)
    window = rule.window
    if window is None:
        told += _each_by_itself(rule, condition)
    elif window.kind in ("tumbling", "hopping", "tumbling_count", "session", "calendar"):
        told += _closing(rule, window, condition)
    else:
        told += _sliding(rule, window, condition)
    if any(isinstance(node, c.Binary) and node.operator.startswith("crosses") for node in _nodes(rule)):
        told.append("A crossing compares with the evaluation before of the same key, and is never true at the first.")
    return told


def _nodes(rule: c.CheckedRule) -> Iterator[object]:
    from cep.plan.walk import walk

    for condition in (rule.when, rule.having):
        yield from walk(condition)


def _condition(rule: c.CheckedRule) -> str:
    return " and ".join(whole_clause(part) for part in (rule.when, rule.having) if part is not None)


def _pairs(rule: c.CheckedRule) -> bool:
    return any(isinstance(join, c.CheckedJoin) for join in rule.joins)


def _one(rule: c.CheckedRule) -> str:
    """``a pair``, or the event: what is evaluated."""
    assert rule.input is not None
    if _pairs(rule):
        return "pair"
    return events.bare(rule.input) if not rule.joins else events.brief(rule.input)


def _many(rule: c.CheckedRule) -> str:
    assert rule.input is not None
    if _pairs(rule):
        return "pairs"
    return events.plural(rule.input) if not rule.joins else f"{events.brief(rule.input)} events"


def _whose(rule: c.CheckedRule) -> str:
    return f" {of_one(rule.keys)}" if rule.keys else ""


# ---- what comes first ----


def _joins(rule: c.CheckedRule) -> Iterator[str]:
    assert rule.input is not None
    joined: list[str] = []
    for join in rule.joins:
        if isinstance(join, c.CheckedLookup):
            one = "each of these" if joined else f"each {events.bare(rule.input)}"
            yield (
                f"For {one}, looks up the row of table {quoted(join.table)} for which {code(join.on)}; without such a "
                f"row its fields are null."
            )
        else:
            first = "each of these" if joined else f"each {events.bare(rule.input)}"
            within = duration_text(join.within_us)
            text = f"Pairs {first} with each {events.bare(join.input)} for which {code(join.on)}"
            text += f", in either order and at most {within} apart (inclusive); a pair has the time of the later one."
            if join.left:
                alone = events.brief(rule.input) if not joined else "such pair"
                text += f" Each {alone} that finds no partner goes on without one, {within} after its own time."
            yield text
        joined.append(rule.input.name)


def _before(rule: c.CheckedRule) -> Iterator[str]:
    if rule.where:
        conditions = listed([code(conjunct.expression) for conjunct in rule.where], "and")
        what = "pairs" if _pairs(rule) else "events"
        yield f"Only {what} for which {conditions} holds are looked at."


# ---- windows ----


def _each_by_itself(rule: c.CheckedRule, condition: str) -> Iterator[str]:
    assert rule.input is not None
    where = f" for which {condition}" if condition else ""
    one = f"{_one(rule)}{_whose(rule)}"
    firing = rule.firing
    match firing.kind:
        case "every_count":
            yield f"Fires at every {ordinal(firing.count or 1)} {one}{where}, and starts counting anew."
        case "while_true":
            assert firing.duration_us is not None
            yield f"Fires at the first {one}{where}, and again at the first one at least {_apart(firing)} later."
        case _:
            yield f"Fires at each {one}{where}."
    if any(isinstance(node, c.PreviousEvent) for node in _nodes(rule)):
        key = f" of the same {key_names(rule.keys)}" if rule.keys else ""
        yield f"There `prev` is the event{key} that came before it; at the first one it is null."


def _apart(firing: c.CheckedFiring) -> str:
    assert firing.duration_us is not None
    return duration_text(firing.duration_us)


def _closing(rule: c.CheckedRule, window: c.CheckedWindow, condition: str) -> Iterator[str]:
    provided = f" if {condition}" if condition else ""
    many, whose = _many(rule), _whose(rule)
    match window.kind:
        case "tumbling":
            assert window.duration_us is not None
            of = f"windows of {duration_text(window.duration_us)}, one after the other"
            fires = f"fires at the end of each{provided}"
            yield f"Gathers the {many}{whose} in {of} (start included, end not), and {fires}."
        case "hopping":
            assert window.duration_us is not None
            assert window.step_us is not None
            every = f"every {span(window.step_us)} a new one begins"
            yield (
                f"Gathers the {many}{whose} in windows of {duration_text(window.duration_us)} (start included, end "
                f"not), of which {every}, and fires at the end of each{provided}."
            )
        case "calendar":
            zone = window.zone or "UTC"
            unit = f"{window.unit} by the clock of {zone}"
            yield f"Gathers the {many}{whose} for each {unit}, and fires at its end{provided}."
        case "tumbling_count":
            batch = f"batches of {window.count:,}" if window.count != 1 else "batches of one"
            yield f"Gathers the {many}{whose} in {batch}, and fires at the last event of each{provided}."
        case _:
            assert window.duration_us is not None
            gap = duration_text(window.duration_us)
            ends = f"once nothing has come for {gap} (one at exactly {gap} still belongs to it)"
            if window.maximum_us is not None:
                ends += f", or {duration_text(window.maximum_us)} after its first event"
            yield f"Gathers the {many}{whose} in sessions. A session ends {ends}; at its end it fires{provided}."
    one = "batch" if window.kind == "tumbling_count" else "session" if window.kind == "session" else "window"
    yield f"Each {one} is evaluated once; there is none without events."


def _sliding(rule: c.CheckedRule, window: c.CheckedWindow, condition: str) -> Iterator[str]:
    head = f"At each {_one(rule)}, looks at {_contents(rule, window)}"
    if not condition:
        yield f"{head}, and fires."
        return
    firing = rule.firing
    match firing.kind:
        case "every_time":
            yield f"{head}, and fires each time that {condition}."
        case "every_count":
            yield f"{head}, and fires at every {ordinal(firing.count or 1)} time that {condition}."
        case "while_true":
            yield f"{head}, and fires while {condition}, but no sooner than {_apart(firing)} after it last fired."
        case _:
            yield f"{head}, and fires when {_becomes(rule)}."
            yield "It fires again only after that was false, or the window empty, just before an event came in."


def _becomes(rule: c.CheckedRule) -> str:
    parts = [part for part in (rule.when, rule.having) if part is not None]
    return becomes_true(parts[0]) if len(parts) == 1 else f"it becomes true that {_condition(rule)}"


def _contents(rule: c.CheckedRule, window: c.CheckedWindow) -> str:
    same = f" of the same {key_names(rule.keys)}" if rule.keys else ""
    match window.kind:
        case "last_time":
            assert window.duration_us is not None
            return f"those{same} in the last {span(window.duration_us)} (inclusive)"
        case "last_count":
            within = "" if window.duration_us is None else f" within {duration_text(window.duration_us)} (inclusive)"
            full = "" if window.partial else ", once there are so many"
            return f"the last {window.count:,}{same}{within}{full}"
        case "since":
            assert window.event is not None
            return f"those{same} since the last {events.bare(window.event)}"
    return f"all{same} so far"
