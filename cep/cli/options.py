"""Options that several verbs share, and the types of their values. CLI layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from cep.diagnostics import did_you_mean, suggestion
from cep.errors import UsageError

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A duration with a unit; gives microseconds. With ``allow_none``, ``none`` gives -1."""

    name = "duration"

    def __init__(self, allow_none: bool = False) -> None:
        self._allow_none = allow_none

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from cep.durations import duration_of

        if isinstance(value, int):
            return value
        if self._allow_none and value == "none":
            return -1
        try:
            return duration_of(value, "the duration")
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Zone(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """The name of a time zone."""

    name = "zone"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "ZONE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from cep.timestamps import zone_of

        try:
            return zone_of(value)
        except ValueError:
            from zoneinfo import available_timezones

            cities = {name.rpartition("/")[2].lower(): name for name in sorted(available_timezones())}
            near = suggestion(value.rpartition("/")[2].lower().replace(" ", "_"), cities, cutoff=0.7)
            hint = did_you_mean(near and cities[near]) or "write for example `Europe/Berlin`"
            self.fail(f"there is no time zone `{value}`; {hint}", param, ctx)


class Setting(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """``NAME=VALUE``; gives the pair."""

    name = "setting"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            self.fail(f"`{value}` sets nothing; write NAME=VALUE, as in `--set grace=5m`", param, ctx)
        return name.strip(), text.strip()


def settings_option(function: _Function) -> _Function:
    """``--set NAME=VALUE``, any number of times."""
    option = click.option(
        "--set", "settings", type=Setting(), multiple=True, help="Give a `let` constant of the rules another value."
    )
    return option(function)


def color_option(function: _Function) -> _Function:
    """``--color``."""
    option = click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colours; auto heeds NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and whether a terminal looks.",
    )
    return option(function)


def rules_argument(function: _Function) -> _Function:
    """``RULES...``."""
    return click.argument("rules", nargs=-1, metavar="RULES...")(function)
