"""From one form to the other and back says the same, and keeps the comments."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cep.language import syntax, yaml_form
from cep.language.formatting.formatter import format_text, sorted_by_kind
from cep.language.formatting.unsayable import Unsayable
from cep.language.parser import parse
from cep.language.printer import print_file
from tests.language import trees
from tests.language.test_formatting import RUNNING, SHIPPED, SHOWN, scatter


def there_and_back(text: str) -> tuple[str, str]:
    """The YAML of a text in the language, and what becomes of that; each step holds tree and comments by itself."""
    yaml = format_text(text, to="yaml").text
    assert yaml is not None
    assert format_text(yaml, form="yaml").text == yaml
    back = format_text(yaml, form="yaml", to="cep").text
    assert back is not None
    assert sorted_by_kind(parse(back).tree) == sorted_by_kind(parse(text).tree)
    return yaml, back


@given(trees.files())
def test_generated_files(tree: syntax.RuleFile) -> None:
    try:
        there_and_back(print_file(tree))
    except Unsayable:
        assume(False)


@given(RUNNING)
def test_generated_rules_that_run(rules: str) -> None:
    there_and_back(rules)


@given(trees.files(most=2), st.randoms(use_true_random=False))
def test_comments_anywhere(tree: syntax.RuleFile, random: object) -> None:
    text = scatter(print_file(tree), random)  # type: ignore[arg-type]
    if parse(text).diagnostics == ():
        try:
            there_and_back(text)
        except Unsayable:
            assume(False)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships(path: Path) -> None:
    there_and_back(path.read_text("utf-8"))


@pytest.mark.parametrize("block", [block for block in SHOWN if block.words == ("cep",)], ids=lambda block: block.name)
def test_what_the_pages_show(block: object) -> None:
    there_and_back(block.text)  # type: ignore[attr-defined]


def test_the_example_of_the_yaml_form_is_formatted() -> None:
    assert yaml_form.__doc__ is not None
    example = textwrap.dedent(yaml_form.__doc__.split(".. code-block:: yaml")[1].split("The other keys")[0]).lstrip(
        "\n"
    )
    formatted = format_text(example, form="yaml").text
    assert formatted is not None
    assert "  hosts: {from: hosts.csv, key: host}  # key: [host, site] for several\n" in formatted
    dsl = format_text(example, form="yaml", to="cep").text
    assert dsl is not None
    assert "when three failed logins within 5 minutes\n" in dsl


def test_comments_go_with_what_they_belong_to() -> None:
    text = textwrap.dedent(
        """
        # The file.

        # What failed.
        define failed login as Login(outcome == "failure")  # as usual

        # The rule.
        rule brute_force  # a name
          "Three: within 5 minutes."
          # how many
          when three failed logins within 5 minutes  # and how fast
          per user
          emit BruteForce(
            user,  # who
            # how many
            attempts = count(),
          )
          # below

        test "one" for brute_force
          given
            # nothing of it
            0s  Login(user = "no", outcome = "failure")  # one
          expect nothing

        # The end.
        """
    ).lstrip("\n")
    yaml, back = there_and_back(text)
    assert back == text
    assert yaml == textwrap.dedent(
        """
        # The file.

        define:
          # What failed.
          failed login: Login(outcome == "failure")  # as usual

        rules:
          # The rule.
          brute_force:  # a name
            description: "Three: within 5 minutes."
            # how many
            when: three failed logins within 5 minutes  # and how fast
            per: user
            emit:
              BruteForce:
                user: user  # who
                # how many
                attempts: count()
          # below

        tests:
          - name: one
            for: brute_force
            given:
              # nothing of it
              - {at: 0s, Login: {user: "no", outcome: failure}}  # one
            expect: []

        # The end.
        """
    ).lstrip("\n")


def test_keys_come_in_their_order_and_quotes_where_they_are_needed() -> None:
    text = """
tests: []
rules:
    r:
        severity: "high"   # how bad
        "emit": {X: {"a": 'a', b: "null", c: "'x' + \\"y\\""}}
        when: >
            A
            then B(x == "it's")
        tags: ['no', "1.0", plain, "a: b", '']
"""
    assert format_text(text, form="yaml").text == textwrap.dedent(
        """
        rules:
          r:
            when: A then B(x == "it's")
            emit:
              X: {a: a, b: "null", c: '"x" + "y"'}
            severity: high  # how bad
            tags: ["no", "1.0", plain, "a: b", ""]
        tests: []
        """
    ).lstrip("\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rule r when A emit X() meta runs = 1 + 1\n", "<rules>:1:36: in YAML this value is plain data"),
        ("rule r when A emit X()\nrule r when B emit X()\n", "the key `r` cannot stand twice"),
        ('test "t" given 0s at(x = 1) expect nothing\n', "a row has no event of the name `at`"),
    ],
)
def test_what_yaml_cannot_say(text: str, message: str) -> None:
    with pytest.raises(Unsayable) as refused:
        format_text(text, to="yaml")
    assert message in str(refused.value)


def test_what_only_yaml_can_say() -> None:
    text = "rules:\n  r: {when: A, emit: X(), meta: {of: {a: 1}}}\n"
    with pytest.raises(Unsayable, match="only YAML has mappings as metadata"):
        format_text(text, form="yaml", to="cep")
