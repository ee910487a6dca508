"""From the parser's tree to expressions and windows. Language layer.

The builders are one class in three steps (:class:`ExpressionBuilder`, ``PatternBuilder``, ``DeclarationBuilder``):
a method ``on_NAME`` for each rule or alias NAME of the grammar. Findings that do not stop the reading are appended
to ``diagnostics``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from cep.diagnostics import Diagnostic, Span
from cep.durations import NUMBER_WORDS, parse_duration
from cep.language import syntax
from cep.language.reader.phrases import refused
from cep.language.reader.places import Places
from cep.types import INT64_MAX, MAX_DIGITS

if TYPE_CHECKING:
    from lark import Token, Tree

    Built = Tree[Token]

_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)")
_SIMPLE_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0",
    '"': '"', "'": "'", "\\": "\\", "/": "/", "`": "`",
}  # fmt: skip
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class ExpressionBuilder:
    """Builds nodes for one text. Create one for each text that is parsed; ``diagnostics`` grows as it works."""

    def __init__(self, places: Places, *, in_test: bool = False) -> None:
        self.places = places
        self.diagnostics: list[Diagnostic] = []
        self._in_test = in_test
        self._lost: frozenset[str] = frozenset()
        self._pending_minimum: Token | None = None

    # ---- shared by all builders ----

    def build(self, tree: Built) -> Any:
        """The node of a tree of the grammar."""
        return getattr(self, f"on_{tree.data}")(tree)

    def span(self, item: Built | Token) -> Span:
        """The place of a tree or token. An empty tree has none: its span is that of the file's start."""
        from lark import Token

        if isinstance(item, Token):
            return self.places.span(item.start_pos or 0, item.end_pos or 0)
        if item.meta.empty:
            return self.places.span(0, 0)
        return self.places.span(item.meta.start_pos, item.meta.end_pos)

    def outer_span(self, item: Built) -> Span:
        """The place of a tree with the parentheses around it, which leave no node."""
        meta = item.meta
        start = getattr(meta, "container_start_pos", meta.start_pos)
        return self.places.span(start, getattr(meta, "container_end_pos", meta.end_pos))

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        hint: str | None = None,
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        """Keeps a finding that does not stop the reading."""
        self.diagnostics.append(Diagnostic(code, message, span, hint, related=related))

    @staticmethod
    def trees(tree: Built, *names: str) -> list[Built]:
        """The children that are trees, all or those of these names."""
        found = [child for child in tree.children if not isinstance(child, str)]
        return [child for child in found if child.data in names] if names else found

    @staticmethod
    def tokens(tree: Built, *kinds: str) -> list[Token]:
        """The children that are tokens, all or those of these kinds."""
        found = [child for child in tree.children if isinstance(child, str)]
        return [child for child in found if child.type in kinds] if kinds else found

    def _build_all(self, trees: list[Built]) -> tuple[Any, ...]:
        return tuple(self.build(tree) for tree in trees)

    @staticmethod
    def word(token: Token) -> str:
        """The text of a name, without backticks."""
        return token[1:-1] if token.type == "QUOTED" else str(token)

    def on_name(self, tree: Built) -> str:
        return self.word(self.tokens(tree)[0])

    def names(self, tree: Built) -> tuple[str, ...]:
        """The names among the children."""
        return tuple(self.on_name(child) for child in self.trees(tree, "name"))

    # ---- values ----

    def on_literal(self, tree: Built) -> syntax.Literal | syntax.Regex:
        token = self.tokens(tree)[0]
        span = self.span(token)
        match token.type:
            case "STRING":
                return syntax.Literal(self.string(token), "string", span=span)
            case "INT":
                return syntax.Literal(self.integer(token), "int", span=span)
            case "NUMBER":
                return syntax.Literal(self._float(token), "float", span=span)
            case "DURATION":
                return self.duration_literal(token)
            case "REGEX":
                return self._regex(token)
            case "NULL":
                return syntax.Literal(None, "null", span=span)
            case kind:
                return syntax.Literal(kind == "TRUE", "bool", span=span)

    def string(self, token: Token) -> str:
        """The text that a string literal stands for."""
        text = _ESCAPE.sub(lambda match: self._escape(match, token), token[1:-1])
        if any("\ud800" <= character <= "\udfff" for character in text):
            text = _SURROGATES.sub(lambda pair: _joined(pair.group()), text)
            if any("\ud800" <= character <= "\udfff" for character in text):
                self.report("CEP123", "half of a character in a string", self.span(token), "write both `\\u` halves")
                text = re.sub("[\ud800-\udfff]", "�", text)
        return text

    def _escape(self, match: re.Match[str], token: Token) -> str:
        body = match.group(1)
        if body[0] in "ux" and len(body) > 1:
            code_point = int(body[1:].strip("{}"), 16)
            if code_point <= 0x10FFFF:
                return chr(code_point)
        elif body in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[body]
        start = (token.start_pos or 0) + 1 + match.start()
        span = self.places.span(start, start + len(match.group()))
        self.report("CEP123", f"`{match.group()}` is no escape in a string", span, "write `\\\\` for a backslash")
        return body

    def integer(self, token: Token) -> int:
        """The value of a whole number, which must fit 64 bits; 2**63 only under a minus."""
        digits = token.replace("_", "").removesuffix("x")
        value = int(digits) if len(digits) <= MAX_DIGITS else INT64_MAX + 2
        if value == INT64_MAX + 1:
            self._pending_minimum = token
        elif value > INT64_MAX:
            self._too_large(token)
            return INT64_MAX
        return value

    def _too_large(self, token: Token) -> None:
        self.report(
            "CEP117",
            "this number does not fit 64 bits",
            self.span(token),
            "whole numbers go from -9223372036854775808 to 9223372036854775807; with `.0` it is a float",
        )

    def finish(self) -> None:
        """To be called once all is built: reports a 2**63 that no minus took up."""
        self._settle_minimum()

    def _settle_minimum(self) -> None:
        if self._pending_minimum is not None:
            self._too_large(self._pending_minimum)
            self._pending_minimum = None

    def _float(self, token: Token) -> float:
        value = float(token.replace("_", ""))
        if value == float("inf"):
            self.report("CEP117", "this number is too large for a float", self.span(token))
            return 0.0
        return value

    def _regex(self, token: Token) -> syntax.Regex:
        end = token.rindex("/")
        pattern = re.sub(r"\\(.)", lambda m: "/" if m[1] == "/" else m[0], token[1:end])
        return syntax.Regex(pattern, token[end + 1 :], span=self.span(token))

    def duration_literal(self, token: Token) -> syntax.Literal:
        """The literal of a duration as written."""
        return syntax.Literal(self.microseconds(token), "duration", span=self.span(token))

    def microseconds(self, token: Token) -> int:
        """The length of a duration as written."""
        try:
            return parse_duration(token)
        except ValueError as error:
            self.report("CEP116", f"the duration `{token}` {error}", self.span(token))
            return 0

    def count(self, tree: Built) -> int:
        """A count: digits or a number word."""
        token = self.tokens(tree)[0]
        return NUMBER_WORDS[token] if token.type == "NUMBER_WORD" else self.integer(token)

    on_count = count

    def on_duration(self, tree: Built) -> syntax.Duration:
        """What stands where a duration is wanted."""
        child = tree.children[0]
        if isinstance(child, str):
            return self.duration_literal(child)
        if child.data in ("duration_name", "step_duration_name"):
            token = self.tokens(child)[0]
            if token in NUMBER_WORDS:
                self.report(
                    "CEP115",
                    f"the duration `{token}` has no unit",
                    self.span(token),
                    f"write `{token} minutes` or another unit: seconds, minutes, hours, days, weeks",
                )
            return syntax.Name(self.word(token), span=self.span(token))
        return cast("syntax.Duration", self.build(child))

    on_step_duration = on_duration

    def on_list_literal(self, tree: Built) -> syntax.ListOf:
        return syntax.ListOf(self._build_all(self.trees(tree)), span=self.span(tree))

    def on_map_literal(self, tree: Built) -> syntax.MapOf:
        if not self._in_test:
            self.report(
                "CEP130",
                "braces with values stand only in the data of tests",
                self.span(tree),
                "name the fields one by one",
            )
        return syntax.MapOf(self._build_all(self.trees(tree)), span=self.span(tree))

    def on_map_entry(self, tree: Built) -> tuple[str, syntax.Expression]:
        token = self.tokens(tree)[0]
        key = self.string(token) if token.type == "STRING" else self.word(token)
        return key, self.build(self.trees(tree)[0])

    # ---- names, members, calls ----

    def on_variable(self, tree: Built) -> syntax.Name:
        return syntax.Name(self.on_name(self.trees(tree)[0]), span=self.span(tree))

    def on_member(self, tree: Built) -> syntax.Member:
        target, name = self.trees(tree)
        return syntax.Member(self.build(target), self.on_name(name), span=self.span(tree))

    def on_index(self, tree: Built) -> syntax.Index:
        target, index = self.trees(tree)
        return syntax.Index(self.build(target), self.build(index), span=self.span(tree))

    def on_call(self, tree: Built) -> syntax.Call:
        name, arguments = self.trees(tree)
        return syntax.Call(self.on_name(name), self.on_arguments(arguments), span=self.span(tree))

    def on_arguments(self, tree: Built) -> tuple[syntax.Argument, ...]:
        return self._build_all(self.trees(tree))

    def on_argument(self, tree: Built) -> syntax.Argument:
        value, *rest = self.trees(tree)
        parts = {part.data: self.build(self.trees(part)[0]) for part in rest}
        return syntax.Argument(
            self.build(value),
            where=parts.get("argument_where"),
            over=parts.get("argument_over"),
            span=self.span(tree),
        )

    def on_named_argument(self, tree: Built) -> syntax.Argument:
        name, value = self.trees(tree)
        return syntax.Argument(self.build(value), self.on_name(name), span=self.span(tree))

    def on_lambda_argument(self, tree: Built) -> syntax.Argument:
        name, body = self.trees(tree)
        span = self.span(tree)
        return syntax.Argument(syntax.Lambda(self.on_name(name), self.build(body), span=span), span=span)

    # ---- operators ----

    def on_if_else(self, tree: Built) -> syntax.Conditional:
        return syntax.Conditional(*self._build_all(self.trees(tree)), span=self.span(tree))

    def on_binary(self, tree: Built) -> syntax.Binary:
        left, operator, right = tree.children
        return syntax.Binary(
            cast("syntax.BinaryOperator", str(operator)),
            self.build(cast("Built", left)),
            self.build(cast("Built", right)),
            span=self.span(tree),
        )

    def _named_binary(self, tree: Built, operator: syntax.BinaryOperator) -> syntax.Binary:
        left, right = self.trees(tree)
        return syntax.Binary(operator, self.build(left), self.build(right), span=self.span(tree))

    def on_or_(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "or")

    def on_and_(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "and")

    def on_in_(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "in")

    def on_not_in(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "not in")

    def on_like(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "like")

    def on_not_like(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "not like")

    def on_matches(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "matches")

    def on_not_matches(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "not matches")

    def on_crosses_above(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "crosses above")

    def on_crosses_below(self, tree: Built) -> syntax.Binary:
        return self._named_binary(tree, "crosses below")

    def on_between(self, tree: Built) -> syntax.Between:
        return syntax.Between(*self._build_all(self.trees(tree)), span=self.span(tree))

    def on_not_between(self, tree: Built) -> syntax.Between:
        value, low, high = self._build_all(self.trees(tree))
        return syntax.Between(value, low, high, negated=True, span=self.span(tree))

    def on_is_null(self, tree: Built) -> syntax.IsNull:
        return self._is_null(tree, missing=False)

    def on_is_missing(self, tree: Built) -> syntax.IsNull:
        return self._is_null(tree, missing=True)

    def _is_null(self, tree: Built, missing: bool) -> syntax.IsNull:
        negated = bool(self.tokens(tree, "NOT"))
        return syntax.IsNull(self.build(self.trees(tree)[0]), missing, negated, span=self.span(tree))

    def on_not_(self, tree: Built) -> syntax.Unary:
        return syntax.Unary("not", self.build(self.trees(tree)[0]), span=self.span(tree))

    def on_negative(self, tree: Built) -> syntax.Unary | syntax.Literal:
        operand = self.build(self.trees(tree)[0])
        span = self.span(tree)
        if isinstance(operand, syntax.Literal) and operand.kind in ("int", "float", "duration"):
            value = cast("int | float", operand.value)
            if value == INT64_MAX + 1 and operand.kind == "int":
                self._pending_minimum = None
            if value >= 0:
                return syntax.Literal(-value, operand.kind, span=span)
        return syntax.Unary("-", operand, span=span)

    # ---- windows ----

    def on_last_time(self, tree: Built) -> syntax.Window:
        return syntax.Window("last_time", self.build(self.trees(tree)[0]), span=self.span(tree))

    def on_last_count(self, tree: Built) -> syntax.Window:
        count, *duration = self.trees(tree)
        return syntax.Window(
            "last_count",
            self.build(duration[0]) if duration else None,
            self.positive(count),
            partial=bool(self.tokens(tree, "PARTIAL")),
            span=self.span(tree),
        )

    def positive(self, tree: Built) -> int:
        """A count that must not be zero."""
        number = self.count(tree)
        if number == 0:
            self.report("CEP129", "this count must be at least 1", self.span(tree))
            return 1
        return number

    def on_tumbling(self, tree: Built) -> syntax.Window:
        return syntax.Window("tumbling", self.build(self.trees(tree)[0]), span=self.span(tree))

    def on_hopping(self, tree: Built) -> syntax.Window:
        length, step = self._build_all(self.trees(tree))
        return syntax.Window("hopping", length, step=step, span=self.span(tree))

    def on_tumbling_count(self, tree: Built) -> syntax.Window:
        return syntax.Window("tumbling_count", count=self.positive(self.trees(tree)[0]), span=self.span(tree))

    def on_session(self, tree: Built) -> syntax.Window:
        gap, *maximum = self._build_all(self.trees(tree))
        return syntax.Window("session", gap, maximum=maximum[0] if maximum else None, span=self.span(tree))

    def on_calendar(self, tree: Built) -> syntax.Window:
        unit = self.tokens(tree, "CALENDAR_UNIT")[0]
        zone = self.tokens(tree, "STRING")
        return syntax.Window(
            "calendar",
            unit=cast("Any", str(unit)),
            zone=self.string(zone[0]) if zone else None,
            span=self.span(tree),
        )

    def on_all_window(self, tree: Built) -> syntax.Window:
        return syntax.Window("all", span=self.span(tree))

    def on_since(self, tree: Built) -> syntax.Window:
        return syntax.Window("since", event=self.on_phrase(self.trees(tree)[0]), span=self.span(tree))

    def on_phrase(self, tree: Built) -> syntax.EventPhrase:
        """A phrase of any place: in patterns, in ``from``, in ``over since``."""
        tokens = [self.tokens(child)[0] for child in self.trees(tree) if child.data != "arguments"]
        self.refuse_phrase(tokens)
        words = tuple(self.word(token) for token in tokens)
        groups = self.trees(tree, "arguments")
        if len(groups) > 2:
            self.report(
                "CEP100",
                "an event takes at most two pairs of parentheses",
                self.span(groups[2]),
                "the first holds the arguments of a definition, the second a condition",
            )
        return syntax.EventPhrase(words, self._build_all(groups[:2]), span=self.span(tree))

    def refuse_phrase(self, tokens: list[Token], *, defining: bool = False) -> bool:
        """Reports words that no author can have meant as the name of an event; true if there are."""
        starts_line = [index > 0 and token.line != tokens[index - 1].line for index, token in enumerate(tokens)]
        slip = refused([str(token) for token in tokens], starts_line)
        if slip is None or (defining and slip.code == "CEP118"):
            return False
        span = self.span(tokens[slip.first]).to(self.span(tokens[slip.end - 1]))
        self.report(slip.code, slip.message, span, slip.hint)
        return True

    on_source_phrase = on_phrase
    on_since_phrase = on_phrase


def _joined(pair: str) -> str:
    return pair.encode("utf-16", "surrogatepass").decode("utf-16")
