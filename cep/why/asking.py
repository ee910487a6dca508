"""Asking: made before the events are read, answered after them. Why layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cep.diagnostics import did_you_mean, suggestion
from cep.engine import Engine
from cep.errors import UsageError
from cep.event import event_id
from cep.language.words import quoted
from cep.plan.generate.support import BoolKey, canonical_key
from cep.plan.plan import PatternPlan, Plan, RulePlan
from cep.runtime.feed import Options
from cep.timestamps import format_time
from cep.why.matches import Matches
from cep.why.names import emitters_note, key_text, near_keys, near_types
from cep.why.patterns import PatternReasons
from cep.why.report import Reason, Report
from cep.why.showing import Telling, key_phrase
from cep.why.unused import Unused
from cep.why.watching import Emission, Story, Watch
from cep.why.windows import WindowReasons

_MOST_KEYS = 500
_FEW_KEYS = 4


class WhyMatch:
    """Asks what is behind derived events. Feed :attr:`engine`, then :meth:`report`."""

    def __init__(self, plan: Plan, options: Options | None = None) -> None:
        self._watch = Watch(plan, options)
        self.engine: Engine = self._watch.engine

    def report(self, ids: Sequence[str]) -> Report:
        """Derived events by their ids, or by how these begin.

        Raises:
            UsageError: there is none with such an id, or there are several.
        """
        self._watch.finish()
        matches = Matches(self._watch)
        found = [matches.explain(self._find(matches, wanted)) for wanted in ids]
        return Report(None, "", matches=tuple(found))

    @staticmethod
    def _find(matches: Matches, wanted: str) -> Emission:
        exact = matches.by_id.get(wanted)
        if exact is not None:
            return exact
        near = [known for known in matches.by_id if known.startswith(wanted)]
        if len(near) == 1:
            return matches.by_id[near[0]]
        if near:
            raise UsageError(f"{len(near)} derived events have an id that begins with `{wanted}`; write more of it")
        count = len(matches.by_id)
        if not count:
            raise UsageError(f"no derived event has the id `{wanted}`: the rules derive nothing from this source")
        hint = did_you_mean(suggestion(wanted, matches.by_id, cutoff=0.8))
        hint = hint or "the id also depends on the names of the files that events come from"
        raise UsageError(f"none of the {count:,} derived events has the id `{wanted}`; {hint}")


class WhyNot:
    """Asks why a rule did not fire. Feed :attr:`engine`, then :meth:`report`.

    Args:
        plan: the rules.
        rule: the name of one of them.
        key: names of the rule's keys with their values; some may be left out, and without any all keys are looked at.
            Text also means the number, bool or null that it spells where ``loose``.
        at_us: look no further than this, microseconds.

    Raises:
        UsageError: there is no such rule, or it has no such key.
    """

    def __init__(
        self,
        plan: Plan,
        rule: str,
        key: Mapping[str, Any] | None = None,
        at_us: int | None = None,
        options: Options | None = None,
        loose: bool = False,
    ) -> None:
        self._name = rule
        self._at_us = at_us
        self._disabled = rule in plan.disabled
        self._rule = None if self._disabled else _rule(plan, rule)
        self._wanted = dict(key or {})
        test = None
        if self._rule is not None and self._wanted:
            test = KeyTest(self._rule, self._wanted, loose)
        self._watch = Watch(plan, options, self._rule, test, at_us)
        self.engine: Engine = self._watch.engine
        self._test = test
        self._finished = False

    def finish(self) -> None:
        """After the last event; :meth:`report` does it where it was not done."""
        if not self._finished:
            self._finished = True
            self._watch.finish()

    def report(self, limit: int = 3) -> Report:
        """The answer, with so many reasons and derived events at most."""
        self.finish()
        if self._rule is None:
            text = f"the rule `{self._name}` is `disabled`"
            return Report(self._name, f"{self._name} did not fire.", reasons=(Reason("disabled", text, 0.0),))
        rule = self._watch.rule
        assert rule is not None
        known = self._watch.stories.values()
        stories = [story for story in known if story.offered or story.emissions or story.expected]
        fired = sorted(
            (e for story in stories for e in story.emissions if e.derived is not None and not e.flushed),
            key=lambda e: -e.time_us,
        )
        at_hand = [e for e in fired if self._at_us is None or e.time_us == self._at_us]
        reasons = self._reasons(rule, stories)
        if at_hand:
            reasons = [reason for reason in reasons if reason.code != "skip"]
        if self._at_us is not None:
            reasons.sort(key=lambda reason: reason.time_us != self._at_us)
        if not reasons and not at_hand:
            reasons = [Reason("unknown", "nothing that is kept of the events tells why", 9.0)]
        matches = Matches(self._watch)
        return Report(
            self._name,
            self._asked(rule, len(at_hand)),
            tuple(matches.brief(e) for e in at_hand[:limit]),
            tuple(reasons[:limit]),
            more=max(0, len(reasons) - limit),
            total_fired=len(at_hand),
            earlier=tuple(matches.brief(e) for e in fired[:limit]) if not at_hand else (),
        )

    def _asked(self, rule: RulePlan, count: int) -> str:
        key = f" for {key_phrase((quoted(n), key_text(v)) for n, v in self._wanted.items())}" if self._wanted else ""
        at = "" if self._at_us is None else f" at {format_time(self._at_us)}"
        if count:
            return f"{rule.name} fired{' once' if count == 1 else f' {count:,} times'}{key}{at}."
        return f"{rule.name} did not fire{key}{at}."

    def _reasons(self, rule: RulePlan, stories: Sequence[Story]) -> list[Reason]:
        watch = self._watch
        telling = Telling(watch.plan, rule, watch.engine.projection)
        unused = Unused(watch, rule)
        if not stories:
            return list(self._nothing_came(rule, telling, unused))
        many = len(stories) > 4
        asked: PatternReasons | WindowReasons
        if isinstance(rule.operator, PatternPlan):
            asked = PatternReasons(watch, rule, telling, unused, many)
        else:
            asked = WindowReasons(watch, rule, telling, unused)
        found = [reason for story in stories[-_MOST_KEYS:] for reason in asked.of(story)]
        found.sort(key=lambda reason: (round(reason.cost, 4), -(reason.time_us or 0)))
        return found if len(stories) > 1 else [replace(reason, key=()) for reason in found]

    # ---- nothing came ----

    def _nothing_came(self, rule: RulePlan, telling: Telling, unused: Unused) -> Iterator[Reason]:
        watch = self._watch
        kinds = [kind for kind in rule.reads if kind != "*"]
        yield from self._not_used(telling, unused)
        if not watch.types:
            yield Reason("no_event", "no events came at all", 3.0)
            return
        came = [kind for kind in kinds if watch.count(kind)]
        if not came and kinds:
            yield self._no_type(kinds)
            return
        if watch.null_keys and not watch.keys:
            newest = watch.null_keys[-1]
            names = " or ".join(f"`{key.name}`" for key in rule.keys)
            text = f"all {len(watch.null_keys):,} events of the rule's types have no key: their {names} is null"
            if len(watch.null_keys) == 1:
                text = f"the only event of the rule's types has no key: its {names} is null"
            yield Reason("key_null", text, 2.0, newest.event.time_us, event=telling.event(newest.event))
            return
        if not watch.keys:
            return
        near = near_keys(watch.keys, [key_text(value).strip('"') for value in self._wanted.values()])
        near = near or (list(watch.keys) if len(watch.keys) <= _FEW_KEYS else [])
        notes = [f"there is {key_phrase(telling.key(key))}, with {_counted(watch.keys[key], 'event')}" for key in near]
        if watch.null_keys:
            have = "has" if len(watch.null_keys) == 1 else "have"
            notes.append(f"{_counted(len(watch.null_keys), 'event')} {have} no key")
        kinds_text = ", ".join(f"`{kind}`" for kind in came)
        text = f"no event of {kinds_text} has this key; {_counted(len(watch.keys), 'other key')} came"
        yield Reason("no_event_of_key", text, 2.0, notes=tuple(notes))

    def _no_type(self, kinds: Sequence[str]) -> Reason:
        names = " or ".join(f"`{kind}`" for kind in kinds)
        notes = [*near_types(self._watch.types, kinds), *emitters_note(self._watch.plan, kinds)]
        return Reason("no_event_of_type", f"no event of type {names} ever came", 2.0, notes=tuple(notes))

    def _not_used(self, telling: Telling, unused: Unused) -> Iterator[Reason]:
        for key, rows in unused.by_key.items():
            if key is None or (self._test is not None and not self._test(key)):
                continue
            for offered in sorted(rows, key=lambda o: -o.event.time_us):
                name = f"{offered.kind} {event_id(offered.event)}"
                text = f"{name} was not used: {offered.told}"
                yield Reason(
                    offered.fate, text, 1.0, offered.event.time_us, telling.key(key), event=telling.event(offered.event)
                )


class KeyTest:
    """Whether a key is the one asked for."""

    def __init__(self, rule: RulePlan, wanted: Mapping[str, Any], loose: bool) -> None:
        names = [key.name for key in rule.keys]
        for name in wanted:
            if name not in names:
                known = did_you_mean(suggestion(name, names)) or f"it has: {', '.join(names)}"
                known = known if names else "all its events are looked at together"
                raise UsageError(f"the rule `{rule.name}` has no key `{name}`; {known}")
        self._wanted = {names.index(name): _meanings(value, loose) for name, value in wanted.items()}
        self._bare = len(rule.keys) == 1 and not rule.keys[0].optional

    def __call__(self, key: Any) -> bool:
        parts = (key,) if self._bare else key
        return all(any(_same(parts[place], each) for each in wanted) for place, wanted in self._wanted.items())


def _same(part: Any, wanted: Any) -> bool:
    return bool(part == wanted) if isinstance(part, BoolKey) == isinstance(wanted, BoolKey) else False


def _meanings(value: Any, loose: bool) -> list[Any]:
    """What a value may mean as a key: of a text that was typed also the number, bool or null that it spells."""
    if not loose or not isinstance(value, str):
        return [None if value is None else canonical_key(value)]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return [value[1:-1]]
    found: list[Any] = [value]
    for kind in (int, float):
        try:
            found.append(canonical_key(kind(value)))
        except (ValueError, OverflowError):
            continue
    if value in ("true", "false"):
        found.append(BoolKey(value == "true"))
    return [*found, None] if value == "null" else found


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def _rule(plan: Plan, name: str) -> RulePlan:
    known = {rule.name: rule for rule in plan.rules}
    if name not in known:
        hint = did_you_mean(suggestion(name, known)) or f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f"there is no rule `{name}`; {hint}")
    return known[name]


def feed(engine: Engine, events: Iterable[Mapping[str, Any] | int], source: str) -> None:
    """Push events; an int lets time pass to it, microseconds."""
    for event in events:
        if isinstance(event, int):
            engine.advance(event)
        else:
            engine.push(event, source=source)
