"""Text to syntax tree, with every syntax error of the text. Language layer.

A file is read as a whole; where that fails it is cut where declarations begin, and each piece is read for itself. A
piece that does not parse is mended (:mod:`cep.language.mending`): a broken rule costs the clauses with the mistakes,
any other declaration is left out. What it would have declared is listed in :attr:`ParsedFile.broken`, so that nobody
complains about names that are missing only because of the error.

Fragments (the values of the YAML form, options of the command line) have entry points of their own.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.diagnostics import Diagnostic, Span
from cep.language import syntax
from cep.language.ignoring import Ignore, find_ignores
from cep.language.mending import Mended, mend
from cep.language.reader.clauses import mentioned_clauses
from cep.language.reader.places import Places
from cep.language.reader.recovery import Broken, Piece, broken_names, cut, is_harmless
from cep.language.words import word_set

if TYPE_CHECKING:
    from lark import Token, Tree

    from cep.language.reader.declarations import DeclarationBuilder

    Built = Tree[Token]

MAX_RULE_BYTES = 64 * 1024
MAX_NESTING = 64
MAX_CHAIN = 200
"""How many operators may follow each other without parentheses: every pass over the tree descends along them."""

_CHAINS = frozenset({"binary", "or_", "and_", "member", "index"})


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What could be read of one file.

    ``tree`` holds the declarations that were read, rules that are broken in part among them (``syntax.Rule.broken``);
    ``diagnostics`` all syntax errors in the order of their places, ``broken`` what the declarations that are
    broken, in part or wholly, would have declared, and ``ignores`` the comments that ignore warnings.
    """

    tree: syntax.RuleFile
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: tuple[Broken, ...] = ()
    ignores: tuple[Ignore, ...] = ()


def parse(text: str, file: str = "<rules>") -> ParsedFile:
    """Reads a rule file. Never raises for what an author may write."""
    places = Places(file, text)
    pieces = cut(text)
    too_long = any(len(piece.text) * 4 > MAX_RULE_BYTES and _too_long(piece) for piece in pieces)
    results = None if too_long else _read_whole(Piece(text, 0), places)
    if results is None or (results[0].diagnostics and len(pieces) > 1):
        # What was read as a whole may have taken the next declaration for part of this one.
        results = [_read_piece(piece, places) for piece in pieces]
    declarations = tuple(declaration for result in results for declaration in result.tree.declarations)
    diagnostics = sorted((diagnostic for result in results for diagnostic in result.diagnostics), key=lambda d: d.span)
    broken = tuple(item for result in results for item in result.broken)
    diagnostics = _without_uses(text, diagnostics, broken)
    span = places.span(0, len(text))
    ignores = find_ignores(text, places, "cep")
    return ParsedFile(syntax.RuleFile(declarations, span=span), tuple(diagnostics), broken, ignores)


def _without_uses(text: str, diagnostics: list[Diagnostic], broken: tuple[Broken, ...]) -> list[Diagnostic]:
    """Without what comes of using a definition whose words were refused (`define within office as …`)."""
    if not any(found.code == "CEP119" for found in diagnostics):
        return diagnostics
    places = Places("", text)
    uses: list[Span] = []
    for phrase in (item.name for item in broken if item.kind == "define" and " " in item.name):
        words = r"\s+".join(map(re.escape, phrase.split()))
        uses.extend(places.span(*match.span()) for match in re.finditer(rf"\b{words}", text))
    return [found for found in diagnostics if found.code == "CEP119" or not any(_inside(found, use) for use in uses)]


def _inside(found: Diagnostic, use: Span) -> bool:
    place = (found.span.line, found.span.column)
    return (use.line, use.column) <= place < (use.end_line, use.end_column)


def _read_whole(piece: Piece, places: Places) -> list[ParsedFile] | None:
    from lark.exceptions import UnexpectedInput

    from cep.language.reader.grammar import grammar_parser

    try:
        tree = grammar_parser().parse(piece.text, start="file")
    except UnexpectedInput:
        return None
    return [_built(piece, Mended(tree, range(len(piece.text)), (), ()), places)]


