"""What README.md says in numbers and names holds."""

import io
import json
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import cep
from cep.cli.ending import INTERRUPTED, TERMINATED
from cep.cli.group import BUG, FINDINGS, NOT_RULES, USAGE
from cep.cli.group import cep as group
from tests.documentation.blocks import blocks

ROOT = Path(__file__).parents[2]
README = "README.md"


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / README).read_text("utf-8")


def test_the_main_job_derives_as_many_events_as_it_says(root: Path, text: str) -> None:
    told = re.search(r"Standard output gets (\d+) derived events", text)
    assert told
    engine = cep.Engine.from_rules(root / "rules" / "authentication")
    lines = (root / "examples" / "authentication" / "events.jsonl").read_bytes().splitlines()
    derived, broken = 0, 0
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            broken += 1
            continue
        derived += len(engine.push(event))
    derived += len(engine.finish())
    assert derived == int(told[1])
    assert (engine.counters.late, broken) == (4, 1)


def test_its_links_lead_somewhere(root: Path) -> None:
    for page in (root / README, root / "grammar" / README):
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        inside = [target for target in targets if "://" not in target]
        assert inside, page
        for target in inside:
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_folders_it_names_are_there(root: Path, text: str) -> None:
    named = re.findall(r"^\| \[?`((?:cep|grammar|rules|examples|tests)/[\w/.]*)`", text, re.MULTILINE)
    assert named
    for name in named:
        assert (root / name).exists(), name


def test_the_library_takes_ten_lines(text: str) -> None:
    _, program = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with redirect_stdout(io.StringIO()):
        compile(program, README, "exec")
    assert len([line for line in program.splitlines() if line.strip()]) <= 10


def test_rules_are_tested_as_it_says(text: str) -> None:
    program, _ = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(program, README, "exec"), {})


def test_a_mistake_is_told_as_it_is_printed(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = """define failed login as Login(outcome == "failure")
rule brute_force
  "Three failed logins within 5 minutes."
  when three faild logins within 5 minutes per user
  emit BruteForce(user)
"""
    [told] = [block.text for block in blocks(ROOT / README) if "error[" in block.text]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "brute_force.cep").write_text(rules, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(group, ["check", "rules", "--color", "never"])
    assert result.exit_code == 2
    assert told in result.output


def test_why_is_answered_as_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    asked: list[list[str]] = []
    answers = 0
    for block in blocks(ROOT / README):
        if block.words == ("sh",) and block.text.startswith("cep why"):
            asked.append(shlex.split(block.text)[1:])
        elif block.words == ("text", "why"):
            result = CliRunner().invoke(group, [*asked[-1], "--color", "never"])
            assert result.output.startswith(block.text), result.output
            answers += 1
    assert answers == 2


def test_the_exit_codes_are_those_of_the_command(text: str) -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \| ", text, re.MULTILINE)}
    assert told == {0, FINDINGS, NOT_RULES, USAGE, BUG, INTERRUPTED, TERMINATED}


@pytest.mark.parametrize("verb", ["run", "check", "explain", "why"])
def test_the_verbs_it_names_exist(verb: str, text: str) -> None:
    assert f"cep {verb} " in text
    assert group.get_command(click.Context(group), verb) is not None


def test_the_commands_it_shows_have_the_options_they_use() -> None:
    shown = [line for block in blocks(ROOT / README) if block.words == ("sh",) for line in block.text.splitlines()]
    calls = [part.strip() for line in shown for part in re.split(r"&&|\|", line.partition("  #")[0])]
    ours = [shlex.split(call.removeprefix(".venv/bin/")) for call in calls if re.match(r"(\.venv/bin/)?cep ", call)]
    assert len(ours) >= 5
    for _, verb, *arguments in ours:
        command = group.get_command(click.Context(group), verb)
        assert command is not None, verb
        command.make_context(verb, arguments)


def test_the_table_of_real_lines_is_that_of_the_example(text: str, root: Path) -> None:
    example = (root / "examples" / "ssh" / README).read_text("utf-8")
    assert [n for n in ("172", "167") if n in text and n in example] == ["172", "167"]


def test_the_picture_shows_rules_that_are_there(root: Path, text: str) -> None:
    from xml.etree import ElementTree

    [picture] = re.findall(r"!\[[^\]]+\]\((docs/[\w.]+\.svg)\)", text)
    page = ElementTree.parse(root / picture).getroot()
    titles = [title.text or "" for title in page.iter("{http://www.w3.org/2000/svg}title")]
    drawn = {title.split(",")[0].split("\n")[0].removeprefix("rule ") for title in titles if title.startswith("rule ")}
    rules = "\n".join(path.read_text("utf-8") for path in (root / "rules" / "authentication").glob("*.cep"))
    assert drawn
    assert drawn <= set(re.findall(r"^rule (\w+)", rules, re.MULTILINE))


def test_what_it_shows_of_explain_is_what_explain_says(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = re.search(r"^```cep\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown = re.search(r"^```text\n\$ cep (explain [^\n]+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert rules
    assert shown
    (tmp_path / "brute_force.cep").write_text(rules[1], "utf-8")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(group, shlex.split(shown[1])).stdout == shown[2]
