"""Reading on behind a mistake: what can be read of a text that does not parse. Language layer.

The parser stops at the first mistake. To find the others, and to let the checker see what is sound, the text is mended
and read again, until it parses:

- where the author can only have meant one thing (``wihtin``, ``&&``, a single ``=``) that is put in its place;
- else the clause with the mistake is taken out. In place of ``when`` and ``from``, without which there is no rule, a
  stand-in is written. What was taken out is noted in ``syntax.Rule.broken``;
- outside of rules the whole declaration is taken out.

Invariant: a mistake is reported once, and nothing is reported that comes of taking something out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cep.diagnostics import Diagnostic
from cep.language.mistakes.explain import explain_situation
from cep.language.mistakes.situation import Situation, correction
from cep.language.reader.clauses import CLAUSES, ClauseStart, clause_starts, mentioned_clauses
from cep.language.reader.grammar import grammar_parser
from cep.language.reader.places import Places
from cep.language.words import word_set

if TYPE_CHECKING:
    from lark import Token, Tree

    Built = Tree[Token]

MAX_SLIPS = 25
"""How many mistakes of one piece of a file are told; what is left of it then is left out."""

_DECLARING = word_set("_EVENT _DEFINE _LET _TABLE _RULE _TEST")
_HEAD = re.compile(r"rule\s+([^\W\d]\w*|`[^`\n]+`)(?=\s|\Z)")
_FROM = re.compile(r"\bfrom\b")
_STAND_INS = {"when": "when (x)", "from": "from x"}


@dataclass(frozen=True, slots=True)
class Change:
    """``text`` is read instead of what stands from ``start`` to before ``end`` in the text as written.

    ``clauses`` are those of the rule that begins at ``rule`` of which something is lost; null for other declarations.
    """

    start: int
    end: int
    text: str
    clauses: frozenset[str] = frozenset()
    rule: int | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a text: its tree (null if nothing helped), where each character that was read was written, and
    what was changed to get there."""

    tree: Built | None
    origins: Sequence[int]
    changes: tuple[Change, ...]
    diagnostics: tuple[Diagnostic, ...]

    def lost(self, start: int) -> frozenset[str]:
        """The clauses of which something is lost in the rule that begins at an offset of the text as written."""
        return frozenset(clause for change in self.changes if change.rule == start for clause in change.clauses)


def mend(text: str, places: Places, start: int) -> Mended:
    """What can be read of a text that does not parse, and that begins at ``start`` in a file with these places."""
    return _Mender(text, places, start).run()


def _changed(text: str, changes: Sequence[Change]) -> tuple[str, list[int]]:
    """The text with the changes, and where each of its characters was written. Line breaks stay."""
    parts: list[str] = []
    origins: list[int] = []
    position = 0
    for change in changes:
        parts.append(text[position : change.start])
        origins.extend(range(position, change.start))
        breaks = text.count("\n", change.start, change.end)
        parts.append(change.text + "\n" * breaks)
        last = max(change.end - 1, change.start)
        origins.extend(min(change.start + index, last) for index in range(len(change.text)))
        origins.extend([last] * breaks)
        position = change.end
    parts.append(text[position:])
    origins.extend(range(position, len(text)))
    return "".join(parts), origins


def _parses(text: str) -> bool:
    from lark.exceptions import UnexpectedInput

    try:
        grammar_parser().parse(text, start="file")
    except UnexpectedInput:
        return False
    return True


