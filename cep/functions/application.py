"""Functions that applications add. Core layer. Rule files never load code: an application imports its functions, or a
package offers them under the entry point ``cep.functions`` (a module with decorated functions, or one of them).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from cep.functions.records import (
    REQUIRED,
    EvaluationError,
    FunctionRecord,
    ParameterRecord,
)
from cep.functions.registry import register
from cep.functions.values import checked_float, checked_int, kind
from cep.types import ANY, BOOL, DECIMAL, FLOAT, INT, STRING, Type, list_of

F = TypeVar("F", bound=Callable[..., Any])

_TYPES: dict[Any, Type] = {
    str: STRING, int: INT, float: FLOAT, Decimal: DECIMAL, bool: BOOL,
    list: Type("list"), dict: Type("map"), Any: ANY, object: ANY,
}  # fmt: skip


@overload
def function(implementation: F, /) -> F: ...


@overload
def function(*, name: str | None = None) -> Callable[[F], F]: ...


def function(implementation: Callable[..., Any] | None = None, /, *, name: str | None = None) -> Any:
    """Makes a Python function known to rules, under its own name or ``name``; it stays as it is.

    Its annotations give the types: ``str int float Decimal bool list dict Any``, ``list[str]``, ``dict[str, int]``,
    ``X | None``. Its docstring is its documentation. It must be pure: the same arguments give the same result, whatever
    the hour and the machine, or replays differ. It is not called when an argument is null that is not annotated
    ``| None``, or of another type than annotated (an int is a float): the result is null then. What it raises makes the
    event a dead letter. Times and durations are ints of microseconds.

    Raises:
        TypeError: a parameter or the result has no annotation, or one that rules have no type for.
        ValueError: the name is taken, or is not a name.
    """
    if implementation is None:
        return lambda given: function(given) if name is None else _added(given, name)
    return _added(implementation, name or implementation.__name__)


def _added(implementation: F, name: str) -> F:
    if not name.isidentifier():
        raise ValueError(f"`{name}` cannot be the name of a function")
    register(_record(implementation, name))
    return implementation


def _record(implementation: Callable[..., Any], name: str) -> FunctionRecord:
    hints = get_type_hints(implementation)
    parameters = tuple(
        _parameter(name, parameter, hints) for parameter in inspect.signature(implementation).parameters.values()
    )
    if "return" not in hints:
        raise TypeError(f"`{name}` needs an annotation of its result")
    result = _type(name, hints["return"])
    return FunctionRecord(
        name,
        f"application ({implementation.__module__}.{implementation.__qualname__})",
        parameters,
        result,
        inspect.getdoc(implementation) or "",
        (),
        _guarded(implementation, name, parameters, result),
    )


def _parameter(function_name: str, parameter: inspect.Parameter, hints: dict[str, Any]) -> ParameterRecord:
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
        raise TypeError(f"`{function_name}`: the parameter `{parameter.name}` must be positional")
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        raise TypeError(f"`{function_name}` cannot take named arguments of any name")
    if parameter.name not in hints:
        raise TypeError(f"`{function_name}`: the parameter `{parameter.name}` needs an annotation")
    given = _type(function_name, hints[parameter.name])
    repeats = parameter.kind is inspect.Parameter.VAR_POSITIONAL
    default = REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default
    if default is not REQUIRED and not isinstance(default, str | int | float | NoneType):
        raise TypeError(f"`{function_name}`: the default of `{parameter.name}` must be a simple value")
    return ParameterRecord(
        parameter.name,
        (given.not_null(),),
        "",
        () if repeats else default,
        repeats=repeats,
        takes_null=given.optional or given is ANY,
    )


def _type(name: str, hint: Any) -> Type:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        others = [part for part in arguments if part is not NoneType]
        if len(others) == 1 and len(others) < len(arguments):
            return _type(name, others[0]).or_null()
    elif origin is list:
        return list_of(_type(name, arguments[0]))
    elif origin is dict and arguments[0] is str:
        return Type("map", _type(name, arguments[1]))
    elif hint in _TYPES:
        return _TYPES[hint]
    raise TypeError(f"`{name}`: rules have no type for the annotation {hint!r}")


def _guarded(
    implementation: Callable[..., Any],
    name: str,
    parameters: tuple[ParameterRecord, ...],
    result: Type,
) -> Callable[..., Any]:
    """Calls it with arguments of the right types only, and looks at what it returns."""

    def call(*arguments: Any) -> Any:
        given = []
        for index, value in enumerate(arguments):
            parameter = parameters[min(index, len(parameters) - 1)]
            if value is None:
                if not parameter.sees_null:
                    return None
            elif not _is(value, parameter.types[0]):
                return None
            given.append(float(value) if _promoted(value, parameter.types[0]) else value)
        try:
            returned = implementation(*given)
        except EvaluationError:
            raise
        except Exception as error:  # code of the application: whatever it raises costs this event, not the run (S15)
            raise EvaluationError(f"{name} raised {type(error).__name__}: {error}") from error
        return _checked_result(name, returned, result)

    return call


def _promoted(value: Any, wanted: Type) -> bool:
    return wanted.name == "float" and value.__class__ is int


def _is(value: Any, wanted: Type) -> bool:
    found = kind(value)
    match wanted.name:
        case "string":
            return found == "text"
        case "int":
            return found == "number" and isinstance(value, int)
        case "float":
            return found == "number" and isinstance(value, int | float)
        case "decimal":
            return found == "number" and isinstance(value, Decimal)
        case "any":
            return True
        case other:
            return found == other


def _checked_result(name: str, returned: Any, wanted: Type) -> Any:
    if returned is None:
        return None
    if not _is(returned, wanted):
        raise EvaluationError(f"{name} returned a {type(returned).__name__} and not a {wanted.name}")
    if isinstance(returned, float):
        return checked_float(returned)
    if wanted.name == "float":
        return float(returned)
    return checked_int(returned) if returned.__class__ is int else returned
