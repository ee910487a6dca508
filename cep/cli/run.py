"""``cep run``: events in, derived events out. CLI layer."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cep.cli.ending import ended_by_sigterm
from cep.cli.options import Duration, Zone, color_option, rules_argument, settings_option
from cep.cli.terminal import Console, counted, is_terminal

if TYPE_CHECKING:
    from cep.cli.progress import ProgressLine
    from cep.cli.report import Asked
    from cep.connectors import Sink, Source
    from cep.engine import Engine
    from cep.pipeline import LetterOutput, Summary
    from cep.plan.compiling import Compilation
    from cep.plan.plan import Plan

_MINUTE_US = 60_000_000
_LIVE_SKEW_US = 5 * _MINUTE_US
_LONGEST_WAIT_S = 0.5
_NO_LIMIT = -1
_LIVE_IDLE_US = 30_000_000

EPILOG = """\b
RULES are files, folders, packs that ship with cep (rules:authentication), or - for standard input.
SOURCES are files (.jsonl .ndjson .csv, also with .gz or .zst), patterns, folders, or - for standard input.

\b
Standard output carries derived events only; progress and the summary go to standard error.
Exit codes: 0 done, 1 findings (stopped by --on-error stop, or an input could not be read to its end),
2 rules do not compile, 3 usage or connection, 130 interrupted (Ctrl-C), 143 terminated (SIGTERM).

\b
Examples:
  cep run rules:authentication --source logins.jsonl
  cep run rules/ -s 'logs/*.jsonl.gz' -o derived.jsonl --late late.jsonl --dead-letters dead.jsonl
  tail -F app.jsonl | cep run rules/ --source - --lateness 10s --idle-timeout 30s
  cep run rules/ -s payments.csv --type Payment --set grace=5m --at-end flush | jq .type
