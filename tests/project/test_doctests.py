"""Every module imports without a warning, and the examples in its docstrings hold."""

import doctest
import importlib
from pathlib import Path

import pytest

from tests.project.imports import modules

MODULES = [name for name in modules(Path(__file__).parents[2] / "cep") if not name.endswith(".__main__")]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
