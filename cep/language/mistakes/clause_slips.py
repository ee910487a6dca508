"""Mistakes in declarations and clauses, one recogniser each. Language layer. See ``slips``."""

from __future__ import annotations

import re
from collections.abc import Callable

from cep.diagnostics import Span
from cep.language.mistakes.expectations import shown
from cep.language.mistakes.situation import Problem, Situation
from cep.language.reader.clauses import PLAIN_CLAUSES
from cep.language.reader.recovery import DECLARATION_WORDS, misspelt_declaration
from cep.language.words import CLAUSE_WORDS, closest, is_misspelt, word_set, words_of

_DECLARING = word_set("_EVENT _DEFINE _LET _TABLE _RULE _TEST")
_NAME_HINTS = {
    "_EVENT": "write `event Login { user: string }`",
    "_DEFINE": 'write `define failed login as Login(outcome == "failure")`',
    "_LET": "write `let grace = 10 minutes`",
    "_TABLE": 'write `table hosts from "hosts.csv" key host`',
    "_RULE": "write `rule brute_force` and its clauses after it",
    "_TEST": 'write `test "what it shows" for RULE`',
}
_NAMELESS = {"_RULE": "rule", "_EVENT": "event", "_LET": "let", "_TABLE": "table", "_TEST": "test", "_DEFINE": "define"}
_CLAUSES = words_of(
    "when where within per having emit from over severity tags meta disabled limit to at on after given expect"
)
_CLAUSE_NAMES = ("after match", "on timeout", "at most")
_ONCE = word_set(
    "_WHEN _WHERE _WITHIN _PER _HAVING _AFTER_MATCH _EMIT _ON_TIMEOUT _LIMIT _TO _AT_MOST _SEVERITY _TAGS _OVER _FROM"
)


def declaration_name(at: Situation) -> Problem | None:
    """``rule`` without a name, ``test`` without a text, ``define`` that begins with a number."""
    previous = at.previous
    if previous is None:
        return None
    if previous.type in _DECLARING:
        return _nameless(at, previous.type, at.token_span(previous))
    if len(at.history) > 1 and at.history[-2].type in ("_RULE", "_TABLE") and previous in (*_CLAUSES, "from"):
        # The keyword of the first clause was taken for the name.
        return _nameless(at, at.history[-2].type, at.token_span(at.history[-2]))
    return None


def _nameless(at: Situation, kind: str, span: Span) -> Problem:
    word = _NAMELESS[kind]
    if kind == "_DEFINE" and at.kind in ("INT", "NUMBER"):
        return at.problem("CEP119", "a phrase cannot begin with a number", "write the number as part of a word: `top3`")
    if at.found and at.kind == "STRING" and kind != "_TEST":
        return at.problem("CEP110", f"a name is missing after `{word}`", _NAME_HINTS[kind])
    if kind == "_TEST":
        return at.problem("CEP110", "a test has a name in quotes", _NAME_HINTS[kind], span)
    return at.problem("CEP110", f"`{word}` has no name", _NAME_HINTS[kind], span)


def emit_form(at: Situation) -> Problem | None:
    """``emit (user)``, ``emit X{…}``, ``emit X user``."""
    kinds = at.previous_kinds(2)
    if kinds[-1:] == ("_EMIT",) and not at.at_end:
        hint = "write the type of the derived event: `emit Alert(user)`"
        return at.problem("CEP121", f"after `emit` comes a name, not {shown(at.found)}", hint)
    if re.match(r"on\s+timeout\b", at.text[at.offset :]) and "_EMIT" in at.accepted:
        return at.problem("CEP121", "after `on timeout` comes `emit`", "write `on timeout emit X(…)`")
    if len(kinds) < 2 or kinds[0] != "_EMIT" or at.at_end:
        return None
    name = at.history[-1]
    if at.found in ("{", "[", ":"):
        hint = f"write `{name}(…)`"
        return at.problem("CEP121", "the fields of a derived event stand in parentheses", hint)
    if at.kind in ("NAME", "QUOTED", "STRING", "INT") and not at.first_in_line:
        hint = f"write `emit {name}({at.found}, …)`"
        return at.problem("CEP121", "the fields of a derived event stand in parentheses", hint)
    return None