"""


@click.command("run", epilog=EPILOG, short_help="Read events, write what the rules derive from them.")
@rules_argument
@click.option("-s", "--source", "sources", multiple=True, metavar="SOURCE", help="Where events come from; repeatable.")
@click.option(
    "-o",
    "--sink",
    "sinks",
    multiple=True,
    metavar="FILE",
    help="Where derived events go: a .jsonl file, or - for standard output.  [default: -]",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["jsonl", "cloudevents"]),
    default="jsonl",
    help="How derived events are written.  [default: jsonl]",
)
@click.option("--late", metavar="FILE", help="Keep late events in this file.")
@click.option("--dead-letters", "dead", metavar="FILE", help="Keep records that could not be used in this file.")
@click.option("--lateness", type=Duration(), default="0s", help="How far out of order events may be.  [default: 0s]")
@click.option(
    "--max-skew",
    type=Duration(allow_none=True),
    help="How far event time may lie ahead of arrival; `none` for any.  [default: none for files, 5m with -s -]",
)
@click.option(
    "--idle-timeout",
    type=Duration(allow_none=True),
    help="After how long a silence of standard input time goes on by the wall clock, so that absences fire; "
    "`none` for never.  [default: 30s with -s -, none for files]",
)
@click.option("--time-zone", type=Zone(), help="The zone of times written without an offset.")
@click.option("--type", "type_name", metavar="NAME", help="The type of events that name none.")
@click.option("--type-field", metavar="NAME", help="The field with the type.  [default: type, event_type, event]")
@settings_option
@click.option(
    "--at-end",
    type=click.Choice(["keep", "flush"]),
    default="keep",
    help="What becomes of absences that wait and windows that are open at the end: flush fires them.  [default: keep]",
)
@click.option(
    "--on-error",
    type=click.Choice(["continue", "stop"]),
    default="continue",
    help="What a record that cannot be used does: stop ends the run.  [default: continue]",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary in words; errors are still told.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="The summary, or what is wrong with the rules, as one JSON object on standard error; also with -q.",
)
@color_option
def command(
    rules: tuple[str, ...],
    sources: tuple[str, ...],
    sinks: tuple[str, ...],
    format_: str,
    late: str | None,
    dead: str | None,
    lateness: int,
    max_skew: int | None,
    idle_timeout: int | None,
    time_zone: tzinfo | None,
    type_name: str | None,
    type_field: str | None,
    settings: tuple[tuple[str, str], ...],
    at_end: Literal["keep", "flush"],
    on_error: Literal["continue", "stop"],
    quiet: bool,
    as_json: bool,
    color: str,
) -> int:
    """Read events from sources and write what the rules derive from them."""
    from cep.cli.rules import load, plan_or_exit, refuse_two_readers, tell_tables
    from cep.errors import TableError

    console = Console(color)
    live = any(source == "-" or source.endswith(":-") for source in sources)
    if rules and not sources:
        raise click.UsageError(_no_source(rules))
    refuse_two_readers(rules, sources)
    loaded = load(rules, settings, "run")
    plan = plan_or_exit(loaded, console, as_json)
    skew_us = (_LIVE_SKEW_US if live else None) if max_skew is None else None if max_skew == _NO_LIMIT else max_skew
    idle_us = (_LIVE_IDLE_US if live else None) if idle_timeout is None else idle_timeout
    idle_us = None if idle_us == _NO_LIMIT else idle_us
    engine = _engine(plan, lateness, skew_us, time_zone, type_field)
    source = _open_source(sources, plan, type_name, idle_us)
    progress = _progress(quiet or as_json)
    inputs = [*_paths(source), *map(Path, loaded.texts)]
    letters = _open_letters(late, dead, inputs, sinks)
    outputs = _open_sinks(sinks or ("-",), format_, inputs, live, progress)
    if live and is_terminal(sys.stdin) and not quiet:
        console.line("reading events from the terminal, one JSON object a line; end with Ctrl-D")

    from cep.cli.report import Asked
    from cep.pipeline import Pipeline

    pipeline = Pipeline(
        engine,
        [source],
        outputs,
        late=letters[0],
        dead=letters[1],
        at_end=at_end,
        on_error=on_error,
        idle_timeout=idle_us,
        on_progress=progress,
    )
    try:
        with ended_by_sigterm(pipeline):
            summary = pipeline.run()
    except TableError as error:
        return tell_tables(loaded, error, console, as_json)
    finally:
        if progress is not None:
            progress.clear()
    return _tell(summary, console, loaded, Asked(late, dead, live), quiet, as_json)


def _no_source(rules: Sequence[str]) -> str:
    """What to say to someone who gave no ``--source``, perhaps because it stands among the rules."""
    from cep.connectors.files import data_file

    meant = [text for text in rules if data_file(Path(text)) is not None]
    if meant:
        return f"no source is given; did you mean `--source {meant[0]}`?"
    return "no source is given; name a file, a folder, or `-` for standard input: `--source events.jsonl`"


def _engine(plan: Plan, lateness_us: int, skew_us: int | None, zone: tzinfo | None, type_field: str | None) -> Engine:
    from cep.engine import Engine
    from cep.runtime.feed import Options

    options = Options(lateness_us, skew_us, zone)
    return Engine(plan, options if type_field is None else replace(options, type_fields=(type_field,)))


def _open_source(texts: Sequence[str], plan: Plan, type_name: str | None, idle_us: int | None) -> Source:
    from cep.connectors import open_source

    wait_s = None if idle_us is None else min(_LONGEST_WAIT_S, max(idle_us / 4_000_000, 0.01))
    return open_source(list(texts), type_name=type_name, csv_text=text_fields(plan), wait_s=wait_s)


def text_fields(plan: Plan) -> list[str]:
    """Fields that every schema which declares them calls text: in CSV, `007` and `7` are then both text."""
    declared: dict[str, set[str]] = {}
    for kind in plan.types.values():
        for check in kind.checks:
            declared.setdefault(check.name, set()).add(check.type.name)
    return [name for name, types in declared.items() if types <= {"string", "ip"}]


def _paths(source: Source) -> list[Path]:
    from cep.connectors import source_paths

    return source_paths(source)


def _open_sinks(
    texts: Sequence[str], format_: str, inputs: Sequence[Path], live: bool, progress: ProgressLine | None
) -> list[Sink]:
    from cep.cli.output import STANDARD_OUTPUT, Told
    from cep.cli.progress import SharedTerminal
    from cep.connectors import open_sink

    wanted: Literal["json", "cloudevents"] = "cloudevents" if format_ == "cloudevents" else "json"
    sinks: list[Sink] = []
    for text in dict.fromkeys(texts):
        opened = open_sink(text, format=wanted, eager=live, inputs=inputs)
        sink: Sink = Told(opened, STANDARD_OUTPUT if text == "-" else f"`{text}`")
        on_terminal = text == "-" and progress is not None and is_terminal(sys.stdout)
        sinks.append(SharedTerminal(sink, progress) if on_terminal and progress is not None else sink)
    return sinks


def _open_letters(
    late: str | None, dead: str | None, inputs: Sequence[Path], sinks: Sequence[str]
) -> tuple[LetterOutput | None, LetterOutput | None]:
    from cep.cli.output import Told
    from cep.connectors import JsonlLetters, check_not_input
    from cep.errors import UsageError

    taken = {Path(sink.removeprefix("jsonl:")).absolute(): "--sink" for sink in sinks}
    opened: list[LetterOutput | None] = []
    for option, path in (("--late", late), ("--dead-letters", dead)):
        if path is None:
            opened.append(None)
            continue
        if path == "-":
            raise UsageError(f"{option} cannot write to standard output, which carries derived events; name a file")
        check_not_input(path, inputs)
        other = taken.setdefault(Path(path).absolute(), option)
        if other != option:
            raise UsageError(f"{other} and {option} name the same file `{path}`; name two files")
        opened.append(Told(JsonlLetters(path), f"`{path}`"))
    return opened[0], opened[1]


def _progress(silent: bool) -> ProgressLine | None:
    if silent or not is_terminal(sys.stderr):
        return None
    from cep.cli.progress import ProgressLine

    return ProgressLine()


def _tell(
    summary: Summary,
    console: Console,
    loaded: Compilation,
    asked: Asked,
    quiet: bool,
    as_json: bool,
) -> int:
    """The summary, and the exit code."""
    from cep.cli.ending import INTERRUPTED, TERMINATED
    from cep.cli.report import headline, letter_text, tell, warnings

    if as_json:
        told = {**summary.to_dict(), "warnings": ["; ".join(filter(None, w)) for w in warnings(summary, asked)]}
        console.line(json.dumps(told, ensure_ascii=True))
    elif summary.ended == "reader_gone":
        if not quiet:
            console.line(console.paint(headline(summary), "strong"))
    elif not quiet:
        if loaded.warnings:
            console.warning(f"{counted(len(loaded.warnings), 'warning')} about the rules", "`cep check` shows them")
        tell(summary, console, asked)
    if summary.ended != "stopped" and not as_json:
        for letter in summary.unreadable:
            console.error(letter_text(letter), "the rest of this input was not read")
    if summary.ended == "stopped":
        if summary.stopped_by is not None and not as_json:
            console.error(
                letter_text(summary.stopped_by), "`--on-error continue` keeps it as a dead letter and goes on"
            )
        return 1
    if summary.ended in ("interrupted", "terminated"):
        return INTERRUPTED if summary.ended == "interrupted" else TERMINATED
    return int(bool(summary.unreadable))
