"""Rules in English: ``cases/NAME.cep`` with ``cases/NAME.txt``.

``CEP_UPDATE_CASES=1`` writes the texts anew; read each sentence against the language's reference before you keep it.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from cep.engine import Engine
from cep.plan.compiling import compile_rules
from cep.plan.english.rules import english, sentences
from cep.plan.english.wording import article, ordinal, quantity
from cep.plan.kept_state import kept_state
from cep.plan.plan import RulePlan

CASES = Path(__file__).parent / "cases"


def rules_of(given: Path | str) -> tuple[RulePlan, ...]:
    compilation = compile_rules(given)
    assert compilation.plan is not None, compilation.errors
    return compilation.plan.rules


def told(rule: RulePlan) -> str:
    indented = textwrap.fill(english(rule), 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return f"{rule.name}\n{indented}\n"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.cep")), ids=lambda path: path.stem)
def test_the_sentences(case: Path) -> None:
    text = "\n".join(map(told, rules_of(case)))
    golden = case.with_suffix(".txt")
    if os.environ.get("CEP_UPDATE_CASES") == "1":
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_every_construct_has_a_case() -> None:
    assert sum(len(rules_of(case)) for case in CASES.glob("*.cep")) >= 60
    assert {path.stem for path in CASES.glob("*.cep")} == {path.stem for path in CASES.glob("*.txt")}


@pytest.mark.parametrize("case", sorted(CASES.glob("*.cep")), ids=lambda path: path.stem)
def test_the_form_of_a_sentence(case: Path) -> None:
    for rule in rules_of(case):
        for sentence in sentences(rule):
            assert sentence[0].isupper(), sentence
            assert sentence.endswith("."), sentence
            assert "  " not in sentence, sentence
            assert " ," not in sentence, sentence
            assert sentence.count("(") == sentence.count(")"), sentence
            assert sentence.count("`") % 2 == 0, sentence


@pytest.mark.parametrize("pack", sorted(p.name for p in (Path(__file__).parents[3] / "rules").iterdir() if p.is_dir()))
def test_every_rule_of_the_packs_is_told(pack: str) -> None:
    for rule in rules_of(f"rules:{pack}"):
        assert len(sentences(rule)) >= 2


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("Login", "a"), ("Order", "an"), ("User", "a"), ("Upload", "an"), ("`odd one`", "an"), ("X", "an"), ("B", "a"),
        ("Unit", "a"), ("SSH", "an"), ("", "a"), ("42", "a"),
    ],
)  # fmt: skip
def test_articles(noun: str, expected: str) -> None:
    assert article(noun) == expected


def test_small_words() -> None:
    assert [ordinal(n) for n in (1, 3, 12, 13, 21, 22, 111, 1001)] == [
        "first", "third", "twelfth", "13th", "21st", "22nd", "111th", "1,001st",
    ]  # fmt: skip
    given = [(3, 3), (2, 5), (1, None), (0, 4), (0, None), (33, 33)]
    assert [quantity(*each) for each in given] == [
        "three", "two to five", "one or more", "up to four", "any number of", "33",
    ]  # fmt: skip


EVERY_KEY = ("runs over all keys", None, None, "runs_per_rule")


@pytest.mark.parametrize(
    ("rule", "bounds"),
    [
        ("when three A within 5 minutes per k", [("the newest events that fit", 2, 300_000_000, None)]),
        ("when three A per k", [("the newest events that fit", 2, None, None)]),
        ("when A per k", []),
        ("when A then B within 1 minute per k", [
            ("runs (partial matches)", None, 60_000_000, "runs_per_key"), EVERY_KEY]),
        ("when A then B per k", [("runs (partial matches)", None, None, "runs_per_key"), EVERY_KEY]),
        ("when A then within 1 minute B then within 30s C per k", [
            ("runs (partial matches)", None, 90_000_000, "runs_per_key"), EVERY_KEY]),
        ("when A then no B then within 30s C per k", [
            ("runs (partial matches)", None, 30_000_000, "runs_per_key"), EVERY_KEY]),
        ("when A then every B within 1m per k limit 7", [("runs (partial matches)", 7, 60_000_000, None), EVERY_KEY]),
        ("when A then B+ as b then C within 1m per k", [
            ("runs (partial matches)", None, 60_000_000, "runs_per_key"), EVERY_KEY,
            ("events of `b`", None, 60_000_000, "loop_events")]),
        ("when A then no B for 1m per k", [
            ("runs (partial matches)", None, 60_000_000, "runs_per_key"), EVERY_KEY,
            ("timer for its deadline", 1, None, None)]),
        ("when A then B then no C for 1m within 2m per k", [
            ("runs (partial matches)", None, 180_000_000, "runs_per_key"), EVERY_KEY,
            ("timer for its deadline", 1, None, None)]),
        ("when no A for 1m per k", [("the wait since the newest event", 1, 60_000_000, None)]),
        ("from A over last 1m when count() > 3 per k", [
            ("events of the window", None, 60_000_000, "window_events")]),
        ("from A over last 5 events when max(x) > 3 per k", [("events of the window", 5, None, None)]),
        ("from A over 10m every 3m when median(x) > 3 per k", [
            ("events of the open windows", None, 600_000_000, "window_events"),
            ("open windows, with a timer for the end", 4, 600_000_000, None)]),
        ("from A as a join B as b on a.x == b.x within 1m", [
            ("`b` events and what they are joined to", None, 60_000_000, "join_events")]),
    ],
)  # fmt: skip
def test_what_is_kept_and_its_bound(rule: str, bounds: list[tuple[str, int | None, int | None, str | None]]) -> None:
    [plan] = rules_of(f"rule r {rule} emit X()")
    kept = [(k.what, k.most, k.longest_us, None if k.most is not None else k.limit) for k in kept_state(plan)]
    assert [each for each in kept if each[0] != "keys with state"] == bounds
    assert bool(plan.keys and bounds) == any(each[0] == "keys with state" for each in kept)


def test_what_a_definition_stands_for_is_told_once() -> None:
    [rule] = rules_of('define failed login as Login(outcome == "failure")\nrule r when 2 failed logins per u emit X()')
    assert english(rule).count('outcome equal to "failure"') == 1


@pytest.mark.parametrize(
    ("rule", "given", "fires_at", "sentence"),
    [
        ("when (A then C) until B within 1h per k", "0A 1C 2A 3B 4C", [1], "Fires at the event that completes this"),
        ("when 2+ A as a until B within 1h per k", "0A 1B 2A 3A 4B", [4], "Fires when a B of the same k closes it"),
        ("when 1 to 3 A as a until B within 1h per k", "0A 1A 2A", [2], "or as soon as it can grow no more"),
        ("when A then no B for 5s per k", "0A 1A 6B 20Z", [5], "one at exactly 5 seconds still prevents it"),
        ("when A as a then A as b then no B within 5s per k", "0A 2A 20Z", [5], "after the first event of this"),
        ("when S then (A then no B within 5s) within 1h per k", "0S 3A 20Z", [8], "after an A at the end of this"),
        (
            "when (A then no B for 5s){2} within 1h per k",
            "0A 9A 20Z",
            [14],
            "Fires at the deadline that completes this",
        ),
        ("when no A for 5s per k", "0A 5A 11A 20Z", [10, 16], "one at exactly 5 seconds still counts as come"),
        ("when some A per k", "0A 1A", [0, 1], "Fires at each A."),
        ("when 2 to 5 A within 1h per k", "0A 1A 2A 3A", [1, 3], "fires again after two new ones"),
        ("when 2+ A within 1h per k having count() > 2", "0A 1A 2A", [2], "from the second within 1 hour"),
        ("from A per k over session of 5s", "0A 5A 11A 40Z", [10, 16], "one at exactly 5 seconds still belongs to it"),
        ("when A as a then no A for 5s per k", "0A 3A 20Z", [8], "if no A of the same k has come by then"),
    ],
)
def test_the_engine_does_what_the_sentence_says(rule: str, given: str, fires_at: list[int], sentence: str) -> None:
    text = f"rule r {rule} emit X()"
    [plan] = rules_of(text)
    assert sentence in english(plan)
    engine = Engine.from_rules(text)
    derived = []
    for each in given.split():
        derived += engine.push({"type": each[-1], "time": f"2026-01-01T00:00:{int(each[:-1]):02d}Z", "k": 1})
        derived += engine.advance(f"2026-01-01T00:00:{int(each[:-1]):02d}Z")
    assert [int(str(found.time)[17:19]) for found in derived] == fires_at
