"""What every verb's help owes its reader."""

from __future__ import annotations

import re
import shlex

import pytest

from cep import __version__
from cep.cli.group import VERBS, cep
from tests.cli.command import invoke

PAGES = [(), *((verb,) for verb in VERBS)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join(page) or "cep")
def test_help_ends_in_examples(page: tuple[str, ...]) -> None:
    done = invoke(*page, "--help")
    assert done.exit_code == 0
    examples = done.stdout.partition("Examples:\n")[2].strip().splitlines()
    assert 2 <= len(examples) <= 4
    assert all("cep " in example for example in examples)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join(page) or "cep")
def test_examples_use_options_that_exist(page: tuple[str, ...]) -> None:
    for example in invoke(*page, "--help").stdout.partition("Examples:\n")[2].strip().splitlines():
        [ours] = [part for part in example.split("|") if part.strip().startswith("cep ")]
        _, verb, *words = shlex.split(ours)
        command = cep.get_command(None, verb)  # type: ignore[arg-type]
        assert command is not None
        known = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if re.match(r"-\w|--", word)} <= known


def test_version() -> None:
    assert invoke("--version").stdout == f"cep {__version__}\n"


def test_no_arguments_show_the_help() -> None:
    done = invoke()
    assert done.exit_code == 0
    assert done.stdout == invoke("--help").stdout
