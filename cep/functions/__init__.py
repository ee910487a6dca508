"""The functions, aggregates and operators of the rule language. Core layer.

Families lie in a module each: ``text number time collections network geography hashing conversion``, with a written-out
dictionary of records; :data:`FUNCTIONS` joins them. ``operators`` holds what code generation needs, ``aggregates`` the
aggregates and their definitions, ``application`` the decorator with which applications add functions of their own.
"""

from cep.functions.aggregates import AGGREGATES
from cep.functions.application import function
from cep.functions.records import (
    REQUIRED,
    AggregateExample,
    AggregateRecord,
    EvaluationError,
    Example,
    FunctionRecord,
    ParameterRecord,
)
from cep.functions.registry import FUNCTIONS, broken_entry_points, find_function, function_names

__all__ = [
    "AGGREGATES",
    "FUNCTIONS",
    "REQUIRED",
    "AggregateExample",
    "AggregateRecord",
    "EvaluationError",
    "Example",
    "FunctionRecord",
    "ParameterRecord",
    "broken_entry_points",
    "find_function",
    "function",
    "function_names",
]