def _read_piece(piece: Piece, places: Places) -> ParsedFile:
    from lark.exceptions import UnexpectedInput

    from cep.language.reader.grammar import grammar_parser

    own_places = places.shifted(piece.start)
    if _too_long(piece):
        return ParsedFile(_no_tree(), (_size_problem(piece, own_places),), broken_names(piece.text))
    try:
        tree = grammar_parser().parse(piece.text, start="file")
    except UnexpectedInput:
        mended = mend(piece.text, places, piece.start)
    else:
        mended = Mended(tree, range(len(piece.text)), (), ())
    if mended.tree is None:
        return ParsedFile(_no_tree(), mended.diagnostics, broken_names(piece.text))
    return _built(piece, mended, own_places)


def _no_tree() -> syntax.RuleFile:
    return syntax.RuleFile(())


def _too_long(piece: Piece) -> bool:
    return len(piece.text.encode("utf-8", "replace")) > MAX_RULE_BYTES


def _size_problem(piece: Piece, places: Places) -> Diagnostic:
    end = len(piece.text.split("\n", 1)[0])
    return Diagnostic(
        "CEP126",
        f"this declaration is longer than {MAX_RULE_BYTES // 1024} KiB",
        places.span(0, max(end, 1)),
        'move long lists into a table: `table NAME from "PATH" key FIELD`',
    )


def _built(piece: Piece, mended: Mended, places: Places) -> ParsedFile:
    """The declarations of a tree. ``places`` is that of the piece as written."""
    from cep.language.reader.declarations import DeclarationBuilder

    assert mended.tree is not None
    written = places if isinstance(mended.origins, range) else places.rearranged(mended.origins)
    builder = DeclarationBuilder(written)
    declarations: list[syntax.Declaration] = []
    broken: list[Broken] = []
    for child in builder.trees(mended.tree):
        start, end = mended.origins[child.meta.start_pos], mended.origins[child.meta.end_pos - 1] + 1
        lost = mended.lost(start)
        before = len(builder.diagnostics)
        node = None if _too_deep(child, builder) else builder.declaration(child, lost)
        sound = all(map(is_harmless, builder.diagnostics[before:]))
        if node is not None and (sound or isinstance(node, syntax.Rule)):
            declarations.append(node)
        if node is None or not sound or lost or (isinstance(node, syntax.Rule) and node.broken):
            ends = [change.end for change in mended.changes if change.rule == start]
            broken.extend(broken_names(piece.text[start : max([end, *ends])]))
        if "name" in lost:
            broken.append(Broken("rule", ""))
    for change in mended.changes:
        if change.rule is None and not change.text:
            text = piece.text[change.start : change.end]
            broken.extend(broken_names(text) or ((Broken("rule", ""),) if mentioned_clauses(text) else ()))
    ends_of_changes = [places.span(change.end, change.end) for change in mended.changes]
    behind = {(end.line, end.column) for end in ends_of_changes}
    return ParsedFile(
        syntax.RuleFile(tuple(declarations)),
        (*mended.diagnostics, *(found for found in builder.diagnostics if not _is_split(found, behind))),
        tuple(broken),
    )


def _is_split(found: Diagnostic, behind: Container[tuple[int, int]]) -> bool:
    """Whether a clause stands twice because a word too many, or its mistake, cut another in two."""
    return found.code == "CEP108" and (found.span.line, found.span.column) in behind


