"""``cep schema``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import invoke

RULES = 'event Login { user: string, outcome: string in ["a", "b"], at: timestamp } time at\nrule r when Login emit X(user)\n'


def test_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "rules.cep").write_text(RULES)
    done = invoke("schema", tmp_path / "rules.cep")
    assert done.exit_code == 0
    assert list(json.loads(done.stdout)["$defs"]) == ["Login"]
    (tmp_path / "login.json").write_text(done.stdout)
    back = invoke("schema", "--import", tmp_path / "login.json")
    assert back.exit_code == 0
    assert back.stdout == 'event Login {\n  user: string\n  outcome: string in ["a", "b"]\n  at: timestamp\n} time at\n'


def test_what_is_wrong(tmp_path: Path) -> None:
    rules, broken = tmp_path / "rules.cep", tmp_path / "broken.json"
    rules.write_text("rule r when Login emit X(user)\n")
    broken.write_text("{")
    done = invoke("schema", rules)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no event type" in done.stderr
    assert invoke("schema", "--import", broken).exit_code == 3
    assert invoke("schema", "--import", tmp_path / "none.json").exit_code == 3
    assert invoke("schema", rules, "--import", broken).exit_code == 3
    assert invoke("schema", rules, "--name", "A").exit_code == 3
    rules.write_text("rule r when Login(x = 1) emit X(user)\n")
    assert invoke("schema", rules).exit_code == 2


def test_the_schema_of_the_yaml_form() -> None:
    done = invoke("schema")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert invoke("schema", "--set", "a=1").exit_code == 3