@dataclass(slots=True)
class _Mender:
    text: str
    places: Places
    start: int
    changes: list[Change] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    disordered: set[int] = field(default_factory=set)

    def run(self) -> Mended:
        from lark.exceptions import UnexpectedInput

        tree: Built | None = None
        for _ in range(MAX_SLIPS):
            text, origins = _changed(self.text, self.changes)
            try:
                tree = grammar_parser().parse(text, start="file")
                break
            except UnexpectedInput:
                if not self._change_at_mistake(text, origins):
                    break
        return Mended(tree, origins, tuple(self.changes), tuple(self.diagnostics))

    def _change_at_mistake(self, text: str, origins: Sequence[int]) -> bool:
        """Reports where the text does not parse, and changes it there; false if nothing is left to change."""
        situation = self._situation(text, origins)
        problem = explain_situation(situation)
        if problem.correction is not None:
            first, last, instead = problem.correction
            change = Change(origins[first], origins[last - 1] + 1, instead)
            if self._helps(change, self._written(problem.offset, origins)):
                span = self.places.span(self.start + change.start, self.start + change.end)
                self.diagnostics.append(replace(problem.diagnostic, fix=correction(self.places, span, instead)))
                return self._add(change)
        rule = _rule_of(situation)
        if rule is None:
            self.diagnostics.append(problem.diagnostic)
            return self._add(self._declaration(situation, text, origins))
        clause = self._clause(situation, rule, text, origins)
        # What stands where declarations begin, and is no clause, is one that nobody knows.
        change = clause or self._declaration(situation, text, origins, situation.offset)
        if not self._is_consequence(change, problem.diagnostic):
            self.diagnostics.append(problem.diagnostic)
        return self._add(change)

    def _situation(self, text: str, origins: Sequence[int]) -> Situation:
        """Where the parser stopped; or where the next clause begins, if it took the keyword of that for a name."""
        places = self.places.fragment([self.start + origin for origin in (*origins, len(self.text))])
        situation = Situation(text, "file", places)
        rule = _rule_of(situation)
        if rule is None:
            return situation
        begun = _clause_of(situation, rule)
        names = {token.start_pos for token in situation.history if token.type == "NAME"}
        for begin in clause_starts(text, begun.start_pos or 0, _over_windows(situation, rule)):
            if begin.start > situation.offset:
                break
            if begin.start in names and not _parses(text[: begin.start]):
                clause = "" if begun is rule else " ".join(begun.split())
                return Situation(text[: begin.start], "file", places, clause)
        return situation

    def _written(self, offset: int, origins: Sequence[int]) -> int:
        return origins[offset] if offset < len(origins) else len(self.text)

    def _helps(self, change: Change, stopped: int) -> bool:
        """Whether the text can be read further with it than to where the parser stopped."""
        if any(change.start < other.end and other.start < change.end for other in self.changes):
            return False
        text, origins = _changed(self.text, sorted([*self.changes, change], key=_place))
        if _parses(text):
            return True
        offset = Situation(text, "file", self.places).offset
        end = self._written(offset, origins)
        return end > max(stopped, change.end) and bool(self.text[change.end : end].strip())

    def _is_consequence(self, change: Change, found: Diagnostic) -> bool:
        """Whether the mistake comes of an earlier change, or of an order of clauses that was told."""
        if change.rule is None:
            return False
        earlier = [c for c in self.changes if c.rule == change.rule]
        moved = any("when" in c.clauses or _FROM.search(self.text, c.start, c.end) for c in earlier)
        told = found.code == "CEP127" and (change.rule in self.disordered or moved)
        if found.code == "CEP127":
            self.disordered.add(change.rule)
        return told or any(c.rule == change.rule and c.start == change.start and c.text for c in self.changes)

    # ---- what is taken out ----

    def _clause(self, situation: Situation, rule: Token, text: str, origins: Sequence[int]) -> Change | None:
        """The clause with the mistake; null if it stands where declarations begin, and so is none."""
        begun = _clause_of(situation, rule)
        first, clause = begun.start_pos or 0, "" if begun is rule else " ".join(begun.split())
        another = _begins_another(situation) if clause else None
        if another is not None and not another.clause and _column(text, another.start) == _column(text, rule.start_pos):
            return None
        if another is not None:
            first, clause = another.start, another.clause
        last = len(situation.text) if len(situation.text) < len(text) else len(text)
        if last == len(text):
            last = _next_start(situation, first, _over_windows(situation, rule))
        start, end = origins[first], self._written(last, origins)
        lost = mentioned_clauses(self.text[start:end]) - {"from"}
        instead = _STAND_INS.get(clause, "")
        if begun is rule:
            head = _HEAD.match(self.text, start, end)
            named = head is not None and head.group(1) not in CLAUSES
            instead = head.group() if head is not None and named else "rule x"
            lost |= {"doc", "name"} if named and situation.found.isidentifier() else {"doc" if named else "name"}
        else:
            lost |= {clause} if clause else CLAUSES - {"from"}
        return Change(start, end, instead, lost, self._written(rule.start_pos or 0, origins))

    def _declaration(self, situation: Situation, text: str, origins: Sequence[int], first: int | None = None) -> Change:
        """A declaration that is no rule, and perhaps begins at ``first``, is taken out whole."""
        begun = _declaration_of(situation)
        if first is None:
            first = situation.offset if begun is None else begun.start_pos or 0
        starts = (begin.start for begin in clause_starts(text, first, False) if not begin.clause)
        last = next((start for start in starts if start > max(first, situation.offset - 1)), len(text))
        return Change(self._written(first, origins), self._written(last, origins), "")

    def _add(self, change: Change) -> bool:
        """Makes a change, which takes up those inside it; false if it changes nothing."""
        inside = [c for c in self.changes if change.start <= c.start and c.end <= change.end]
        lost = change.clauses.union(*(c.clauses for c in inside if c.rule == change.rule))
        change = replace(change, clauses=lost)
        if change.start >= change.end or change in inside:
            return False
        self.changes = sorted([*(c for c in self.changes if c not in inside), change], key=_place)
        return True


