"""`cep test --update` on texts: only the place behind an empty `expect` changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.errors import UsageError
from cep.language.rule_files import check_rules
from cep.plan.compiling import compile_rules
from cep.testing import RuleTests
from cep.testing.updating import can_be_filled, update_files, updated

CEP = """# a comment
rule unpaid when OrderPlaced as o then no PaymentReceived for 30 minutes per order_id
  emit UnpaidOrder(order_id, total = o.total)

test "open"
  given 0s OrderPlaced(order_id = 1, total = 5.5) then at 30m
  expect   # fill me

test "silent" for unpaid
  given 0s OrderPlaced(order_id = 1)
  expect

test "full" for unpaid
  given 0s OrderPlaced(order_id = 1) then at 1h
  expect nothing
test "in a line" given 0s OrderPlaced(order_id = "`x`") then at 1h expect test "last" for unpaid expect"""

YAML = """\
rules:
  hot: {when: Reading(c > 90), emit: "Hot(c, tags)"}
tests:
  - name: block
    given:
      - {at: 0s, Reading: {c: 95, tags: {a: [1, null, "no"]}}}
    expect:   # here
  - {name: flow, for: hot, given: [{at: 0s, Reading: {c: 95}}], expect: ~}
  - name: none   # stays
    expect: null
  - name: full
    given: [{at: 0s, Reading: {c: 95}}]
    expect: []
"""


def update(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    compiled = compile_rules(path)
    outcomes = RuleTests.of(compiled).run()
    update_files(outcomes.results, compiled.texts)
    return path.read_bytes().decode()


def test_the_language(tmp_path: Path) -> None:
    after = update(tmp_path / "a.cep", CEP)
    expected = CEP.replace("# fill me\n", "# fill me\n    30 minutes UnpaidOrder(order_id = 1, total = 5.5)\n")
    expected = expected.replace("order_id = 1)\n  expect\n", "order_id = 1)\n  expect nothing\n")
    expected = expected.replace(
        'expect test "last"', 'expect\n  30 minutes UnpaidOrder(order_id = "`x`", total = null)\n test "last"'
    )
    assert after == expected + " nothing"


def test_yaml(tmp_path: Path) -> None:
    after = update(tmp_path / "a.yaml", YAML)
    row = '{at: 0s, Hot: {c: 95, tags: {"a": [1, null, "no"]}}}'
    expected = YAML.replace("# here\n", f"# here\n      - {row}\n")
    expected = expected.replace("expect: ~}", "expect: [{at: 0s, Hot: {c: 95, tags: null}}]}")
    assert after == expected.replace("expect: null", "expect: []")


@pytest.mark.parametrize(("name", "text"), [("a.cep", CEP), ("a.yaml", YAML)])
def test_what_was_written_passes_and_is_not_written_again(tmp_path: Path, name: str, text: str) -> None:
    after = update(tmp_path / name, text)
    results = {result.name: result.outcome for result in RuleTests.from_rules(tmp_path / name).run().results}
    assert results.pop("full") == "failed"
    assert set(results.values()) == {"passed"}
    assert update(tmp_path / name, after) == after


def test_line_ends_and_a_byte_order_mark_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.cep"
    text = CEP.replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    compiled = compile_rules(path)
    update_files(RuleTests.of(compiled).run().results, compiled.texts)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf#")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert check_rules(path)[0] is not None


def test_a_file_that_has_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.cep"
    path.write_text(CEP, "utf-8")
    compiled = compile_rules(path)
    path.write_text(CEP + "\n# more\n", "utf-8")
    with pytest.raises(UsageError, match="has changed"):
        update_files(RuleTests.of(compiled).run().results, compiled.texts)
    assert path.read_text("utf-8") == CEP + "\n# more\n"


def test_a_test_with_problems_is_left_open() -> None:
    tests = RuleTests.from_rules('rule a when A emit X\ntest "late" given 5s A then at 6s 1s A expect\n')
    outcomes = tests.run()
    assert not can_be_filled(outcomes.results[0])
    assert updated("", "a.cep", []) == ""
