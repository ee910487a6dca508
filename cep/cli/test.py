"""``cep test``: the tests of rule files, in virtual time. CLI layer."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cep.cli.options import color_option, rules_argument, settings_option
from cep.cli.terminal import Console, use_color

if TYPE_CHECKING:
    from cep.plan.compiling import Compilation
    from cep.testing import Outcomes, RuleTestResult, RuleTests

EPILOG = """\b
Exit codes: 0 all passed, 1 a test failed or --require is not met, 2 the rules do not compile, 3 usage.

\b
Examples:
  cep test rules/
  cep test rules:authentication --run brute -v
  cep test rules/ --require both --junit results.xml
  cep test rules/ --suggest brute_force --write
"""


@click.command("test", epilog=EPILOG, short_help="Run the tests of rules.")
@rules_argument
@click.option(
    "--run", "pattern", metavar="PATTERN", help="Only tests with this regular expression in their name or rule."
)
@click.option("--fail-fast", is_flag=True, help="End after the first failure.")
@click.option("-v", "--verbose", is_flag=True, help="Every test, and the rules that lack one.")
@click.option(
    "--require",
    type=click.Choice(["positive", "negative", "both"]),
    help="Fail where a rule has no test that expects it to fire, no test that expects silence, or either.",
)
@click.option("--update", is_flag=True, help="Write what came into every empty `expect`, in the files.")
@click.option("--suggest", "suggested", multiple=True, metavar="RULE", help="Write a test that fires and a near miss.")
@click.option("--to", "form", type=click.Choice(["cep", "yaml"]), help="The form of what is suggested.")
@click.option("--write", is_flag=True, help="Append what is suggested to the file of the rule.")
@click.option("--junit", metavar="FILE", help="The results as JUnit XML; - for standard output.")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="The results as one JSON object.")
@color_option
def command(
    rules: tuple[str, ...],
    pattern: str | None,
    fail_fast: bool,
    verbose: bool,
    require: str | None,
    update: bool,
    suggested: tuple[str, ...],
    form: str | None,
    write: bool,
    junit: str | None,
    settings: tuple[tuple[str, str], ...],
    as_json: bool,
    color: str,
) -> int:
    """Run the `test` blocks of rules: events go in at the times that the test says, and what is derived is compared."""
    from cep.cli.rules import load, plan_or_exit
    from cep.testing import RuleTests

    if (form or write) and not suggested:
        raise click.UsageError("`--to` and `--write` belong to `--suggest RULE`")
    if "-" in rules and (write or update):
        raise click.UsageError("standard input cannot be written; name a file for `--write` or `--update`")
    with _rare_collections():
        loaded = load(rules, settings, "test")
        plan_or_exit(loaded, Console(color), as_json)
        tests = RuleTests.of(loaded)
        if suggested:
            return _suggest(loaded, tests, suggested, form, write)
        asked = _Asked(pattern, fail_fast, verbose, require, update, junit, as_json, color)
        return _run(loaded, tests, asked, lambda: load(rules, settings, "test"))


class _Asked:
    """What the command line asked for."""

    def __init__(
        self,
        pattern: str | None,
        fail_fast: bool,
        verbose: bool,
        require: str | None,
        update: bool,
        junit: str | None,
        as_json: bool,
        color: str,
    ) -> None:
        self.pattern = pattern
        self.fail_fast = fail_fast
        self.verbose = verbose
        self.require = require
        self.update = update
        self.junit = junit
        self.as_json = as_json
        self.color = color


def _run(loaded: Compilation, tests: RuleTests, asked: _Asked, again: Callable[[], Compilation]) -> int:
    """Run, update, write and tell. ``again`` compiles the rules once more, from files that were updated."""
    from cep.testing import RuleTests
    from cep.testing.formats import to_dict, to_junit

    if asked.pattern is not None and tests.names and not tests.chosen(asked.pattern):
        raise click.UsageError(
            f"no test and no rule has `{asked.pattern}` in its name; there are {len(tests.names)} tests"
        )
    progress = _Progress(len(tests.chosen(asked.pattern)))
    outcomes = tests.run(asked.pattern, fail_fast=asked.fail_fast, on_result=progress)
    progress.clear()
    if asked.update and _update(loaded, outcomes, asked):
        outcomes = RuleTests.of(again()).run(asked.pattern, fail_fast=asked.fail_fast)
    if asked.junit is not None:
        _write_junit(asked.junit, to_junit(outcomes))
    if asked.as_json:
        click.echo(json.dumps(to_dict(outcomes), ensure_ascii=False))
    elif asked.junit != "-":
        _tell(outcomes, asked)
    return int(not outcomes.passed or _lacking(outcomes, asked.require))


def _tell(outcomes: Outcomes, asked: _Asked) -> None:
    from cep.testing.telling import tell_all, tell_coverage, tell_summary

    console = Console(asked.color)
    console.color = use_color(asked.color, sys.stdout)
    told = tell_all(outcomes.results, asked.verbose, console.paint)
    for text in told:
        click.echo(text, color=True)
        if "\n" in text or not asked.verbose:
            click.echo()
    if asked.verbose and told:
        click.echo()
    click.echo(tell_summary(outcomes, console.paint), color=True)
    for line in tell_coverage(outcomes, asked.verbose or asked.require is not None):
        click.echo(line)


def _lacking(outcomes: Outcomes, require: str | None) -> bool:
    coverage = outcomes.coverage
    positive = require in ("positive", "both") and bool(coverage.without_positive)
    return positive or (require in ("negative", "both") and bool(coverage.without_negative))


def _update(loaded: Compilation, outcomes: Outcomes, asked: _Asked) -> bool:
    """Fill in what was left empty, and tell it; whether there was anything."""
    from cep.testing.updating import update_files

    changes = update_files(outcomes.results, loaded.texts)
    for change in changes:
        if not asked.as_json:
            click.echo(change)
    return bool(changes)


def _suggest(loaded: Compilation, tests: RuleTests, names: tuple[str, ...], form: str | None, write: bool) -> int:
    """Print or write what was found; what was not found is told and fails."""
    from cep.testing.suggesting import append, suggest

    suggestions = [suggest(tests, name) for name in dict.fromkeys(names)]
    if write:
        for line in append(suggestions, loaded.texts):
            click.echo(line)
    else:
        click.echo("\n\n".join(each.text(form or "cep") for each in suggestions if each.tests))
    reasons = [reason for each in suggestions for reason in each.reasons]
    for reason in reasons:
        Console().warning(reason)
    return int(bool(reasons))


def _write_junit(path: str, data: bytes) -> None:
    from cep.cli.output import told

    if path == "-":
        click.echo(data.decode(), nl=False)
        return
    with told(path):
        Path(path).write_bytes(data)


class _Progress:
    """``120 of 2,000 tests, 1 failed`` on standard error, while a person looks."""

    def __init__(self, total: int) -> None:
        from cep.cli.terminal import is_terminal

        self._total = total
        self._done = self._failed = 0
        self._shows = is_terminal(sys.stderr) and total > 50

    def __call__(self, result: RuleTestResult) -> None:
        self._done += 1
        self._failed += result.outcome == "failed"
        if self._shows and self._done % 20 == 0:
            failed = f", {self._failed:,} failed" if self._failed else ""
            sys.stderr.write(f"\r\x1b[K{self._done:,} of {self._total:,} tests{failed}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._shows:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Trees and plans of many rules are made and kept: looking for garbage among them takes a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
