"""Syntax tree to text, in one canonical form. Language layer.

``parse(print_file(tree)).tree == tree`` for every tree that the parser can make. Clauses come in the order of the
language reference; parentheses stand only where the tree has a group or the precedence asks for them; names get
backticks where they would be read otherwise. Comments are no part of the tree and are lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cep.durations import UNITS_US, duration_text
from cep.language import syntax
from cep.language.words import (
    DURATION_WORDS,
    EXPRESSION_WORDS,
    can_be_quoted,
    is_plain_name,
    number_word,
    quoted,
    quoted_phrase,
)

_WIDTH = 96
_INDENT = "  "

# How tightly an expression binds, loosest first; an operand of a looser kind gets parentheses.
_ANYTHING, _OR, _AND, _NOT, _COMPARISON, _COALESCE, _SUM, _PRODUCT, _SIGNED, _POWER, _POSTFIX, _ATOM = range(12)

_OPERANDS = {
    "or": (_OR, _OR, _AND),
    "and": (_AND, _AND, _NOT),
    "??": (_COALESCE, _COALESCE, _SUM),
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _SIGNED),
    "/": (_PRODUCT, _PRODUCT, _SIGNED),
    "%": (_PRODUCT, _PRODUCT, _SIGNED),
    "**": (_POWER, _POSTFIX, _SIGNED),
}
"""By operator: how it binds itself, and what its left and right operands need. Others are comparisons."""
_COMPARING = (_COMPARISON, _COALESCE, _COALESCE)

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


# ---- expressions ----


def print_expression(node: syntax.Expression) -> str:
    """The text of an expression."""
    return _expression(node, _ANYTHING)


def _expression(node: syntax.Expression, needed: int) -> str:
    text, binding = _bound(node)
    return text if binding >= needed else f"({text})"


def _bound(node: syntax.Expression) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    match node:
        case syntax.Binary():
            binding, left, right = _OPERANDS.get(node.operator, _COMPARING)
            return f"{_expression(node.left, left)} {node.operator} {_expression(node.right, right)}", binding
        case syntax.Unary(operator="not"):
            return f"not {_expression(node.operand, _NOT)}", _NOT
        case syntax.Unary():
            return f"-{_expression(node.operand, _SIGNED)}", _SIGNED
        case syntax.Between():
            parts = [_expression(part, _COALESCE) for part in (node.value, node.low, node.high)]
            return f"{parts[0]} {'not ' * node.negated}between {parts[1]} and {parts[2]}", _COMPARISON
        case syntax.IsNull():
            tested = "missing" if node.missing else "null"
            return f"{_expression(node.value, _COALESCE)} is {'not ' * node.negated}{tested}", _COMPARISON
        case syntax.Conditional():
            condition, consequence, alternative = map(
                print_expression, (node.condition, node.consequence, node.alternative)
            )
            return f"if {condition} then {consequence} else {alternative}", _ANYTHING
        case syntax.Member():
            return f"{_expression(node.target, _POSTFIX)}.{quoted(node.name)}", _POSTFIX
        case syntax.Index():
            return f"{_expression(node.target, _POSTFIX)}[{print_expression(node.index)}]", _POSTFIX
        case syntax.Call():
            return f"{quoted(node.function, EXPRESSION_WORDS)}{_arguments(node.arguments)}", _POSTFIX
        case _:
            return _atom(node)


def _atom(node: syntax.Literal | syntax.Regex | syntax.Name | syntax.ListOf | syntax.MapOf) -> tuple[str, int]:
    match node:
        case syntax.Name():
            return quoted(node.text, EXPRESSION_WORDS), _ATOM
        case syntax.Regex():
            return f"/{_regex_text(node.pattern)}/{node.flags}", _ATOM
        case syntax.ListOf():
            return _list(node.items), _ATOM
        case syntax.MapOf():
            return _map(node), _ATOM
        case syntax.Literal():
            text = _literal(node)
            return text, _SIGNED if text.startswith("-") else _ATOM


def _literal(node: syntax.Literal) -> str:
    match node.kind:
        case "string":
            return print_string(str(node.value))
        case "null":
            return "null"
        case "bool":
            return "true" if node.value else "false"
        case "duration":
            assert isinstance(node.value, int)
            return duration_text(node.value)
        case _:
            return repr(node.value)


def print_string(text: str) -> str:
    """A text in double quotes, control characters escaped."""
    return f'"{re.sub(_UNSAFE, _escaped, text)}"'


_UNSAFE = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]')


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match.group()) or f"\\u{ord(match.group()):04x}"


def _regex_text(pattern: str) -> str:
    return re.sub(r"\\.|/", lambda match: "\\/" if match.group() == "/" else match.group(), pattern)


def _list(items: tuple[syntax.Expression, ...]) -> str:
    return f"[{', '.join(map(print_expression, items))}]"


def _map(node: syntax.MapOf) -> str:
    entries = (
        f"{key if is_plain_name(key) else print_string(key)}: {print_expression(value)}" for key, value in node.entries
    )
    return f"{{{', '.join(entries)}}}"


def _arguments(arguments: tuple[syntax.Argument, ...]) -> str:
    return f"({', '.join(map(_argument, arguments))})"


def _argument(node: syntax.Argument) -> str:
    if isinstance(node.value, syntax.Lambda):
        return f"{quoted(node.value.parameter, EXPRESSION_WORDS)} -> {print_expression(node.value.body)}"
    text = print_expression(node.value)
    if node.name is not None:
        return f"{quoted(node.name, EXPRESSION_WORDS)} = {text}"
    if node.where is not None:
        text += f" where {print_expression(node.where)}"
    if node.over is not None:
        text += f" over {print_window(node.over)}"
    return text


def print_duration(node: syntax.Duration) -> str:
    """What stands where a duration is wanted."""
    if isinstance(node, syntax.Name):
        return quoted(node.text, DURATION_WORDS)
    if isinstance(node, syntax.Literal) and node.kind == "duration":
        text = _literal(node)
        return f"({text})" if text.startswith("-") else text
    return f"({print_expression(node)})"


# ---- windows ----


def print_window(node: syntax.Window) -> str:
    """What follows ``over``."""
    duration = "" if node.duration is None else print_duration(node.duration)
    match node.kind:
        case "last_time":
            return f"last {duration}"
        case "last_count":
            bound = f" within {duration}" if duration else ""
            return f"last {node.count} events{bound}{' partial' * node.partial}"
        case "tumbling":
            return f"every {duration}"
        case "hopping":
            assert node.step is not None
            return f"{duration} every {print_duration(node.step)}"
        case "tumbling_count":
            return f"every {node.count} events"
        case "session":
            maximum = "" if node.maximum is None else f" up to {print_duration(node.maximum)}"
            return f"session of {duration}{maximum}"
        case "calendar":
            return f"each {node.unit}{'' if node.zone is None else f' in {print_string(node.zone)}'}"
        case "since":
            assert node.event is not None
            return f"since {print_phrase(node.event)}"
        case "all":
            return "all"


# ---- patterns ----

_STEP, _EITHER, _BOTH, _UNIT, _QUANTIFIED, _PRIMARY = range(6)


def print_pattern(node: syntax.Pattern) -> str:
    """The text of a pattern, in one line."""
    return _pattern(node, 0)


def _pattern(node: syntax.Pattern, needed: int) -> str:
    text, binding = _pattern_bound(node)
    return text if binding >= needed else f"({text})"


def _pattern_bound(node: syntax.Pattern) -> tuple[str, int]:
    match node:
        case syntax.EventPhrase():
            return print_phrase(node), _PRIMARY
        case syntax.AnyEvent():
            return f"any({'' if node.condition is None else print_expression(node.condition)})", _PRIMARY
        case syntax.Group():
            within = "" if node.within is None else f" within {print_duration(node.within)}"
            return f"({print_pattern(node.pattern)}{within})", _PRIMARY
        case syntax.SomeOf():
            return f"{number_word(node.count)} of {_members(node.members)}", _PRIMARY
        case syntax.And(spelled_all_of=True):
            return f"all of {_members(node.members)}", _PRIMARY
        case syntax.And():
            return " and ".join(_pattern(member, _UNIT) for member in node.members), _BOTH
        case syntax.Or():
            return " or ".join(_pattern(member, _UNIT) for member in node.members), _EITHER
        case syntax.Repeat():
            return _repeat(node), _QUANTIFIED
        case syntax.Every():
            return f"every {_pattern(node.element, _PRIMARY)}", _QUANTIFIED
        case syntax.Consecutive():
            return f"consecutive {_pattern(node.element, _PRIMARY)}", _QUANTIFIED
        case syntax.Named() | syntax.Until() | syntax.Absence() | syntax.Expectation():
            return _suffixed(node)
        case syntax.Sequence():
            return " ".join([_pattern(node.first, _STEP), *map(_link, node.links)]), 0


def _suffixed(node: syntax.Named | syntax.Until | syntax.Absence | syntax.Expectation) -> tuple[str, int]:
    match node:
        case syntax.Named():
            needed = _UNIT if isinstance(node.element, syntax.Absence) else _QUANTIFIED
            return f"{_pattern(node.element, needed)} as {quoted(node.name)}", _UNIT
        case syntax.Until():
            needed = _UNIT if isinstance(node.element, syntax.Named) else _QUANTIFIED
            return f"{_pattern(node.element, needed)} until {_pattern(node.stop, _PRIMARY)}", _UNIT
        case syntax.Absence():
            bound = "" if node.duration is None else f" for {print_duration(node.duration)}"
            return f"no {_pattern(node.element, _PRIMARY)}{bound}", _UNIT
        case syntax.Expectation():
            element = _pattern(node.element, _PRIMARY)
            return f"expect {element} from {quoted(node.table)} for {print_duration(node.duration)}", _STEP


def _members(members: tuple[syntax.Pattern, ...]) -> str:
    return f"({', '.join(map(print_pattern, members))})"


def _link(node: syntax.Link) -> str:
    modifiers = ["immediately"] * node.immediately + [_step_bound(bound) for bound in node.bounds]
    return " ".join(["then", *modifiers, _pattern(node.element, _EITHER)])


def _step_bound(node: syntax.StepBound) -> str:
    if node.minimum is None:
        assert node.maximum is not None
        return f"within {print_duration(node.maximum)}"
    if node.maximum is None:
        return f"after {print_duration(node.minimum)}"
    return f"between {print_duration(node.minimum)} and {print_duration(node.maximum)}"


def _repeat(node: syntax.Repeat) -> str:
    element = _pattern(node.element, _PRIMARY)
    mode = f"{node.mode} " if node.mode else ""
    if node.greedy:
        return f"{_amount(node.minimum, node.maximum)} {mode}{element}"
    return f"{mode}{element}{_symbols(node.minimum, node.maximum)}?"


def _amount(minimum: int, maximum: int | None) -> str:
    match minimum, maximum:
        case 0, 1:
            return "optional"
        case 0, None:
            return "any number of"
        case 1, None:
            return "some"
        case _, None:
            return f"{minimum}+"
        case 0, _:
            return f"up to {maximum}"
        case _ if minimum == maximum:
            return number_word(minimum)
        case _:
            return f"{minimum} to {maximum}"


def _symbols(minimum: int, maximum: int | None) -> str:
    match minimum, maximum:
        case 0, 1:
            return "?"
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case _, None:
            return f"{{{minimum},}}"
        case _ if minimum == maximum:
            return f"{{{minimum}}}"
        case _:
            return f"{{{minimum},{maximum}}}"


def print_phrase(node: syntax.EventPhrase) -> str:
    """``failed login(outcome == "failure")``."""
    return quoted_phrase(node.words) + "".join(map(_arguments, node.groups))


# ---- clauses ----


def print_source(node: syntax.Source) -> str:
    """``A or B as name``."""
    name = "" if node.name is None else f" as {quoted(node.name)}"
    return " or ".join(map(print_phrase, node.events)) + name


def print_input(node: syntax.Input) -> str:
    """What follows ``from``."""
    return " ".join([print_source(node.source), *map(_join, node.joins)])


def _join(node: syntax.Join | syntax.Lookup) -> str:
    if isinstance(node, syntax.Lookup):
        return f"lookup {quoted(node.table)} on {print_expression(node.on)}"
    kind = "left join" if node.left else "join"
    condition, within = print_expression(node.on), print_duration(node.within)
    return f"{kind} {print_source(node.source)} on {condition} within {within}"


def print_key(node: syntax.Key) -> str:
    """One key of ``per``."""
    optional = "?" * node.optional
    paths = ", ".join(map(_path, node.paths))
    if node.by_type:
        return f"{quoted(node.name)} = ({paths}){optional}"
    if node.paths[0].parts == (node.name,):
        return f"{paths}{optional}"
    return f"{quoted(node.name)} = {paths}{optional}"


def print_keys(nodes: tuple[syntax.Key, ...]) -> str:
    """What follows ``per``."""
    return ", ".join(map(print_key, nodes))


def _path(node: syntax.Path) -> str:
    first, *rest = node.parts
    return quoted(str(first)) + "".join(map(_path_part, rest))


def _path_part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{quoted(part)}" if can_be_quoted(part) else f"[{print_string(part)}]"


def print_firing(node: syntax.Firing) -> str:
    """What follows the condition of a rule over windows."""
    match node.kind:
        case "every_time":
            return "every time"
        case "every_count":
            return f"every {node.count}"
        case "while_true":
            assert node.duration is not None
            return f"while true every {print_duration(node.duration)}"


def print_emit(node: syntax.Emit) -> str:
    """What follows ``emit``."""
    fields = ["*"] * node.star + [_emit_field(field) for field in node.fields]
    return quoted(node.type) + (f"({', '.join(fields)})" if fields else "")


def _emit_field(node: syntax.EmitField) -> str:
    value = print_expression(node.value)
    return value if node.name is None else f"{quoted(node.name, EXPRESSION_WORDS)} = {value}"


_STRATEGIES = {
    "past_last": "skip past last event",
    "to_next": "skip to next event",
    "to_first": "skip to first",
    "to_last": "skip to last",
    "no_skip": "no skip",
}


def print_strategy(node: syntax.AfterMatch) -> str:
    """What follows ``after match``."""
    return _STRATEGIES[node.strategy] + (f" {quoted(node.step)}" if node.step is not None else "")


def print_at_most(node: syntax.AtMost) -> str:
    """What follows ``at most``."""
    per = f" per {print_keys(node.per)}" if node.per else ""
    return f"{node.count} every {print_duration(node.every)}{per}"


def print_destination(text: str) -> str:
    """One name or path after ``to``."""
    return text if is_plain_name(text) else print_string(text)


def _clauses(node: syntax.Rule) -> list[str]:
    return [*_input_clauses(node), *_shared_clauses(node), *_metadata(node)]


def _input_clauses(node: syntax.Rule) -> list[str]:
    lines = [] if node.doc is None else [print_string(node.doc)]
    if node.input is not None:
        lines.append(f"from {print_input(node.input)}")
        lines += _optional("where", node.where, print_expression)
        lines += [f"per {print_keys(node.per)}"] if node.per else []
        lines += _optional("over", node.over, print_window)
        lines += _window_when(node)
    elif node.pattern is not None:
        lines.append(_when(node.pattern))
        lines += _optional("where", node.where, print_expression)
        lines += _optional("within", node.within, print_duration)
        lines += [f"per {print_keys(node.per)}"] if node.per else []
    return lines


def _window_when(node: syntax.Rule) -> list[str]:
    if node.when is None:
        return []
    firing = "" if node.firing is None else f" {print_firing(node.firing)}"
    return [f"when {print_expression(node.when)}{firing}"]


def _when(pattern: syntax.Pattern) -> str:
    line = f"when {print_pattern(pattern)}"
    if len(line) <= _WIDTH or not isinstance(pattern, syntax.Sequence):
        return line
    first = f"when {_pattern(pattern.first, _STEP)}"
    return f"\n{_INDENT}     ".join([first, *map(_link, pattern.links)])


def _shared_clauses(node: syntax.Rule) -> list[str]:
    return [
        *_optional("having", node.having, print_expression),
        *_optional("after match", node.after_match, print_strategy),
        *_optional("emit", node.emit, print_emit),
        *_optional("on timeout emit", node.on_timeout, print_emit),
        *([] if node.limit is None else [f"limit {node.limit}"]),
        *([f"to {', '.join(map(print_destination, node.to))}"] if node.to else []),
        *_optional("at most", node.at_most, print_at_most),
    ]


def _optional(word: str, node: Any, printed: Callable[[Any], str]) -> list[str]:
    return [] if node is None else [f"{word} {printed(node)}"]


def _metadata(node: syntax.Rule) -> list[str]:
    lines = [] if node.severity is None else [f"severity {quoted(node.severity)}"]
    if node.tags:
        lines.append(f"tags [{', '.join(map(print_string, node.tags))}]")
    lines += [f"meta {quoted(meta.name)} = {print_expression(meta.value)}" for meta in node.meta]
    return [*lines, "disabled"] if node.disabled else lines


# ---- declarations ----


def print_file(tree: syntax.RuleFile) -> str:
    """A whole file: declarations with an empty line between them; simple ones of one kind stand together."""
    parts: list[str] = []
    previous: syntax.Declaration | None = None
    for declaration in tree.declarations:
        if previous is not None:
            together = isinstance(declaration, _SIMPLE) and type(declaration) is type(previous)
            parts.append("\n" if together else "\n\n")
        parts.append(print_declaration(declaration))
        previous = declaration
    return f"{''.join(parts)}\n" if parts else ""


_SIMPLE = (syntax.Definition, syntax.Constant, syntax.Table)


def print_declaration(node: syntax.Declaration) -> str:
    """One declaration, without a line break at its end."""
    match node:
        case syntax.EventDeclaration():
            return _event(node)
        case syntax.Definition():
            head = f"{quoted_phrase(node.words)}{print_parameters(node.parameters)}"
            return f"define {head} as {' or '.join(map(print_phrase, node.events))}"
        case syntax.Constant():
            return f"let {quoted(node.name)} = {print_expression(node.value)}"
        case syntax.Table():
            key = ", ".join(map(quoted, node.key))
            return f"table {quoted(node.name)} from {print_string(node.path)} key {key}"
        case syntax.Rule():
            return f"\n{_INDENT}".join([f"rule {quoted(node.name)}", *_clauses(node)])
        case syntax.RuleTest():
            return "\n".join(_test(node))


def _parameter(node: syntax.Parameter) -> str:
    default = "" if node.default is None else f" = {print_expression(node.default)}"
    return f"{quoted(node.name)}{default}"


def print_parameters(nodes: tuple[syntax.Parameter, ...]) -> str:
    """``(a, b = 1)``, or nothing."""
    return f"({', '.join(map(_parameter, nodes))})" if nodes else ""


def _event(node: syntax.EventDeclaration) -> str:
    fields = [f"{_INDENT}{quoted(field.name)}: {print_type(field.type)}" for field in node.fields]
    time = "" if node.time_field is None else f" time {quoted(node.time_field)}"
    identity = "" if node.id_field is None else f" id {quoted(node.id_field)}"
    return "\n".join([f"event {quoted(node.name)} {{", *fields, f"}}{time}{identity}"])


def print_type(node: syntax.TypeExpr) -> str:
    """``list<int>?``, ``string in ["a"]``."""
    arguments = f"<{', '.join(map(print_type, node.arguments))}>" if node.arguments else ""
    domain = f" in {_list(node.domain)}" if node.domain else ""
    return f"{node.name}{arguments}{'?' * node.optional}{domain}"


def _test(node: syntax.RuleTest) -> list[str]:
    rules = f" for {', '.join(map(quoted, node.rules))}" if node.rules else ""
    lines = [f"test {print_string(node.name)}{rules}"]
    if node.zero is not None or node.given:
        lines.append(f"{_INDENT}given" + ("" if node.zero is None else f" from {print_string(node.zero)}"))
    lines += [f"{_INDENT * 2}{_given(row)}" for row in node.given]
    for table in node.tables:
        lines.append(f"{_INDENT}given table {quoted(table.table)}")
        lines += [f"{_INDENT * 2}{_assignments(row)}" for row in table.rows]
    lines.append(f"{_INDENT}expect" if node.expect or node.open else f"{_INDENT}expect nothing")
    return lines + [f"{_INDENT * 2}{print_timed_event(row)}" for row in node.expect]


def _given(row: syntax.GivenRow) -> str:
    match row:
        case syntax.TimePasses(at=at):
            return f"then at {print_time(at)}"
        case syntax.Fixture(path=path):
            return print_string(path)
    return print_timed_event(row)


def print_timed_event(node: syntax.TimedEvent) -> str:
    """``60s Login(user = "ann")``, one row of a test."""
    parts = [] if node.at is None else [print_time(node.at)]
    if node.every is not None:
        parts.append(f"{node.times}x every {print_duration(node.every)}")
    fields = _assignments(node.fields) if node.fields else ""
    return " ".join([*parts, f"{quoted(node.type)}{fields}"])


def _assignments(fields: tuple[syntax.EmitField, ...]) -> str:
    texts = (f"{quoted(str(field.name))} = {print_expression(field.value)}" for field in fields)
    return f"({', '.join(texts)})"


def print_time(us: int) -> str:
    """A time in a test: ``299s``."""
    seconds, rest = divmod(us, UNITS_US["second"])
    return f"{seconds}s" if rest == 0 and seconds < 1_000 else duration_text(us)
