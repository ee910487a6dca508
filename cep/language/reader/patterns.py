"""From the parser's tree to patterns. Language layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from cep.durations import parse_duration
from cep.language import syntax
from cep.language.reader.expressions import ExpressionBuilder

if TYPE_CHECKING:
    from lark import Token, Tree

    Built = Tree[Token]

Mode = Literal["consecutive", "every"]


class PatternBuilder(ExpressionBuilder):
    """Builds the nodes of section 3 of the language."""

    def on_sequence(self, tree: Built) -> syntax.Sequence:
        first, *links = self.trees(tree)
        return syntax.Sequence(self.build(first), self._build_all(links), span=self.span(tree))

    def on_link(self, tree: Built) -> syntax.Link:
        *modifiers, element = self.trees(tree)
        bounds = [self.build(modifier) for modifier in modifiers if modifier.data != "immediately"]
        return syntax.Link(
            self.build(element),
            immediately=len(bounds) < len(modifiers),
            bounds=tuple(bounds),
            span=self.span(tree),
        )

    def on_step_within(self, tree: Built) -> syntax.StepBound:
        return syntax.StepBound(None, self.build(self.trees(tree)[0]), span=self.span(tree))

    def on_step_after(self, tree: Built) -> syntax.StepBound:
        return syntax.StepBound(self.build(self.trees(tree)[0]), None, span=self.span(tree))

    def on_step_between(self, tree: Built) -> syntax.StepBound:
        low, high = self.trees(tree)
        (low_value,) = self.trees(low)
        maximum = self.build(high)
        counted = low_value.data == "count"
        minimum = self._count_in_unit_of(low_value, high) if counted else self.build(low_value)
        return syntax.StepBound(minimum, maximum, span=self.span(tree))

    def _count_in_unit_of(self, count: Built, high: Built) -> syntax.Literal:
        """``1`` in ``between 1 and 5 minutes``: it takes the unit of the upper bound."""
        number, span = self.count(count), self.span(count)
        written = high.children[0]
        unit = str(written).split()[-1].lstrip("0123456789._") if isinstance(written, str) else ""
        try:
            return syntax.Literal(parse_duration(f"{number} {unit}"), "duration", span=span)
        except ValueError:
            self.report("CEP115", f"the duration `{number}` has no unit", span, f"write `{number} minutes`")
            return syntax.Literal(0, "duration", span=span)

    def on_expectation(self, tree: Built) -> syntax.Expectation:
        element, table, duration = self.trees(tree)
        return syntax.Expectation(self.build(element), self.on_name(table), self.build(duration), span=self.span(tree))

    def on_either(self, tree: Built) -> syntax.Or:
        for member in self.trees(tree):
            if member.data == "both":
                self.report(
                    "CEP120",
                    "`and` and `or` are mixed without parentheses",
                    self.span(tree),
                    "put parentheses around the part that belongs together: `(A and B) or C`",
                )
                break
        return syntax.Or(self._build_all(self.trees(tree)), span=self.span(tree))

    def on_both(self, tree: Built) -> syntax.And:
        return syntax.And(self._build_all(self.trees(tree)), span=self.span(tree))

    def on_all_of(self, tree: Built) -> syntax.And:
        members = self._members(self.trees(tree)[0])
        return syntax.And(members, spelled_all_of=True, span=self.span(tree))

    def on_some_of(self, tree: Built) -> syntax.SomeOf:
        count, members = self.trees(tree)
        return syntax.SomeOf(self.positive(count), self._members(members), span=self.span(tree))

    def _members(self, tree: Built) -> tuple[syntax.Pattern, ...]:
        return self._build_all(self.trees(tree))

    def on_named(self, tree: Built) -> syntax.Named:
        element, name = self.trees(tree)
        return syntax.Named(self.build(element), self.on_name(name), span=self.span(tree))

    def on_until(self, tree: Built) -> syntax.Until:
        element, stop = self.trees(tree)
        return syntax.Until(self.build(element), self.build(stop), span=self.span(tree))

    def on_until_named(self, tree: Built) -> syntax.Until:
        element, stop, name = self.trees(tree)
        if element.data == "named":
            self.report("CEP108", "the loop has two names", self.span(name), "write one `as`")
            return syntax.Until(self.build(element), self.build(stop), span=self.span(tree))
        named = syntax.Named(self.build(element), self.on_name(name), span=self.span(tree))
        return syntax.Until(named, self.build(stop), span=self.span(tree))

    def on_absence(self, tree: Built) -> syntax.Absence:
        element, *duration = self._build_all(self.trees(tree))
        return syntax.Absence(element, duration[0] if duration else None, span=self.span(tree))

    def on_group(self, tree: Built) -> syntax.Group:
        pattern, *within = self._build_all(self.trees(tree))
        return syntax.Group(pattern, within[0] if within else None, span=self.span(tree))

    def on_any_event(self, tree: Built) -> syntax.AnyEvent:
        condition = self._build_all(self.trees(tree))
        return syntax.AnyEvent(condition[0] if condition else None, span=self.span(tree))

    # ---- loops ----

    def on_counted(self, tree: Built) -> syntax.Repeat:
        amount, *mode, element = self.trees(tree)
        minimum, maximum = self._amount(amount)
        self._refuse_times(amount, element)
        return self._repeat(tree, element, minimum, maximum, mode=mode[0] if mode else None)

    def _refuse_times(self, amount: Built, element: Built) -> None:
        """``3x Login``, ``3 times Login``."""
        tokens = [self.tokens(word)[0] for word in self.trees(element, "pattern_word")]
        if amount.data != "exactly" or len(tokens) < 2 or tokens[0].type != "NAME":
            return
        if tokens[0] == "times" or (tokens[0] == "x" and tokens[0].start_pos == amount.meta.end_pos):
            (number,) = [self.count(count) for count in self.trees(amount, "count")]
            hint = f"write `{number} {' '.join(tokens[1:])}`"
            self.report("CEP113", f"a count stands without `{tokens[0]}`", self.span(tokens[0]), hint)

    def on_loop(self, tree: Built) -> syntax.Repeat:
        element, symbols = self.trees(tree)
        return self._symbol_loop(tree, element, symbols, None)

    def on_loop_with_mode(self, tree: Built) -> syntax.Repeat:
        mode, element, symbols = self.trees(tree)
        return self._symbol_loop(tree, element, symbols, mode)

    def on_with_mode(self, tree: Built) -> syntax.Every | syntax.Consecutive:
        mode, element = self.trees(tree)
        node = syntax.Every if mode.data == "every" else syntax.Consecutive
        return node(self.build(element), span=self.span(tree))

    def _symbol_loop(self, tree: Built, element: Built, symbols: Built, mode: Built | None) -> syntax.Repeat:
        minimum, maximum = self._symbols(symbols)
        greedy = symbols.data != "maybe_reluctant" and not self.trees(symbols, "reluctant")
        return self._repeat(tree, element, minimum, maximum, greedy, mode)

    def _repeat(
        self,
        tree: Built,
        element: Built,
        minimum: int,
        maximum: int | None,
        greedy: bool = True,
        mode: Built | None = None,
    ) -> syntax.Repeat:
        if maximum is not None and (maximum == 0 or maximum < minimum):
            problem = "never takes an event" if maximum == 0 else "ends below its start"
            hint = "write at least 1" if maximum == 0 else "write the smaller number first, as in `2 to 5 A`"
            self.report("CEP129", f"this count {problem}", self.span(tree), hint)
            maximum = max(minimum, 1)
        name = cast("Mode", str(mode.data)) if mode is not None else None
        return syntax.Repeat(self.build(element), minimum, maximum, greedy, name, span=self.span(tree))

    def _symbols(self, symbols: Built) -> tuple[int, int | None]:
        numbers = [self.integer(token) for token in self.tokens(symbols, "INT")]
        match symbols.data:
            case "braces_exact":
                return numbers[0], numbers[0]
            case "braces_open":
                return numbers[0], None
            case "braces_range":
                return numbers[0], numbers[1]
            case "plus":
                return 1, None
            case "star_loop":
                return 0, None
            case _:
                return 0, 1

    def _amount(self, amount: Built) -> tuple[int, int | None]:
        numbers = [self.count(count) for count in self.trees(amount, "count")]
        match amount.data:
            case "exactly":
                return numbers[0], numbers[0]
            case "at_least":
                return numbers[0], None
            case "range":
                return numbers[0], numbers[1]
            case "up_to":
                return 0, numbers[0]
            case "some":
                return 1, None
            case "any_number":
                return 0, None
            case _:
                return 0, 1
