"""Why a rule fired, and why not. Between the engine and the command: imports neither sources nor sinks.

:func:`why_match` shows the events, roles and conditions behind derived events, :func:`why_not` why a rule did not fire.
Both replay the events through an engine whose operators also tell what they do, so that live, replay and why have one
meaning. :class:`WhyMatch` and :class:`WhyNot` are the same for who feeds the engine on his own, as the command does
from sources.

===========================  ===================================================================
:mod:`~cep.why.watching`     the engine that tells: what was offered, evaluated and emitted
:mod:`~cep.why.alignments`   how near a key's events came to a pattern, and what was wrong
:mod:`~cep.why.following`    the alignments of one key through its events
:mod:`~cep.why.conditions`   conditions as trees with values
:mod:`~cep.why.patterns`     alignments as reasons; ``windows`` and ``joins`` likewise
:mod:`~cep.why.matches`      what is behind a derived event
:mod:`~cep.why.report`       the answer as data, text and JSON
===========================  ===================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cep.engine import Engine
from cep.errors import RuleError
from cep.plan.plan import Plan
from cep.runtime.feed import Options
from cep.timestamps import parse_time
from cep.why.asking import WhyMatch, WhyNot, feed
from cep.why.report import CODES, Explained, Reason, Report

__all__ = ["CODES", "Explained", "Reason", "Report", "WhyMatch", "WhyNot", "why_match", "why_not"]

GivenRules = Plan | Engine | str | Path | Sequence[str | Path]


def why_not(
    rules: GivenRules,
    events: Iterable[Mapping[str, Any] | int],
    rule: str,
    key: Mapping[str, Any] | None = None,
    *,
    at: int | str | None = None,
    limit: int = 3,
    options: Options | None = None,
    tables: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    source: str = "push",
) -> Report:
    """Why a rule did not fire; where it did, the report says so.

    Args:
        rules: a plan, an engine (its plan and options are taken, its state is not), a path, paths, or text of rules.
        events: what :meth:`cep.Engine.push` takes, in the order of arrival; an int lets time pass to it, microseconds.
        rule: the name of a rule.
        key: names of the rule's keys with their values; without it the nearest of all keys.
        at: look no further than this time, microseconds or ISO text.
        limit: how many reasons and derived events are in the report at most.
        options: how the engine treats time; by default that of the engine given.
        tables: the rows of tables that the rules read.
        source: the name of the source, which is part of the ids of events.

    Raises:
        RuleError: the rules are wrong.
        UsageError: there is no such rule or key.

    Example:
        >>> rules = 'rule hot when Reading(celsius > 90) per sensor emit Hot(sensor, celsius)'
        >>> events = [{"type": "Reading", "ts": 1767225600, "sensor": "s1", "celsius": 88}]
        >>> report = why_not(rules, events, "hot", {"sensor": "s1"})
        >>> report.did_fire, report.reasons[0].code
        (False, 'condition')
        >>> report.reasons[0].conditions[0].values
        (('celsius', '88'),)
    """
    plan, options = _plan_of(rules, options)
    asked = WhyNot(plan, rule, key, parse_time(at) if isinstance(at, str) else at, options)
    _give_tables(asked.engine, tables)
    feed(asked.engine, events, source)
    return asked.report(limit)


def why_match(
    rules: GivenRules,
    events: Iterable[Mapping[str, Any] | int],
    match: str | Sequence[str],
    *,
    options: Options | None = None,
    tables: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    source: str = "push",
) -> Report:
    """What is behind derived events: ``match`` is an id, its beginning, or several. The rest is as for :func:`why_not`.

    Example:
        >>> rules = 'rule hot when Reading(celsius > 90) per sensor emit Hot(sensor, celsius)'
        >>> events = [{"type": "Reading", "ts": 1767225600, "sensor": "s1", "celsius": 95}]
        >>> [match] = why_match(rules, events, "c1.").matches
        >>> match.type, match.events[0].id, match.events[0].conditions[0].verdict
        ('Hot', 'push:1', True)
    """
    plan, options = _plan_of(rules, options)
    asked = WhyMatch(plan, options)
    _give_tables(asked.engine, tables)
    feed(asked.engine, events, source)
    return asked.report([match] if isinstance(match, str) else match)


def _plan_of(rules: GivenRules, options: Options | None) -> tuple[Plan, Options | None]:
    if isinstance(rules, Plan):
        return rules, options
    if isinstance(rules, Engine):
        return rules.plan, options or rules.options
    from cep.plan.compiling import compile_rules

    compiled = compile_rules(rules)
    if compiled.plan is None:
        raise RuleError(compiled.diagnostics)
    return compiled.plan, options


def _give_tables(engine: Engine, tables: Mapping[str, Iterable[Mapping[str, Any]]] | None) -> None:
    for name, rows in (tables or {}).items():
        engine.set_table(name, rows)