def clause_twice(at: Situation) -> Problem | None:
    """A second ``when`` or ``from``; other clauses are counted by the reader."""
    if at.kind not in ("_WHEN", "_FROM") or at.opened:
        return None
    inside = at.since("_RULE")
    if len(inside) == len(at.history):
        return None
    for token in inside:
        if token.type == at.kind:
            related = ((at.token_span(token), "the first is here"),)
            return at.problem("CEP108", f"the clause `{at.found}` stands twice", "keep one of them", related=related)
    return None


def from_too_late(at: Situation) -> Problem | None:
    """``from`` behind ``when`` or ``over``; ``over`` before ``from``."""
    inside = at.since("_RULE")
    if at.opened or len(inside) == len(at.history):
        return None
    if at.found == "from" and not any(token.type == "_FROM" for token in inside):
        hint = "move `from` and its events up: a rule over windows is known by it"
        return at.problem("CEP127", "`from` stands before `over` and `when`", hint)
    if at.found == "over" and not any(token.type in ("_FROM", "_WHEN") for token in inside):
        hint = "write `from` and its events first: `from Payment over last 10 minutes`"
        return at.problem("CEP127", "`from` stands before `over` and `when`", hint)
    return None


def key_with_by(at: Situation) -> Problem | None:
    """``within 5 minutes by user``."""
    if at.found != "by" or "_PER" not in at.accepted or at.opened:
        return None
    name = re.match(r"\s+([\w.]+)", at.text[at.end :])
    hint = f"write `per {name.group(1) if name else '…'}`"
    return at.problem("CEP107", "a key is written with `per`, not `by`", hint, correction=at.instead("per"))


def rate(at: Situation) -> Problem | None:
    """``at most 1 per hour``, ``at most once every hour``, ``over 1 minute``."""
    kinds = at.previous_kinds(2)
    if kinds == ("_AT_MOST", "INT") and at.found == "per":
        unit = re.match(r"\s+(second|minute|hour|day|week)\b", at.text[at.end :])
        if unit is None:
            return None
        hint = f"write `at most {at.history[-1]} every 1 {unit.group(1)}`"
        return at.problem("CEP113", "`at most` says its time behind `every`", hint)
    if kinds[-1:] == ("_AT_MOST",) and at.found in ("once", "twice"):
        count = 1 if at.found == "once" else 2
        unit = re.match(r"\s+(?:every|per|an?|each)\s+(second|minute|hour|day|week)\b", at.text[at.end :])
        hint = f"write `at most {count} every {f'1 {unit.group(1)}' if unit else '1 hour'}`"
        return at.problem("CEP113", f"`at most` takes a number, not `{at.found}`", hint)
    if kinds[:1] == ("_OVER",) and at.accepted == {"_EVERY"} and at.previous is not None:
        length = at.previous
        hint = f"write `over last {length}` (sliding) or `over every {length}`"
        return at.problem("CEP131", "the window does not say how it moves", hint, at.token_span(length))
    return None


def keys_joined_by_and(at: Situation) -> Problem | None:
    """``per user and ip``."""
    if at.found != "and" or not (at.start == "keys_entry" or any(token.type == "_PER" for token in at.history)):
        return None
    after = at.history if at.start == "keys_entry" else at.since("_PER")
    if all(token.type in ("NAME", "QUOTED", "_DOT", "_COMMA") for token in after):
        hint, instead = "write `,` instead of `and`", at.instead(",")
        return at.problem("CEP128", "keys are separated by commas", hint, correction=instead)
    return None


