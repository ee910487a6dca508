"""Functions over text. Core layer. Positions count characters (code points) from 0."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cep.durations import format_duration
from cep.functions.operators import contains_value
from cep.functions.records import TEXT, EvaluationError, Example, FunctionRecord, ParameterRecord
from cep.functions.values import as_text, check_size, kind
from cep.timestamps import format_time
from cep.types import ANY, BOOL, INT, STRING, Type, list_of

_LIST = Type("list")
_MAP = Type("map")


def lower(text: Any) -> str | None:
    """Lower case."""
    return text.lower() if isinstance(text, str) else None


def upper(text: Any) -> str | None:
    """Upper case."""
    return text.upper() if isinstance(text, str) else None


def trim(text: Any) -> str | None:
    """Without white space at both ends."""
    return text.strip() if isinstance(text, str) else None


def length(value: Any) -> int | None:
    """Characters of a text, elements of a list, entries of a map."""
    return len(value) if kind(value) in ("text", "list", "map") else None


def contains(whole: Any, part: Any) -> bool | None:
    """A part of a text, or an element of a list (as ``part in whole``)."""
    if isinstance(whole, str):
        return part in whole if isinstance(part, str) else None
    return contains_value(whole, part)


def starts_with(text: Any, prefix: Any) -> bool | None:
    """Whether the text begins so."""
    if isinstance(text, str) and isinstance(prefix, str):
        return text.startswith(prefix)
    return None


def ends_with(text: Any, suffix: Any) -> bool | None:
    """Whether the text ends so."""
    if isinstance(text, str) and isinstance(suffix, str):
        return text.endswith(suffix)
    return None


def replace(text: Any, old: Any, new: Any) -> str | None:
    """Every ``old`` replaced; the length is known before the text is made."""
    if not (isinstance(text, str) and isinstance(old, str) and isinstance(new, str)):
        return None
    if not old:
        raise EvaluationError("replace of an empty text")
    if len(new) > len(old):
        size = len(text) + text.count(old) * (len(new) - len(old))
        check_size(size)
    return text.replace(old, new)


def split(text: Any, separator: Any) -> list[str] | None:
    """The parts between the separators."""
    if not (isinstance(text, str) and isinstance(separator, str)):
        return None
    if not separator:
        raise EvaluationError("split by an empty text")
    return text.split(separator)


def substring(text: Any, start: Any, end: Any = None) -> str | None:
    """``text[start:end]`` as Python cuts."""
    if not isinstance(text, str) or start.__class__ is not int:
        return None
    if end is not None and end.__class__ is not int:
        return None
    return text[start:end]


def format_text(template: Any, *values: Any) -> str | None:
    """Fills in the template; see the record."""
    if not isinstance(template, str):
        return None
    parts: list[str] = []
    size = 0
    for literal, place, spec in _template(template):
        part = literal
        if place is not None:
            if place >= len(values):
                raise EvaluationError(f"format has no value for place {place}")
            part = _filled(values[place], spec)
        size += len(part)
        check_size(size)
        parts.append(part)
    return "".join(parts)


def template_error(template: object) -> str | None:
    """What is wrong with a template, in a clause; null when nothing is."""
    try:
        _template(template) if isinstance(template, str) else None
    except EvaluationError as error:
        return error.reason
    return None


_FIELD = re.compile(r"\{\{|\}\}|\{(\d{0,3})(?::(0?\d{0,3},?(?:\.\d{1,2})?[fe%dx]?))?\}|[{}]")


@lru_cache(maxsize=512)
def _template(template: str) -> list[tuple[str, int | None, str]]:
    """Literal text and places in their order: (text, null, "") or ("", place, format)."""
    parts: list[tuple[str, int | None, str]] = []
    at = 0
    counted = 0
    for found in _FIELD.finditer(template):
        parts.append((template[at : found.start()], None, ""))
        at = found.end()
        whole = found.group()
        if whole in ("{{", "}}"):
            parts.append((whole[0], None, ""))
        elif whole in ("{", "}"):
            raise EvaluationError(
                f"format does not understand the `{whole}` at character {found.start()}; "
                "write `{}`, `{0}` or `{:.2f}` for a place, `{{` and `}}` for braces"
            )
        else:
            place = int(found.group(1)) if found.group(1) else counted
            counted += 1
            parts.append(("", place, found.group(2) or ""))
    parts.append((template[at:], None, ""))
    return parts


def _filled(value: Any, spec: str) -> str:
    if not spec:
        return as_text(value)
    if kind(value) != "number":
        return as_text(value).rjust(int(re.match(r"\d*", spec).group() or 0))  # type: ignore[union-attr]
    if spec[-1] in "dx":
        value = int(value)
        spec = re.sub(r"\.\d+", "", spec)
    elif isinstance(value, Decimal) and value.adjusted() > 400:
        raise EvaluationError("format of a number that is too large")
    try:
        return format(value, spec)
    except (ValueError, OverflowError) as error:
        raise EvaluationError(f"format cannot write {value!r} as `{spec}`: {error}") from None


_TEXT = ParameterRecord("text", TEXT, "the text")

TEXT_FUNCTIONS: dict[str, FunctionRecord] = {
    "lower": FunctionRecord(
        "lower", "text", (_TEXT,), STRING, "The text in lower case.",
        (Example('lower("Ann")', ("Ann",), "ann"), Example('lower("ÄÖ")', ("ÄÖ",), "äö")), lower,
    ),
    "upper": FunctionRecord(
        "upper", "text", (_TEXT,), STRING, "The text in upper case.",
        (Example('upper("Ann")', ("Ann",), "ANN"),), upper,
    ),
    "trim": FunctionRecord(
        "trim", "text", (_TEXT,), STRING, "The text without white space at its ends.",
        (Example('trim("  ann ")', ("  ann ",), "ann"),), trim,
    ),
    "length": FunctionRecord(
        "length", "text",
        (ParameterRecord("value", (*TEXT, _LIST, _MAP), "a text, a list or a map"),), INT,
        "How many characters a text, elements a list or entries a map has.",
        (Example('length("ann")', ("ann",), 3), Example("length([1, null])", ([1, None],), 2)),
        length,
    ),
    "contains": FunctionRecord(
        "contains", "text",
        (
            ParameterRecord("whole", (*TEXT, _LIST), "a text or a list"),
            ParameterRecord("part", (ANY,), "the part of the text, or the element"),
        ), BOOL,
        "Whether a text holds a part, or a list an element (as `part in whole`). Case matters.",
        (
            Example('contains("failed", "fail")', ("failed", "fail"), True),
            Example('contains(["a", "b"], "c")', (["a", "b"], "c"), False),
        ), contains,
    ),
    "starts_with": FunctionRecord(
        "starts_with", "text", (_TEXT, ParameterRecord("prefix", TEXT, "how it should begin")),
        BOOL, "Whether a text begins with another. Case matters.",
        (Example('starts_with("admin1", "admin")', ("admin1", "admin"), True),), starts_with,
    ),
    "ends_with": FunctionRecord(
        "ends_with", "text", (_TEXT, ParameterRecord("suffix", TEXT, "how it should end")),
        BOOL, "Whether a text ends with another. Case matters.",
        (Example('ends_with("a.exe", ".exe")', ("a.exe", ".exe"), True),), ends_with,
    ),
    "replace": FunctionRecord(
        "replace", "text",
        (
            _TEXT,
            ParameterRecord("old", TEXT, "what to replace, not empty"),
            ParameterRecord("new", TEXT, "what to put there"),
        ), STRING,
        "The text with every `old` replaced by `new`. Fails on an empty `old` and on a result of "
        "more than 1,048,576 characters.",
        (Example('replace("a-b-c", "-", "")', ("a-b-c", "-", ""), "abc"),), replace,
    ),
    "split": FunctionRecord(
        "split", "text", (_TEXT, ParameterRecord("separator", TEXT, "what divides, not empty")),
        list_of(STRING), "The parts of a text between separators. Fails on an empty separator.",
        (Example('split("a,b,,c", ",")', ("a,b,,c", ","), ["a", "b", "", "c"]),), split,
    ),
    "substring": FunctionRecord(
        "substring", "text",
        (
            _TEXT,
            ParameterRecord("start", (INT,), "the first character, from 0; negative from the end"),
            ParameterRecord("end", (INT,), "the one after the last; null to the end", None),
        ), STRING,
        "A part of a text. Positions outside of it are cut to it.",
        (
            Example('substring("abcdef", 1, 3)', ("abcdef", 1, 3), "bc"),
            Example('substring("abcdef", -2)', ("abcdef", -2, None), "ef"),
        ), substring,
    ),
    "format": FunctionRecord(
        "format", "text",
        (
            ParameterRecord(
                "template", (STRING,), "text with places: `{}`, `{0}`, `{:.2f}`",
                check=template_error,
            ),
            ParameterRecord(
                "values", (ANY,), "what goes there", (), repeats=True, takes_null=True
            ),
        ), STRING,
        "A text with values filled in. `{}` takes the next value, `{1}` the second; after a colon "
        "stands how a number is written, as in Python: `{:.2f}`, `{:,}`, `{:5d}`, `{:x}`, `{:.1%}`. "
        "`{{` and `}}` are braces. A null is written `null`; only a null template gives null. "
        "Fails on a place without a value and beyond 1,048,576 characters.",
        (
            Example('format("{} failed {} times", "ann", 3)',
                    ("{} failed {} times", "ann", 3), "ann failed 3 times"),
            Example('format("{1:.2f}/{0}", "EUR", 2.5)', ("{1:.2f}/{0}", "EUR", 2.5), "2.50/EUR"),
            Example('format("{}", null)', ("{}", None), "null"),
        ), format_text,
        prepare={"timestamp": format_time, "duration": format_duration},
    ),
}  # fmt: skip