def _too_deep(tree: Built, builder: DeclarationBuilder) -> bool:
    """Reports the first node that lies too deep. Walks without recursion."""
    stack = [(tree, 0, 0)]
    while stack:
        node, depth, chain = stack.pop()
        if depth > MAX_NESTING or chain > MAX_CHAIN:
            if chain > MAX_CHAIN:
                message = f"more than {MAX_CHAIN} operators in one expression"
                hint = "compare with a list: `x in [1, 2]`, or with a table"
            else:
                message, hint = (
                    f"nested more than {MAX_NESTING} levels deep",
                    "give a part a name with `define` or `let`",
                )
            builder.report("CEP125", message, builder.span(node), hint)
            return True
        along = node.data in _CHAINS
        for index, child in enumerate(builder.trees(node)):
            if along and index == 0:
                stack.append((child, depth, chain + 1))
            else:
                stack.append((child, depth + (child.data in _NESTING), chain))
    return False


_NESTING = word_set(
    """arguments list_literal map_literal group any_event members not_ negative if_else index binary or_ and_ in_ not_in
    like not_like matches not_matches crosses_above crosses_below between not_between is_null is_missing
    lambda_argument type_arguments with_mode"""
)


# ---- fragments ----


@dataclass(frozen=True, slots=True)
class ParsedFragment:
    """A fragment: ``value`` is what its entry point says, or null if it could not be read."""

    value: Any
    diagnostics: tuple[Diagnostic, ...] = ()


def parse_expression(text: str, file: str = "<expression>", places: Places | None = None) -> ParsedFragment:
    """An expression; ``value`` is a ``syntax.Expression``. ``places`` gives a fragment its place in a file."""
    return parse_fragment("expression", text, file, places)


def parse_pattern(text: str, file: str = "<pattern>", places: Places | None = None) -> ParsedFragment:
    """A pattern, perhaps with ``within D`` behind it; ``value`` is ``(pattern, within or null)``."""
    return parse_fragment("pattern", text, file, places)


def parse_fragment(
    entry: str, text: str, file: str = "<fragment>", places: Places | None = None, *, in_test: bool = False
) -> ParsedFragment:
    """A fragment by the name of its entry point in the grammar, without ``_entry``.

    ======================  =========================================================
    ``expression``          an expression
    ``pattern``             ``(pattern, within or null)``
    ``duration``            a duration: literal, name of a constant, ``(expression)``
    ``keys``                a tuple of ``syntax.Key``
    ``input``               a ``syntax.Input``
    ``window``              a ``syntax.Window``
    ``window_when``         ``(condition, firing or null)``
    ``strategy``            a ``syntax.AfterMatch``
    ``at_most``             a ``syntax.AtMost``
    ``emit``                a ``syntax.Emit``
    ``type``                a ``syntax.TypeExpr``
    ``phrases``             a tuple of ``syntax.EventPhrase``
    ``definition_head``     ``(words, parameters)``
    ``count``               a number, at least 1
    ``time``                microseconds
    ``repeat``              ``(times, every)``
    ======================  =========================================================
    """
    from lark.exceptions import UnexpectedInput

    from cep.language.mistakes.explain import explain
    from cep.language.mistakes.situation import correction
    from cep.language.reader.declarations import DeclarationBuilder
    from cep.language.reader.fragments import fragment_value
    from cep.language.reader.grammar import grammar_parser

    places = places or Places(file, text)
    start = f"{entry}_entry"
    if len(text.encode("utf-8", "replace")) > MAX_RULE_BYTES:
        return ParsedFragment(None, (_size_problem(Piece(text, 0), places),))
    try:
        tree = grammar_parser().parse(text, start=start)
    except UnexpectedInput:
        problem = explain(text, start, places)
        fix = None
        if problem.correction is not None:
            first, last, instead = problem.correction
            fix = correction(places, places.span(first, last), instead)
        return ParsedFragment(None, (replace(problem.diagnostic, fix=fix),))
    builder = DeclarationBuilder(places, in_test=in_test)
    value = None if _too_deep(tree, builder) else fragment_value(entry, tree, builder)
    builder.finish()
    return ParsedFragment(value, tuple(builder.diagnostics))


def whole_span(text: str, file: str) -> Span:
    """The span of a whole text."""
    return Places(file, text).span(0, len(text))
