"""Short names for building Python ``ast`` nodes. Plan layer.

Generated code is built from nodes, never from text, so that nothing in a rule or an event can become code. Constants
are passed by reference through the namespace of the generated module.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from cep.diagnostics import Span


def name(text: str) -> ast.Name:
    """A variable that is read."""
    return ast.Name(text, ast.Load())


def attribute(target: ast.expr, text: str) -> ast.Attribute:
    """``target.text``."""
    return ast.Attribute(target, text, ast.Load())


def item(target: ast.expr, index: int) -> ast.Subscript:
    """``target[index]``."""
    return ast.Subscript(target, ast.Constant(index), ast.Load())


def call(function: str, *arguments: ast.expr) -> ast.Call:
    """``function(arguments)``."""
    return ast.Call(name(function), list(arguments), [])


def any_bit(parts: Sequence[ast.expr]) -> ast.expr:
    """The parts, none or more, joined by ``|`` in their order, as a balanced tree: Python descends along it."""
    if len(parts) < 2:
        return parts[0] if parts else ast.Constant(0)
    middle = len(parts) // 2
    return ast.BinOp(any_bit(parts[:middle]), ast.BitOr(), any_bit(parts[middle:]))


def inherit_places(node: ast.AST, place: tuple[int, int, int, int] = (1, 0, 1, 0)) -> None:
    """Give nodes without a place that of the node around them; as ``ast.fix_missing_locations``, but faster."""
    own = node.__dict__
    if "lineno" in own:
        place = (own["lineno"], own["col_offset"], own["end_lineno"], own["end_col_offset"])
    elif node._attributes:
        own["lineno"], own["col_offset"], own["end_lineno"], own["end_col_offset"] = place
    for field in node._fields:
        inner = own.get(field)
        if isinstance(inner, ast.AST):
            if inner._fields or inner._attributes:
                inherit_places(inner, place)
        elif inner.__class__ is list:
            for each in inner:
                if isinstance(each, ast.AST) and (each._fields or each._attributes):
                    inherit_places(each, place)


def is_(left: ast.expr, right: ast.expr) -> ast.Compare:
    """``left is right``."""
    return ast.Compare(left, [ast.Is()], [right])


def is_not(left: ast.expr, right: ast.expr) -> ast.Compare:
    """``left is not right``."""
    return ast.Compare(left, [ast.IsNot()], [right])


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.Compare:
    """``left operator right``."""
    return ast.Compare(left, [operator], [right])


def class_of(value: ast.expr) -> ast.Attribute:
    """``value.__class__``."""
    return attribute(value, "__class__")


def all_of(parts: Sequence[ast.expr]) -> ast.expr:
    """The parts joined by ``and``; true for none."""
    if not parts:
        return ast.Constant(True)
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), list(parts))


def any_of(parts: Sequence[ast.expr]) -> ast.expr:
    """The parts joined by ``or``; false for none."""
    if not parts:
        return ast.Constant(False)
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), list(parts))


def if_else(condition: ast.expr, consequence: ast.expr, alternative: ast.expr) -> ast.IfExp:
    """``consequence if condition else alternative``."""
    return ast.IfExp(condition, consequence, alternative)


def walrus(target: str, value: ast.expr) -> ast.NamedExpr:
    """``(target := value)``."""
    return ast.NamedExpr(ast.Name(target, ast.Store()), value)


def assign(target: str, value: ast.expr) -> ast.Assign:
    """``target = value``."""
    return ast.Assign([ast.Name(target, ast.Store())], value)


def function(text: str, parameters: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    """``def text(parameters): body``."""
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(p) for p in parameters], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    extra: dict[str, Any] = {"type_params": []} if "type_params" in ast.FunctionDef._fields else {}
    return ast.FunctionDef(name=text, args=arguments, body=list(body), decorator_list=[], **extra)


def placed(node: ast.expr, span: Span) -> ast.expr:
    """The node at the place in the rule file, so that a traceback points there."""
    if span.line > 0:
        node.lineno = span.line
        node.col_offset = max(span.column - 1, 0)
        node.end_lineno = max(span.end_line, span.line)
        node.end_col_offset = max(span.end_column - 1, 0)
    return node