def _place(change: Change) -> int:
    return change.start


def _column(text: str, offset: int | None) -> int:
    return (offset or 0) - text.rfind("\n", 0, offset or 0)


def _next_start(situation: Situation, first: int, over_windows: bool) -> int:
    """Where the clause or declaration behind the mistake begins."""
    for begin in clause_starts(situation.text, first, over_windows):
        if begin.start > first and begin.start >= situation.offset:
            return begin.start
    return len(situation.text)


def _begins_another(situation: Situation) -> ClauseStart | None:
    """The clause with the mistake where the one before it is complete: it has the clause's keyword, or its line.

    Its name is empty where nobody knows what is meant.
    """
    word, offset = situation.found, situation.offset
    if not word.isidentifier() or "_SEVERITY" not in situation.accepted:
        return None
    begin = next(iter(clause_starts(situation.text, offset, False)), None)
    if begin is not None and begin.start == offset and begin.clause:
        return begin
    if not situation.first_in_line:
        return None
    return ClauseStart(offset, next(iter(sorted(mentioned_clauses(word))), ""))


def _declaration_of(situation: Situation) -> Token | None:
    """The keyword of the declaration that the parser was in."""
    found = None
    for before, token in zip([None, *situation.history], situation.history, strict=False):
        if token.type in _DECLARING and (before is None or before.type != "_GIVEN"):
            found = token
    return found


def _rule_of(situation: Situation) -> Token | None:
    """The keyword of the rule that the parser was in; null in other declarations and between them."""
    begun = _declaration_of(situation)
    return begun if begun is not None and begun.type == "_RULE" else None


def _clauses_of(situation: Situation, rule: Token) -> list[Token]:
    return [token for token in situation.clause_tokens if (token.start_pos or 0) > (rule.start_pos or 0)]


def _clause_of(situation: Situation, rule: Token) -> Token:
    """The keyword of the clause that the parser was in; that of the rule before its first clause."""
    clauses = _clauses_of(situation, rule)
    return clauses[-1] if clauses else rule


def _over_windows(situation: Situation, rule: Token) -> bool:
    return any(token.type == "_FROM" for token in _clauses_of(situation, rule))
