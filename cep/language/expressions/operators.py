"""Which types the operators take and what they give (LANGUAGE section 5). Language layer.

=========================  ====================================  =====================
operator                   operands                              result
=========================  ====================================  =====================
``+ - *``                  numbers                               the wider number
``/``                      numbers                               float; decimal where decimals are divided
``**``                     numbers                               float; int of an int and a constant of 0 or more
``+``                      string, string                        string
``-``                      timestamp, timestamp                  duration
``+ -``                    timestamp, duration                   timestamp
``+ - %``                  duration, duration                    duration
``* /``                    duration, number                      duration
``/``                      duration, duration                    float
``== !=``                  two of one kind                       bool
``< <= > >=``              numbers, strings, times, durations    bool
=========================  ====================================  =====================

int, float and decimal are one kind, and so are string and ip. ``any`` goes with everything. An operand that may be null
makes the result so.
"""

from __future__ import annotations

from cep.diagnostics import Span
from cep.language.checked import Constant, Expression, Field, KeyValue, StepValues
from cep.language.expressions.event_types import wider
from cep.language.report import Report, article, is_poison
from cep.types import ANY, BOOL, DURATION, FLOAT, INT, NUMBERS, STRING, TIMESTAMP, Type

ORDERED = ("number", "string", "timestamp", "duration")
LIST_HINT = "to look for a value in it write `in`, else `first(…)`, `last(…)` or `any(…, x -> …)`"


def family(kind: Type) -> str:
    """Types that can be compared with each other have the same family."""
    if kind.name in NUMBERS:
        return "number"
    return "string" if kind.name == "ip" else kind.name


def is_open(kind: Type) -> bool:
    """Whether nothing is known about values of this type but at run time."""
    return kind.name in ("any", "null")


def optional_if(kind: Type, *operands: Expression) -> Type:
    """The type, optional where one of the operands may be null."""
    return kind.or_null() if any(o.type.optional or o.type.name == "null" for o in operands) else kind


# ---- comparison ----


def compared(report: Report, operator: str, left: Expression, right: Expression, span: Span) -> Type:
    """The type of ``==``, ``<`` and the like; reports operands that cannot be compared."""
    if comparable(report, left, right, span) and operator not in ("==", "!="):
        _ordered(report, left, right, span)
    return optional_if(BOOL, left, right)


def comparable(report: Report, left: Expression, right: Expression, span: Span) -> bool:
    """Whether two values can be equal at all; reports it where they cannot."""
    kinds = left.type, right.type
    if any(kind.name in ("event", "regex") for kind in kinds):
        what = "a regular expression" if "regex" in (k.name for k in kinds) else "a whole event"
        hint = "write `matches`" if "regex" in (k.name for k in kinds) else "compare one of its fields"
        report.error("CEP301", f"{what} cannot be compared", span, hint)
        return False
    if family(kinds[0]) == family(kinds[1]):
        return True
    if any(is_open(kind) for kind in kinds):
        return _list_with_unknown(report, left, right, span)
    if "list" in (kinds[0].name, kinds[1].name):
        a_list, other = kinds if kinds[0].name == "list" else kinds[::-1]
        message = f"{_list_of(a_list)} is compared with {article(str(other.not_null()))}"
        report.error("CEP304", message, span, LIST_HINT)
        return False
    message = f"{_a(kinds[0])} cannot be compared with {_a(kinds[1])}"
    report.error("CEP301", message, span, _comparison_hint(left, right))
    return False


