"""The command and its verbs, each loaded when it is used; what goes wrong, as one line and an exit code. CLI layer."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from cep import __version__
from cep.cli.ending import tell_interrupted
from cep.cli.output import STANDARD_OUTPUT, ensure_standard_output, standard_output_failed, told
from cep.cli.terminal import Console
from cep.diagnostics import did_you_mean, suggestion
from cep.errors import CepError, DataError, RuleError

VERBS = ("run", "new", "check", "fmt", "explain", "test", "why", "graph", "list", "schema", "completion", "doctor")

FINDINGS, NOT_RULES, USAGE, BUG = 1, 2, 3, 70

EPILOG = """\b
Examples:
  cep run rules:authentication --source logins.jsonl
  cep run rules/ --source events/ --source more.csv.gz -o derived.jsonl
  tail -F app.jsonl | cep run rules/ --source - --idle-timeout 30s
  cep check rules/
"""


class LazyGroup(click.Group):
    """Loads a verb's module when the verb is used, and turns every failure into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"cep.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = suggestion(args[0], VERBS)
            hint = did_you_mean(near and f"cep {near}") or f"there are: {', '.join(VERBS)}"
            ctx.fail(f"there is no command `{args[0]}`; {hint}")
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run it. Always ends in SystemExit, with our exit codes in place of click's."""
        extra["standalone_mode"] = False
        ensure_standard_output()
        if os.environ.get("_CEP_COMPLETE", "").startswith("powershell"):
            import_module("cep.cli.completion").register()
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows no `…` is no reason to fail
        run = partial(super().main, args, *rest, **extra)
        sys.exit(_guarded(run))


def _guarded(run: Callable[[], Any]) -> int:
    """The exit code of a command; whatever it raises is told."""
    try:
        code = run()
        with told(STANDARD_OUTPUT):
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, click.Abort):
        return tell_interrupted()
    except BrokenPipeError:
        from cep.connectors.sinks import discard

        discard(sys.stdout)
        return 0
    except SystemExit:  # click does this, and only this, when nobody reads standard output any more
        return 0
    except click.ClickException as wrong:
        _tell_usage(wrong)
        return USAGE
    except CepError as wrong:
        Console().error(str(wrong))
        return _exit_code(wrong)
    except OSError as wrong:
        return _tell_unwritable(wrong) if standard_output_failed(wrong) else _tell_bug(wrong)
    except Exception as bug:
        return _tell_bug(bug)


def _exit_code(error: CepError) -> int:
    if isinstance(error, RuleError):
        return NOT_RULES
    return FINDINGS if isinstance(error, DataError) else USAGE


def _tell_usage(wrong: click.ClickException) -> None:
    message = wrong.format_message().rstrip(".")
    context = getattr(wrong, "ctx", None)
    # Click writes each choice in a line of its own.
    message = message.replace(". Choose from:\n\t", "; choose from: ").replace(",\n\t", ", ")
    Console().error(message[:1].lower() + message[1:])
    if isinstance(wrong, click.UsageError) and context is not None:
        Console().line(f"see `{context.command_path} --help`")


def _tell_unwritable(wrong: OSError) -> int:
    try:
        with told(STANDARD_OUTPUT):
            raise wrong
    except CepError as error:
        Console().error(str(error))
    return USAGE


def _tell_bug(bug: Exception) -> int:
    if os.environ.get("CEP_DEBUG") == "1":
        traceback.print_exc()
    what = f"{type(bug).__name__}: {bug}" if str(bug) else type(bug).__name__
    Console().error(
        f"[CEP901] this is a bug of ours, not of your rules or events: {what}",
        "please report it; CEP_DEBUG=1 shows where it happened",
    )
    return BUG


@click.group(
    "cep",
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="cep", message="%(prog)s %(version)s")
@click.pass_context
def cep(context: click.Context) -> None:
    """Complex event processing: rules in, derived events out.

    Rules say which combinations of events matter; `cep run` reads events and writes what the rules derive from them.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
