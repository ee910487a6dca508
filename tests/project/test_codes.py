"""Every diagnostic code is held by a test: a golden case, or a test that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.diagnostic_codes import CODES

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def texts() -> str:
    files = [*TESTS.rglob("*.py"), *TESTS.rglob("cases/**/*.*")]
    return "\n".join(file.read_text("utf-8", "replace") for file in files if file != Path(__file__))


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_test_holds_the_code(code: str, texts: str) -> None:
    assert code in texts
