"""The YAML form loads to the same trees as the other form, and its errors point at its own lines."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.language import yaml_form
from cep.language.parser import MAX_RULE_BYTES, ParsedFile, parse
from cep.language.reader.places import Places
from cep.language.reader.yaml_nodes import MAX_BYTES, Entries, Scalar, read_nodes
from cep.language.syntax import Fixture, Literal, RuleTest
from cep.language.yaml_form import parse_yaml

REFERENCE = """
define:
  failed login: Login(outcome == "failure")
rules:
  brute_force:
    description: Three failed logins within 5 minutes.
    when: three failed logins within 5 minutes
    per: user
    emit:
      BruteForce: {user: user, attempts: count()}
    severity: high
tests:
  - name: the third failure raises one alert
    for: brute_force
    given:
      - {at: 0s, Login: {user: ann, outcome: failure}}
    expect: []
"""


def same(yaml: str, dsl: str) -> None:
    read, expected = parse_yaml(textwrap.dedent(yaml)), parse(textwrap.dedent(dsl))
    assert read.diagnostics == ()
    assert expected.diagnostics == ()
    assert read.tree == expected.tree


def test_the_example_of_the_reference() -> None:
    same(
        REFERENCE,
        """
        define failed login as Login(outcome == "failure")
        rule brute_force
          "Three failed logins within 5 minutes."
          when three failed logins
          within 5 minutes
          per user
          emit BruteForce(user, attempts = count())
          severity high
        test "the third failure raises one alert" for brute_force
          given 0s Login(user = "ann", outcome = "failure")
          expect nothing
        """,
    )


def test_the_example_of_the_module() -> None:
    assert yaml_form.__doc__ is not None
    example = yaml_form.__doc__.split(".. code-block:: yaml")[1].split("The other keys")[0]
    parsed = parse_yaml(textwrap.dedent(example))
    assert parsed.diagnostics == ()
    assert [type(d).__name__ for d in parsed.tree.declarations] == [
        "EventDeclaration", "Definition", "Definition", "Constant", "Table", "Rule", "Rule", "RuleTest",
    ]  # fmt: skip


def test_every_clause() -> None:
    same(
        """
        rules:
          one:
            description: text
            when: A+ as a then B as b
            where: a.x == b.x
            within: 5 minutes
            per: [user, "ip = source.ip", "card = (Payment.no, Login.no)?"]
            having: count() > 2
            after_match: skip to last a
            emit: {X: {"*": , user: user, n: count(), ok: b.ok}}
            on_timeout: Y(user)
            limit: 50
            to: [alerts, out.jsonl]
            at_most: 3 every 1 hour per ip
            severity: high
            tags: [a, 5]
            meta: {owner: me, n: 5, list: [1, a]}
            disabled: true
          two:
            from: A as a left join B as b on a.id == b.id within 5 minutes lookup cards on a.c == cards.n
            over: last 100 events
            when: sum(x) > 5 while true every hour
            where: x != null
            to: alerts
            tags: a
            disabled: false
        """,
        """
        rule one
          "text"
          when A+ as a then B as b
          where a.x == b.x
          within 5 minutes
          per user, ip = source.ip, card = (Payment.no, Login.no)?
          having count() > 2
          after match skip to last a
          emit X(*, user, n = count(), ok = b.ok)
          on timeout emit Y(user)
          limit 50
          to alerts, "out.jsonl"
          at most 3 every 1 hour per ip
          severity high
          tags ["a", "5"]
          meta owner = "me"
          meta n = 5
          meta list = [1, "a"]
          disabled
        rule two
          from A as a left join B as b on a.id == b.id within 5 minutes lookup cards on a.c == cards.n
          over last 100 events
          when sum(x) > 5 while true every hour
          where x != null
          to alerts
          tags ["a"]
        """,
    )


def test_everything_but_rules() -> None:
    same(
        """
        events:
          Login: {fields: {user: string, at: timestamp, tags: list<string>?}, time: at, id: user}
          Empty:
        define:
          big payment(least = 1000, most): Payment(amount between least and most) or Cheque
        let: {grace: 10 minutes, names: '["a", "b"]', n: 5, on: true}
        tables:
          hosts: {from: hosts.csv, key: [host, site]}
        tests:
          - name: a
            for: [one, two]
            from: 2026-01-01T00:00:00Z
            tables: {hosts: [{host: a, n: 1}]}
            given:
              - {at: 1m, Login: {user: ann, source: {ip: x, "a b": [1.5, null, true]}}}
              - {at: 2m, repeat: 3x every 10s, Login: }
              - {repeat: 3x every 10s, Login: {}}
              - {then_at: 10m}
            expect:
              - {at: 5m, Alert: {n: -3}}
        """,
        """
        event Login { user: string, at: timestamp, tags: list<string>? } time at id user
        event Empty { }
        define big payment(least = 1000, most) as Payment(amount between least and most) or Cheque
        let grace = 10 minutes
        let names = ["a", "b"]
        let n = 5
        let on = true
        table hosts from "hosts.csv" key host, site
        test "a" for one, two
          given from "2026-01-01T00:00:00Z"
            1m Login(user = "ann", source = {ip: "x", "a b": [1.5, null, true]})
            2m 3x every 10s Login
            3x every 10s Login
            then at 10m
          given table hosts (host = "a", n = 1)
          expect 5m Alert(n = -3)
        """,
    )


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("no", "no", "string"),
        ("NO", "NO", "string"),
        ("on", "on", "string"),
        ("yes", "yes", "string"),
        ("True", True, "bool"),
        ("false", False, "bool"),
        ("", None, "null"),
        ("~", None, "null"),
        ("Null", None, "null"),
        ("12", 12, "int"),
        ("-12", -12, "int"),
        ("0x1F", 31, "int"),
        ("0o17", 15, "int"),
        ("017", 17, "int"),
        ("1_000", "1_000", "string"),
        ("1:30", "1:30", "string"),
        ("1.5", 1.5, "float"),
        (".5e1", 5.0, "float"),
        ("2026-01-01", "2026-01-01", "string"),
        ("'12'", "12", "string"),
        ('"null"', "null", "string"),
        ("=", "=", "string"),
    ],
)
def test_plain_data_follows_the_core_schema(text: str, value: Any, kind: str) -> None:
    parsed = parse_yaml(f"tests:\n- {{name: a, given: [{{at: 0s, A: {{x: {text}}}}}], expect: nothing}}")
    assert parsed.diagnostics == ()
    (test,) = parsed.tree.declarations
    assert isinstance(test, RuleTest)
    assert test.given[0].fields[0].value == Literal(value, kind)  # type: ignore[union-attr, arg-type]


def test_broken_rules_are_listed_with_what_they_emit() -> None:
    parsed = parse_yaml(
        "rules:\n"
        "  a: {when: A B( , emit: {X: {}}}\n"
        "  b: {when: A, emit: 'Y(', on_timeout: 'Z(user)'}\n"
        "  c: {when: A, emit: C}\n"
        "define: {big one(x): '('}\n"
        "let: {d: ')'}\n"
    )
    assert [(d.name, d.broken) for d in parsed.tree.declarations] == [  # type: ignore[union-attr]
        ("a", {"when"}), ("b", {"emit"}), ("c", frozenset()),
    ]  # fmt: skip
    assert [(b.kind, b.name, b.emits) for b in parsed.broken] == [
        ("rule", "a", ("X",)),
        ("rule", "b", ("Y", "Z")),
        ("define", "big one", ()),
        ("let", "d", ()),
    ]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "rules:\n", "rules: {}\ntests: []\n"])
def test_empty_files(text: str) -> None:
    parsed = parse_yaml(text)
    assert (parsed.tree.declarations, parsed.diagnostics) == ((), ())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 100_000, "CEP125"),
        ("{a: " * 70 + "1" + "}" * 70, "CEP125"),
        ("- " * 500, "CEP125"),
        ("a: [", "CEP140"),
        ("rules: {}\x01", "CEP140"),
        ("\ud800", "CEP140"),
        ("? [a]\n: b", "CEP146"),
        ("- a", "CEP146"),
        ("a", "CEP146"),
        ("x: " + "y" * MAX_BYTES, "CEP126"),
        (f"let: {{a: '{'x' * (MAX_RULE_BYTES + 1)}'}}", "CEP126"),
        ("let: {a: " + "(1 + " * 70 + "1" + ")" * 70 + "}", "CEP125"),
        ("let: {a: 99999999999999999999}", "CEP117"),
        ("rules: {a: {when: A, meta: {x: 99999999999999999999}}}", "CEP117"),
        ("rules: {a: {when: A, meta: {x: .inf}}}", "CEP117"),
        ("let: {a: " + "9" * 10_000 + "}", "CEP117"),
    ],
    ids=range(16),
)
def test_hostile_files(text: str, code: str) -> None:
    assert [diagnostic.code for diagnostic in parse_yaml(text).diagnostics] == [code]


def scalar_of(text: str) -> Scalar:
    root, diagnostics = read_nodes(text, Places("", text))
    assert diagnostics == []
    assert isinstance(root, Entries)
    node = root.pairs[0][1]
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "text",
    [
        "k: plain text here",
        "k: plain\n  over\n\n  lines",
        "k: 'it''s ''quoted'''",
        'k: "a \\"b\\" \\u00e9\\t\\x41 c"',
        'k: "folded\n  line \\\n  joined"',
        "k: |\n  one\n    two\n\n  three\n",
        "k: >-\n  one\n  two\n\n  three\n    four\n",
        "😀: a 😀 b",
        "k: |2\n    indented\n  less\n",
    ],
)
def test_each_character_knows_where_it_was_written(text: str) -> None:
    scalar = scalar_of(text)
    assert len(scalar.origins) == len(scalar.text) + 1
    assert scalar.origins == sorted(scalar.origins)
    for character, origin in zip(scalar.text, scalar.origins, strict=False):
        written = text[origin]
        assert written == character or written == "\\" or (character.isspace() and written.isspace())


@given(st.text(max_size=40), st.sampled_from(["k: {}", "k: '{}'", 'k: "{}"', "k: |\n  {}", "k: >\n  {}", "k: [{}, b]"]))
def test_any_scalar_maps_into_the_file(content: str, form: str) -> None:
    text = form.format(content)
    parsed = parse_yaml(text)
    assert isinstance(parsed, ParsedFile)
    root, _ = read_nodes(text, Places("", text))
    if isinstance(root, Entries):
        for key, node in root.pairs:
            for scalar in (key, node):
                if isinstance(scalar, Scalar):
                    assert all(0 <= origin <= len(text) for origin in scalar.origins)


@given(st.data())
def test_one_character_mutations_never_crash(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(REFERENCE) - 1))
    new = data.draw(st.sampled_from(list(":{}[]\"'&*!|>#-, \n\t(\x00=")) | st.just(""))
    parsed = parse_yaml(REFERENCE[:index] + new + REFERENCE[index + data.draw(st.integers(0, 3)) :])
    lines = REFERENCE.count("\n") + 2
    assert all(1 <= diagnostic.span.line <= lines for diagnostic in parsed.diagnostics)


@pytest.mark.parametrize(("expect", "is_open"), [("", True), ("[]", False), ("nothing", False)])
def test_a_test_reads_files_and_may_leave_open_what_it_expects(expect: str, is_open: bool) -> None:
    text = f"tests:\n  - name: a\n    given: [{{file: a.jsonl}}]\n    expect: {expect}\n"
    [test] = parse_yaml(text).tree.declarations
    assert isinstance(test, RuleTest)
    assert test.given == (Fixture("a.jsonl"),)
    assert (test.expect, test.open) == ((), is_open)
