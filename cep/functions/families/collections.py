"""Functions over lists and maps. Core layer.

Lambdas arrive as Python callables of one argument. They may return null: unknown, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cep.functions.records import Example, FunctionRecord, ParameterRecord
from cep.types import ANY, BOOL, STRING, Type, list_of

_LIST = Type("list")
_MAP = Type("map")


def any_of(items: Any, test: Callable[[Any], Any]) -> bool | None:
    """True as soon as one is true; unknown when none is and one is unknown."""
    if not isinstance(items, list | tuple):
        return None
    unknown = False
    for item in items:
        met = test(item)
        if met is True:
            return True
        unknown = unknown or met is not False
    return None if unknown else False


def all_of(items: Any, test: Callable[[Any], Any]) -> bool | None:
    """False as soon as one is false; unknown when none is and one is unknown."""
    if not isinstance(items, list | tuple):
        return None
    unknown = False
    for item in items:
        met = test(item)
        if met is False:
            return False
        unknown = unknown or met is not True
    return None if unknown else True


def map_list(items: Any, change: Callable[[Any], Any]) -> list[Any] | None:
    """What the lambda makes of each."""
    return [change(item) for item in items] if isinstance(items, list | tuple) else None


def filter_list(items: Any, test: Callable[[Any], Any]) -> list[Any] | None:
    """Those for which the lambda is true; unknown does not count."""
    if not isinstance(items, list | tuple):
        return None
    return [item for item in items if test(item) is True]


def keys(entries: Any) -> list[str] | None:
    """The keys in the order of the map."""
    return list(entries) if isinstance(entries, dict) else None


def values(entries: Any) -> list[Any] | None:
    """The values in the order of the map, nulls included."""
    return list(entries.values()) if isinstance(entries, dict) else None


def _test_result(types: Sequence[Type]) -> Type:
    body = types[1] if len(types) > 1 else BOOL
    return BOOL.or_null() if body.optional or body.name in ("any", "null") else BOOL


def _list_of_body(types: Sequence[Type]) -> Type:
    return list_of(types[1] if len(types) > 1 else ANY)


def _same_list(types: Sequence[Type]) -> Type:
    return types[0].not_null() if types and types[0].name == "list" else _LIST


def _values_of(types: Sequence[Type]) -> Type:
    return list_of(types[0].item or ANY) if types and types[0].name == "map" else list_of(ANY)


_ITEMS = ParameterRecord("items", (_LIST,), "the list")
_TEST = ParameterRecord("test", (BOOL,), "`x -> condition`", kind="lambda")
_ENTRIES = ParameterRecord("entries", (_MAP,), "the map")

COLLECTION_FUNCTIONS: dict[str, FunctionRecord] = {
    "any": FunctionRecord(
        "any", "list and map", (_ITEMS, _TEST), _test_result,
        "Whether the condition holds for at least one element; false for an empty list.",
        (
            Example("any([1, 5], x -> x > 3)", ([1, 5], lambda x: x > 3), True),
            Example("any([], x -> x > 3)", ([], lambda x: x > 3), False),
        ), any_of,
    ),
    "all": FunctionRecord(
        "all", "list and map", (_ITEMS, _TEST), _test_result,
        "Whether the condition holds for every element; true for an empty list.",
        (Example("all([1, 5], x -> x > 3)", ([1, 5], lambda x: x > 3), False),), all_of,
    ),
    "map": FunctionRecord(
        "map", "list and map",
        (_ITEMS, ParameterRecord("change", (ANY,), "`x -> expression`", kind="lambda")),
        _list_of_body, "The list of what the lambda makes of each element.",
        (Example("map([1, 2], x -> x * 10)", ([1, 2], lambda x: x * 10), [10, 20]),), map_list,
    ),
    "filter": FunctionRecord(
        "filter", "list and map", (_ITEMS, _TEST), _same_list,
        "The elements for which the condition is true, in their order.",
        (Example("filter([1, 5, 7], x -> x > 3)", ([1, 5, 7], lambda x: x > 3), [5, 7]),),
        filter_list,
    ),
    "keys": FunctionRecord(
        "keys", "list and map", (_ENTRIES,), list_of(STRING), "The keys of a map, in its order.",
        (Example("keys(headers)", ({"host": "a", "via": None},), ["host", "via"]),), keys,
    ),
    "values": FunctionRecord(
        "values", "list and map", (_ENTRIES,), _values_of,
        "The values of a map, in its order, nulls included.",
        (Example("values(headers)", ({"host": "a", "via": None},), ["a", None]),), values,
    ),
}  # fmt: skip