def clause_value(at: Situation) -> Problem | None:
    """``severity "high"``, ``tags "x"``, ``meta x 1``, ``table x from "y"`` without ``key``."""
    last = at.previous_kinds(1)
    if last == ("_SEVERITY",) and at.kind == "STRING":
        plain, instead = at.found[1:-1], at.instead(at.found[1:-1])
        hint = f"write `severity {plain}`"
        return at.problem("CEP122", "a severity stands without quotes", hint, correction=instead)
    if last == ("_TAGS",):
        hint = f"write `tags [{at.found}]`" if at.kind == "STRING" else 'write `tags ["attack.t1110"]`'
        return at.problem("CEP122", "tags are a list of texts in brackets", hint)
    if "_KEY" in at.accepted and len(at.accepted) == 1:
        hint = "write `key` and the field by which rows are found"
        return at.problem("CEP131", "a table says by which field its rows are found", hint)
    return None


def definition_form(at: Situation) -> Problem | None:
    """``define failed login Login(x == 1)``: the word `as` is missing."""
    if not at.history or at.history[0].type != "_DEFINE":
        return None
    if any(token.type == "_AS" for token in at.history):
        if at.found != "where" or at.opened:
            return None
        condition = " ".join(at.rest_of_line()[len("where") :].split())
        event = " ".join(at.since("_AS"))
        hint = f"write `{event}({condition})`" if condition and "(" not in event else "write it into the parentheses"
        return at.problem("CEP131", "the condition of a definition stands in parentheses, without `where`", hint)
    if at.opened and at.found in ("==", "!=", "<", ">", "<=", ">="):
        return at.problem("CEP131", "a definition is written `define WORDS as EVENT`", "write `as` before the event")
    if "_AS" in at.accepted and "_LPAR" in at.accepted:
        return at.problem("CEP131", "a definition is written `define WORDS as EVENT`", "write `as` and the event")
    return None


def test_rows(at: Situation) -> Problem | None:
    """Rows without a time; a test without ``expect``."""
    if not any(token.type == "_TEST" for token in at.history) or at.opened:
        return None
    if at.at_end and "_EXPECT" in at.accepted:
        return at.problem(
            "CEP131", "a test ends with what it expects", "write `expect nothing`, or `expect` and its rows"
        )
    if at.kind in ("NAME", "QUOTED") and at.accepted & {"DURATION", "_THEN_AT"}:
        hint = f"write the time first: `0s {at.found}(…)`"
        return at.problem("CEP131", "each row begins with its time", hint)
    if at.kind in ("INT", "NUMBER") and "DURATION" in at.accepted:
        return at.problem("CEP115", f"the time `{at.found}` has no unit", f"write `{at.found}s`")
    return None


def schema_field(at: Situation) -> Problem | None:
    """A field without a type; braces that are missing."""
    if not at.history or at.history[0].type != "_EVENT":
        return None
    if at.kind in ("NAME", "QUOTED", "STRING") and "FIELD" in at.accepted:
        if at.text[at.end :].lstrip().startswith(("int", "string", "float", "bool", "=")):
            return at.problem(
                "CEP131", "a field is written with a colon before its type", f"write `{at.found}: string`"
            )
        return at.problem("CEP131", f"the field {shown(at.found)} has no type", f"write `{at.found}: string`")
    if "_LBRACE" in at.accepted and len(at.accepted) == 1:
        return at.problem("CEP131", "the fields of an event stand in braces", "write `{ user: string }`")
    return None


def rule_missing(at: Situation) -> Problem | None:
    """A rule without the word `rule`: its name stands first, and a doc, `when` or `from` follows."""
    if at.start != "file" or at.history or at.kind not in ("NAME", "QUOTED"):
        return None
    follows = re.match(r"\s*(?:when|from)\b|[ \t]*\n[ \t]+[\"']", at.text[at.end :])
    if follows is None or misspelt_declaration(at.found):
        return None
    hint, instead = f"write `rule {at.found}`", at.instead(f"rule {at.found}")
    return at.problem("CEP106", f"`rule` is missing before {shown(at.found)}", hint, correction=instead)


