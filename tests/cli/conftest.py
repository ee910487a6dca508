from pathlib import Path

import pytest

from tests.cli.command import BRUTE_FORCE, login, write_lines


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "brute.cep"
    path.write_text(BRUTE_FORCE, "utf-8")
    return path


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Three failures, with a late event before the last and a broken line."""
    return write_lines(
        tmp_path / "logins.jsonl",
        [login(0), login(60), login(30), '{"type": "Login", "time"', login(120), login(600, "bob")],
    )
