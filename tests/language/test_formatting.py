"""Formatting changes nothing that is meant, keeps every comment, and has nothing left to do the second time."""

from __future__ import annotations

import textwrap
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.language import syntax
from cep.language.formatting.concrete import comments_of, read_written, tokens_of
from cep.language.formatting.formatter import format_text
from cep.language.parser import parse
from cep.language.printer import print_file
from tests.documentation.blocks import Block, blocks
from tests.language import trees
from tests.properties import generate_joins, generate_patterns, generate_rules

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path for folder in ("rules", "examples") for path in (ROOT / folder).rglob("*.cep"))
SHOWN = [block for page in ("README.md", "grammar/README.md") for block in blocks(ROOT / page)]


def holds(text: str) -> str:
    """The formatted text, held against the one before."""
    parsed = parse(text)
    assert parsed.diagnostics == ()
    formatted = format_text(text).text
    assert formatted is not None
    again = parse(formatted)
    assert again.diagnostics == (), formatted
    assert again.tree == parsed.tree, formatted
    assert format_text(formatted).text == formatted
    assert comments_of(formatted) == comments_of(text), formatted
    return formatted


@given(trees.files())
def test_generated_files(tree: syntax.RuleFile) -> None:
    holds(print_file(tree))


RUNNING = st.one_of(
    generate_rules.pattern_rules(),
    generate_rules.window_rules(),
    generate_patterns.pattern_pairs().map(lambda scenario: scenario.rules),
    generate_joins.join_scenarios().map(lambda scenario: scenario.rules),
)


@given(RUNNING)
def test_generated_rules_that_run(rules: str) -> None:
    holds(rules)


GAPS = (" ", " ", "  ", "\n", "\n\n\n", "\t", "  #c{}\n", "\n#c{}\n", "\n    #c{}\n\n", " #c{}\n  #c{}\n")


@given(trees.files(most=2), st.randoms(use_true_random=False))
def test_comments_and_blanks_anywhere(tree: syntax.RuleFile, random: Random) -> None:
    text = print_file(tree)
    scattered = scatter(text, random)
    if parse(scattered).diagnostics == ():
        holds(scattered)


def scatter(text: str, random: Random) -> str:
    """The text with other blanks, line breaks and comments between its words."""
    pieces: list[str] = []
    position = 0
    count = 0
    for token in tokens_of(read_written(text).tree):
        assert token.start_pos is not None
        assert token.end_pos is not None
        gap = text[position : token.start_pos]
        if gap or random.random() < 0.1:
            chosen = random.choice(GAPS) if random.random() < 0.4 else gap
            for _ in range(chosen.count("{}")):
                count += 1
                chosen = chosen.replace("{}", str(count), 1)
            gap = chosen
        pieces += [gap, text[token.start_pos : token.end_pos]]
        position = token.end_pos
    return "".join([*pieces, random.choice(["", "\n", "\n# end", "\n  # end\n"])])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_ships_is_formatted(path: Path) -> None:
    text = path.read_text("utf-8")
    assert holds(text) == text


@pytest.mark.parametrize(
    "block", [block for block in SHOWN if block.words[:1] == ("cep",)], ids=lambda block: block.name
)
def test_what_the_pages_show_is_formatted(block: Block) -> None:
    if {"pattern", "true"} & set(block.words) or ("wrong" in block.words and parse(block.text).diagnostics):
        return
    assert holds(block.text) == block.text


def formats(before: str, after: str) -> None:
    assert holds(textwrap.dedent(before).lstrip("\n")) == textwrap.dedent(after).lstrip("\n")


def test_clauses_come_in_their_order() -> None:
    formats(
        """
        rule r   severity high
          emit X( user,n=count( ) )
            # how long
          within 5m   # minutes
          per user
          when A   then  B
        """,
        """
        rule r
          when A then B
          # how long
          within 5m  # minutes
          per user
          emit X(user, n = count())
          severity high
        """,
    )


def test_the_keys_of_at_most_and_of_the_rule() -> None:
    formats(
        "rule r when A emit X() at most 1 every 1 hour per a\nrule s when A emit X() at most 1 every hour\n per b\n",
        """
        rule r when A emit X() at most 1 every 1 hour per a

        rule s
          when A
          per b
          emit X()
          at most 1 every hour
        """,
    )


def test_comments_stay_where_they_belong() -> None:
    formats(
        """
        # the file

        # the event
        event Login{ # its fields
          user:string, # who
          # from where
          ip :string?
           # the last
        }time at   # when

        rule r # its name
         when A( # first
           x==1
         ) # then
         then B
         emit X(a, # one
           # two
           b)
          # below the rule
        # before the test
        test "t"   for r
         given # rows
          0s A(x=1) # a row
          # passes
          then at 10s
         expect    # none
           nothing
        # the end
        """,
        """
        # the file

        # the event
        event Login {  # its fields
          user: string  # who
          # from where
          ip:   string?
          # the last
        } time at  # when

        rule r  # its name
          when A(  # first
                 x == 1
               )  # then
               then B
          emit X(
            a,  # one
            # two
            b,
          )
          # below the rule

        # before the test
        test "t" for r
          given  # rows
            0s  A(x = 1)  # a row
            # passes
            then at 10s
          # none
          expect nothing

        # the end
        """,
    )


def test_long_lines_are_broken() -> None:
    long = " and ".join(f"field_{number} == {number}" for number in range(8))
    formats(
        f"rule r when Login({long}) as a then Payment as b where {long} emit X(a.x)",
        """
        rule r
          when Login(field_0 == 0
                     and field_1 == 1
                     and field_2 == 2
                     and field_3 == 3
                     and field_4 == 4
                     and field_5 == 5
                     and field_6 == 6
                     and field_7 == 7) as a
               then Payment as b
          where field_0 == 0
            and field_1 == 1
            and field_2 == 2
            and field_3 == 3
            and field_4 == 4
            and field_5 == 5
            and field_6 == 6
            and field_7 == 7
          emit X(a.x)
        """,
    )


def test_spellings_are_the_authors() -> None:
    text = """
    rule r
      when 3 or more failed logins
      where first.x == 'a "quoted" one' and last.x == "b" and y == 1_000 and z == (1)
      within five minutes per user
      emit X(`user`)
    """
    formats(text, text)
    formats("rule r when A(x == 'b') emit X()", 'rule r when A(x == "b") emit X()\n')


def test_an_empty_file_stays_empty() -> None:
    assert holds("") == ""
    assert holds("\n\n# only this\n\n\n") == "# only this\n"