def name_of_words(at: Situation) -> Problem | None:
    """``rule brute force``."""
    if at.previous_kinds(2) != ("_RULE", "NAME") or not at.found.isidentifier() or at.first_in_line:
        return None
    hint = f"write `rule {at.history[-1]}_{at.found}`; a description stands in quotes"
    return at.problem("CEP100", "the name of a rule is one word", hint)


def unknown_declaration(at: Situation) -> Problem | None:
    """A misspelt ``rule``, or text that belongs to nothing."""
    if at.start != "file" or at.opened or not at.first_in_line or not at.found.isidentifier():
        return None
    if "_RULE" not in at.accepted:
        return None
    near = misspelt_declaration(at.found) or closest(at.found, DECLARATION_WORDS)
    if near is not None and (not at.history or _at_margin(at)):
        hint, instead = f"did you mean `{near}`?", at.instead(near)
        return at.problem("CEP106", f"`{at.found}` is no declaration", hint, correction=instead)
    if not at.history:
        hint = "a file holds `event`, `define`, `let`, `table`, `rule` and `test`"
        return at.problem("CEP106", f"{shown(at.found)} is no declaration", hint)
    return None


def _at_margin(at: Situation) -> bool:
    column = at.offset - (at.text.rfind("\n", 0, at.offset) + 1)
    return column == 0 and closest(at.found, _CLAUSES) is None


def unknown_clause(at: Situation) -> Problem | None:
    """A word that begins no clause, where one may begin."""
    if "_SEVERITY" not in at.accepted or at.opened or not at.found[:1].isalpha() or at.start != "file":
        return None
    if at.kind not in ("NAME", "_ON", "_ID", "_TIME", "_KEY", "_GIVEN") and at.found not in ("order", "group"):
        return None
    if not at.first_in_line and is_misspelt(at.found, CLAUSE_WORDS) is None:
        return None
    near = closest(at.found, (*_CLAUSES, *(name.split()[0] for name in _CLAUSE_NAMES)))
    near = next((name for name in _CLAUSE_NAMES if near and name.startswith(f"{near} ")), near)
    hint = f"did you mean `{near}`?" if near else _clauses_hint(at)
    meant = is_misspelt(at.found, PLAIN_CLAUSES)
    instead = at.instead(meant) if meant is not None and meant == near else None
    return at.problem("CEP107", f"`{at.found}` is no clause of a rule", hint, correction=instead)


def _clauses_hint(at: Situation) -> str:
    words = {"group": "write `per user`", "order": "events are always in the order of time"}
    return words.get(at.found, "clauses are: when, where, within, per, having, emit, severity, tags, meta, …")


def clause_in_fragment(at: Situation) -> Problem | None:
    """``where`` in the value of `when` in the YAML form."""
    if at.start == "file" or at.opened or at.found not in _CLAUSES:
        return None
    hint = f"write it as a key of its own: `{at.found}: …`"
    return at.problem("CEP107", f"`{at.found}` does not belong to this value", hint)


def clause_for_windows(at: Situation) -> Problem | None:
    """``every time`` and the like in a place where nothing of it stands; kept last for rules with ``from``."""
    if at.found != "every" or "_SEVERITY" not in at.accepted:
        return None
    inside = at.since("_RULE")
    if any(token.type == "_FROM" for token in inside) and not any(token.type == "_WHEN" for token in inside):
        return at.problem(
            "CEP127", "`every time` follows the condition of `when`", "write `when` and a condition before it"
        )
    return None


CLAUSE_SLIPS: tuple[Callable[[Situation], Problem | None], ...] = (
    declaration_name,
    emit_form,
    clause_twice,
    from_too_late,
    key_with_by,
    rate,
    keys_joined_by_and,
    clause_value,
    definition_form,
    test_rows,
    schema_field,
    rule_missing,
    name_of_words,
    unknown_declaration,
    unknown_clause,
    clause_in_fragment,
    clause_for_windows,
)
