"""``cep why``: what is behind a derived event, and why a rule did not fire. CLI layer."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Literal

import click

from cep.cli.options import Duration, Zone, color_option, rules_argument, settings_option
from cep.cli.terminal import Console, painter

if TYPE_CHECKING:
    from cep.engine import Engine
    from cep.plan.compiling import Compilation
    from cep.runtime.feed import Options
    from cep.why import Report

_KEY = re.compile(r",(?=\s*[^,=\s]+\s*=)")

EPILOG = """\b
RULES and SOURCES are those of `cep run`: the events are read again, and nothing is written but the answer.
The id of a derived event stands in its `cep.id`; the beginning of it is enough.
Options that decide what `cep run` derived (--lateness, --set, --type, --at-end) are needed here too.

\b
Exit codes: 0 answered, 2 rules do not compile, 3 usage or connection.

\b
Examples:
  cep why rules:authentication -s examples/authentication/events.jsonl --match c1.559ca
  cep why rules:authentication -s examples/authentication/events.jsonl --rule account_takeover --key user=user015
  cep why rules:payments -s examples/payments/events.jsonl --rule card_velocity --at 2026-03-02T08:42:41Z --limit 1
  cep why rules:payments -s examples/payments/events.jsonl --rule unpaid_order --json | jq .reasons[0].code
"""


@click.command("why", epilog=EPILOG, short_help="Show why a rule fired, or why it did not.")
@rules_argument
@click.option("-s", "--source", "sources", multiple=True, metavar="SOURCE", help="Where events come from; repeatable.")
@click.option("--match", "matches", multiple=True, metavar="ID", help="A derived event to explain; repeatable.")
@click.option("--rule", metavar="NAME", help="The rule that did not fire.")
@click.option("--key", "keys", multiple=True, metavar="NAME=VALUE", help="Only for this key; repeatable.")
@click.option("--at", metavar="TIME", help="Why it had not fired by this time; ISO 8601, or seconds since 1970.")
@click.option("--limit", type=click.IntRange(1), default=3, help="How many reasons at most.  [default: 3]")
@click.option("--lateness", type=Duration(), default="0s", help="How far out of order events may be.  [default: 0s]")
@click.option(
    "--max-skew",
    type=Duration(allow_none=True),
    help="How far event time may lie ahead of arrival; `none` for any.  [default: none]",
)
@click.option("--time-zone", type=Zone(), help="The zone of times written without an offset.")
@click.option("--type", "type_name", metavar="NAME", help="The type of events that name none.")
@click.option("--type-field", metavar="NAME", help="The field with the type.  [default: type, event_type, event]")
@settings_option
@click.option(
    "--at-end",
    type=click.Choice(["keep", "flush"]),
    default="keep",
    help="As for `cep run`: flush fires what still waits at the end.  [default: keep]",
)
@click.option("--json", "as_json", is_flag=True, help="The answer as one JSON object.")
@color_option
def command(
    rules: tuple[str, ...],
    sources: tuple[str, ...],
    matches: tuple[str, ...],
    rule: str | None,
    keys: tuple[str, ...],
    at: str | None,
    limit: int,
    lateness: int,
    max_skew: int | None,
    time_zone: tzinfo | None,
    type_name: str | None,
    type_field: str | None,
    settings: tuple[tuple[str, str], ...],
    at_end: Literal["keep", "flush"],
    as_json: bool,
    color: str,
) -> int:
    """Show the events, roles and conditions behind a derived event, or why a rule did not fire."""
    from cep.cli.rules import load, plan_or_exit, refuse_two_readers, tell_tables
    from cep.errors import TableError
    from cep.runtime.feed import Options

    _check_question(rules, sources, matches, rule, keys, at)
    console = Console(color)
    refuse_two_readers(rules, sources)
    loaded = load(rules, settings, "why")
    plan_or_exit(loaded, console, as_json)
    skew_us = None if max_skew is None or max_skew < 0 else max_skew
    options = Options(lateness, skew_us, time_zone)
    if type_field is not None:
        options = replace(options, type_fields=(type_field,))
    try:
        report = _answer(loaded, options, sources, type_name, matches, rule, keys, at, limit, at_end)
    except TableError as error:
        return tell_tables(loaded, error, console, as_json)
    if as_json:
        click.echo(report.to_json())
    else:
        paint = painter(color, sys.stdout)
        click.echo("\n".join(report.lines(paint)), color=paint is not None)
    return 0


def _check_question(
    rules: Sequence[str],
    sources: Sequence[str],
    matches: Sequence[str],
    rule: str | None,
    keys: Sequence[str],
    at: str | None,
) -> None:
    if rules and not sources:
        raise click.UsageError("no source is given; name the file that was read: `--source events.jsonl`")
    if rules and not matches and rule is None:
        raise click.UsageError(
            "what is asked? `--match ID` explains a derived event (its `cep.id`), `--rule NAME` why a rule did not fire"
        )
    if matches and (rule is not None or keys or at is not None):
        raise click.UsageError("`--match` asks about a derived event, `--rule` about one that did not come; take one")


def _answer(
    loaded: Compilation,
    options: Options,
    sources: Sequence[str],
    type_name: str | None,
    matches: Sequence[str],
    rule: str | None,
    keys: Sequence[str],
    at: str | None,
    limit: int,
    at_end: Literal["keep", "flush"],
) -> Report:
    from cep.why import WhyMatch, WhyNot

    assert loaded.plan is not None
    if rule is None:
        behind = WhyMatch(loaded.plan, options)
        _replay(behind.engine, sources, type_name, at_end)
        return behind.report(matches)
    asked = WhyNot(loaded.plan, rule, _keys(keys), _time(at, options.zone), options, loose=True)
    _replay(asked.engine, sources, type_name, at_end)
    return asked.report(limit)


def _replay(engine: Engine, sources: Sequence[str], type_name: str | None, at_end: Literal["keep", "flush"]) -> None:
    from cep.cli.run import text_fields
    from cep.connectors import open_source
    from cep.pipeline import Pipeline

    source = open_source(list(sources), type_name=type_name, csv_text=text_fields(engine.plan))
    Pipeline(engine, [source], at_end=at_end).run()


def _keys(texts: Sequence[str]) -> dict[str, str]:
    """``user=ann``, also several in one text: ``user=ann, card=7``."""
    found: dict[str, str] = {}
    for text in texts:
        for part in _KEY.split(text):
            name, equals, value = part.partition("=")
            if not equals or not name.strip():
                raise click.UsageError(f"`--key {text}` names no key; write NAME=VALUE, as in `--key user=ann`")
            found[name.strip()] = value.strip()
    return found


def _time(text: str | None, zone: tzinfo | None) -> int | None:
    from cep.timestamps import parse_time

    if text is None:
        return None
    try:
        return parse_time(float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text, zone)
    except ValueError:
        raise click.UsageError(f"`--at {text}` is no time; write for example 2026-01-01T00:05:00Z") from None
