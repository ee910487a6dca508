"""What stands rightly and is left alone by a mistake before it: the place of both is told. Language layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.language.mistakes.situation import CLOSING, OPENING, Problem, Situation

if TYPE_CHECKING:
    from lark import Token

    from cep.diagnostics import Span

_BEGINNINGS = ("_ASSIGN", "_COMMA", "_LPAR")


def then_without_if(at: Situation) -> Problem | None:
    """``x > 3 then "high" else "low"`` as a value."""
    if at.found not in ("then", "else") or not at.opened or "_THEN" in at.accepted or "_ELSE" in at.accepted:
        return None
    begin = max((n for n, token in enumerate(at.history) if token.type in _BEGINNINGS), default=-1)
    if begin < 0 or begin + 1 >= len(at.history) or any(t.type == "_IF" for t in at.history[begin:]):
        return None
    related = ((at.span(), f"this `{at.found}` is left without it"),)
    message, hint = "`if` is missing before this condition", "write `if CONDITION then VALUE else VALUE`"
    return at.problem("CEP100", message, hint, at.token_span(at.history[begin + 1]), related)


def comma_in_parentheses(at: Situation) -> Problem | None:
    """``(ip, "10.0.0.0/8")``: parentheses with several values belong to a function, whose name is missing."""
    if at.found != "," or not at.opened or at.opened[-1].type != "_LPAR" or "_COMMA" in at.accepted:
        return None
    before = _before(at, at.opened[-1])
    if before is None or before.type in ("NAME", "QUOTED", "_IN", "_RPAR"):
        return None
    related = ((at.token_span(at.opened[-1]), "in these parentheses, before which no function stands"),)
    message = "`,` stands between the arguments of a function, and there is none"
    return at.problem("CEP100", message, "write `function(…, …)`, or close the parentheses before it", None, related)


def comma_behind_emit(at: Situation) -> Problem | None:
    """``emit X(n = count, ip), m = 1``: the parentheses are closed before their end."""
    if at.found != "," or at.opened or at.previous_kinds(1) != ("_RPAR",):
        return None
    if not at.clause_tokens or at.clause_tokens[-1].type not in ("_EMIT", "_ON_TIMEOUT"):
        return None
    related = ((at.token_span(at.history[-1]), "they are closed here"),)
    message = "the parentheses of `emit` are closed before this"
    return at.problem("CEP100", message, "write `(` where one is missing, or leave out a `)`", None, related)


def for_without_no(at: Situation) -> Problem | None:
    """``when Heartbeat for 60 seconds``."""
    if at.found != "for" or "_THEN" not in at.accepted or not at.history or at.history[-1].type != "NAME":
        return None
    words: list[Token] = []
    for token in reversed(at.history):
        if token.type != "NAME":
            break
        words.insert(0, token)
    phrase = " ".join(words)
    related = ((at.token_span(words[0]), "this comes, and takes no time"),)
    hint = f"write `no {phrase} for …` where it is to stay away, or `within` for a bound"
    return at.problem("CEP100", "`for` says how long something stays away", hint, None, related)


def over_missing(at: Situation) -> Problem | None:
    """``from A last 5 minutes``: a window without `over`."""
    word = at.previous
    if word is None or word not in ("last", "every") or at.kind not in ("INT", "DURATION", "NUMBER"):
        return None
    inside = at.since("_RULE")
    if not any(token.type == "_FROM" for token in inside) or any(token.type in ("_OVER", "_WHEN") for token in inside):
        return None
    hint = f"write `over {word} {at.found} …`"
    return at.problem("CEP100", f"`over` is missing before `{word}`", hint, at.token_span(word))


def closed_too_late(at: Situation, opening: Token) -> tuple[tuple[Span, str], ...]:
    """Where a `)` may be missing in what stands in brackets that are not closed: before `, name =` inside a call."""
    depth = -1
    for number, token in enumerate(at.history):
        if token is opening:
            depth = 0
        elif depth >= 0 and token.type in OPENING:
            depth += 1
        elif depth >= 0 and token.type in CLOSING:
            depth -= 1
        elif depth > 0 and token.type == "_ASSIGN" and at.history[number - 2].type == "_COMMA":
            return ((at.token_span(at.history[number - 2]), "perhaps one is missing before this"),)
    return ()


def closed_before(at: Situation) -> tuple[tuple[Span, str], ...]:
    """The closing brackets just before one too many: one of them may be it."""
    first = None
    for token in reversed(at.history):
        if token.type not in CLOSING:
            break
        first = token
    if first is None:
        return ()
    return ((at.span(first.start_pos, at.offset), "here, or before this one that opens is missing"),)


def _before(at: Situation, opening: Token) -> Token | None:
    index = next(i for i, token in enumerate(at.history) if token is opening)
    return at.history[index - 1] if index else None