def _list_with_unknown(report: Report, left: Expression, right: Expression, span: Span) -> bool:
    """All values of a loop beside one of a type that nobody knows: that will hardly be a list."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, StepValues) and isinstance(other, Field | KeyValue):
            message = f"`{one.step}.{one.name}` is the list of all values, `{other.name}` is one value"
            report.error("CEP304", message, span, LIST_HINT)
            return False
    return True


def _a(kind: Type) -> str:
    return article(str(kind.not_null()))


def _list_of(kind: Type) -> str:
    known = kind.item is not None and kind.item.name != "any"
    return f"a list of {kind.item.not_null()} values" if known and kind.item else "a list"


def _comparison_hint(left: Expression, right: Expression) -> str | None:
    for one, other in ((left, right), (right, left)):
        wanted = family(other.type)
        if isinstance(one, Constant) and isinstance(one.value, str) and one.type.name == "string":
            match wanted:
                case "timestamp":
                    return f'write `timestamp("{one.value}")`'
                case "duration":
                    return "write a duration without quotes, such as `5 minutes`"
                case "number" | "bool":
                    return f"write `{one.value}` without quotes" if _plain(one.value) else None
        if isinstance(one, Constant) and wanted == "string" and family(one.type) in ("number", "bool"):
            shown = str(one.value).lower() if isinstance(one.value, bool) else one.value
            return f'write `"{shown}"` in quotes'
        if wanted == "duration" and family(one.type) == "number":
            return "write a unit: `5 minutes`, `30s`"
        if wanted == "timestamp" and family(one.type) in ("number", "duration"):
            return (
                "convert the number with `timestamp(…)`"
                if family(one.type) == "number"
                else ("a difference of two timestamps is a duration: `at - first.at`")
            )
    names = {family(left.type), family(right.type)}
    return "convert one of them: `float(…)` or `string(…)`" if names == {"number", "string"} else None


def _plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("true", "false")
    return True


def _ordered(report: Report, left: Expression, right: Expression, span: Span) -> None:
    for kind in (left.type, right.type):
        if is_open(kind):
            continue
        if family(kind) not in ORDERED or kind.name == "ip":
            message = f"{_a(kind)} has no order, so `<` and `>` cannot compare it"
            hint = 'for addresses there is `cidr(ip, "10.0.0.0/8")`' if kind.name == "ip" else None
            report.error("CEP301", message, span, hint or "use `==` or `!=`")
            return


def contained(report: Report, left: Expression, right: Expression, span: Span) -> Type:
    """The type of ``in`` and ``not in``."""
    kind = right.type
    result = optional_if(BOOL, left)
    if is_open(kind):
        return result
    if kind.name == "string":
        report.error(
            "CEP301", "`in` wants a list on its right, this is a string", span,
            "write `contains(text, part)` for a part of a text",
        )  # fmt: skip
    elif kind.name == "map":
        if left.type.name not in ("any", "string", "null"):
            report.error("CEP301", f"the keys of a map are strings, not {left.type}", span)
    elif kind.name != "list":
        message = f"`in` wants a list on its right, this is {_a(kind)}"
        report.error("CEP301", message, span, "write `[…]` around the values, or `==`")
    elif left.type.name == "list":
        report.error(
            "CEP304", "a list is looked for in a list", span,
            "look for one value: `any(xs, x -> x in ys)`",
        )  # fmt: skip
    elif kind.item is not None:
        comparable(report, left, Constant(None, kind.item.not_null()), span)
    return result


# ---- arithmetic ----


def arithmetic(report: Report, operator: str, left: Expression, right: Expression, span: Span) -> Type:
    """The type of ``+ - * / % **``; reports operands it cannot take, and a constant zero under a division."""
    if operator in ("/", "%") and _is_zero(right):
        report.error("CEP311", "this divides by zero", span, "an event would fail here each time")
        return ANY
    kind = _arithmetic_type(operator, left.type.not_null(), right.type.not_null())
    if operator == "**" and kind == INT and not _is_count(right):
        kind = FLOAT
    if kind is None:
        _refuse_arithmetic(report, operator, left, right, span)
        return ANY
    return kind if kind == ANY else optional_if(kind, left, right)


def _is_zero(expression: Expression) -> bool:
    return (
        isinstance(expression, Constant)
        and isinstance(expression.value, int | float)
        and not isinstance(expression.value, bool)
        and expression.value == 0
    )


def _arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    if is_open(left) or is_open(right):
        return _with_unknown(operator, left, right)
    families = family(left), family(right)
    if families == ("number", "number"):
        return _number_type(operator, left, right)
    match operator, *families:
        case "+", "string", "string":
            return STRING
        case "-", "timestamp", "timestamp":
            return DURATION
        case "+" | "-", "timestamp", "duration":
            return TIMESTAMP
        case "+", "duration", "timestamp":
            return TIMESTAMP
        case "+" | "-" | "%", "duration", "duration":
            return DURATION
        case "/", "duration", "duration":
            return FLOAT
        case "*" | "/", "duration", "number":
            return DURATION
        case "*", "number", "duration":
            return DURATION
    return None


def _with_unknown(operator: str, left: Type, right: Type) -> Type | None:
    known = [kind for kind in (left, right) if not is_open(kind)]
    allowed = {
        "+": ("number", "string", "timestamp", "duration"),
        "-": ("number", "timestamp", "duration"),
        "*": ("number", "duration"),
        "/": ("number", "duration"),
        "%": ("number", "duration"),
        "**": ("number",),
    }[operator]
    return ANY if all(family(kind) in allowed for kind in known) else None


def _number_type(operator: str, left: Type, right: Type) -> Type:
    wide = wider(left, right)
    if operator == "/" and wide.name == "int":
        return FLOAT
    return wide


def _is_count(expression: Expression) -> bool:
    return isinstance(expression, Constant) and isinstance(expression.value, int) and expression.value >= 0


def _refuse_arithmetic(report: Report, operator: str, left: Expression, right: Expression, span: Span) -> None:
    families = family(left.type), family(right.type)
    hint = None
    if operator == "+" and "string" in families:
        hint = "turn the other side into text: `string(…)`"
    elif operator == "-" and "string" in families and "timestamp" in families:
        hint = "turn the text into a time: `timestamp(…)`"
    elif {"timestamp", "number"} == set(families) or {"duration", "number"} == set(families):
        hint = "give the number a unit: `5 minutes`"
    elif "list" in families:
        hint = "for a list there are `sum(…)`, `max(…)`, `map(…, x -> …)`"
    elif "bool" in families:
        hint = "write `if condition then 1 else 0`"
    message = f"`{operator}` does not go with {_a(left.type)} and {_a(right.type)}"
    report.error("CEP302", message, span, hint)


# ---- conditions ----


def expect_bool(report: Report, expression: Expression, what: str) -> None:
    """Reports a condition that is no condition."""
    kind = expression.type
    if kind.name in ("bool", "any") or is_poison(expression):
        return
    if kind.name == "null":
        report.error("CEP303", f"{what} is always unknown", expression.span, "a condition is true or false")
        return
    hint = "compare it with something, such as `… == …` or `… is not null`"
    if kind.name == "string":
        hint = 'compare it with a text: `… == "…"`'
    elif family(kind) == "number":
        hint = "compare it with a number: `… > 0`"
    message = f"{what} must be true or false, this is {_a(kind)}"
    report.error("CEP303", message, expression.span, hint)
