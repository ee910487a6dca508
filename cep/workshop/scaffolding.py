"""Projects and rules from templates. Workshop layer.

A template is a folder in ``templates/``: ``rule.cep`` (its first line says what it is for), ``events.jsonl``, and the
tables that the rule reads.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from cep.diagnostics import did_you_mean, suggestion
from cep.errors import UsageError
from cep.language.formatting.formatter import Form, format_text
from cep.language.words import is_plain_name
from cep.workshop.yaml_schema import yaml_schema

SCHEMA_FILE = "cep.schema.json"
_FOLDER = Path(__file__).resolve().parent / "templates"
_RULE = re.compile(r"^rule (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """A template: what it shows in one sentence, its rule, its events, and its tables by file name."""

    name: str
    summary: str
    rule: str
    events: str
    tables: dict[str, str]

    @property
    def rule_name(self) -> str:
        """The name of its rule."""
        match = _RULE.search(self.rule)
        assert match is not None
        return match[1]


def template_names() -> list[str]:
    """The names of all templates."""
    return sorted(path.name for path in _FOLDER.iterdir() if (path / "rule.cep").is_file())


def find_template(name: str) -> Template:
    """A template by its name.

    Raises:
        UsageError: there is none; the message names a similar one, or all.
    """
    names = template_names()
    if name not in names:
        hint = did_you_mean(suggestion(name, names)) or f"there are: {', '.join(names)}"
        raise UsageError(f"there is no template `{name}`; {hint}")
    folder = _FOLDER / name
    rule = (folder / "rule.cep").read_text("utf-8")
    tables = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.csv"))}
    events = (folder / "events.jsonl").read_text("utf-8")
    return Template(name, rule.splitlines()[0].lstrip("# "), rule, events, tables)


def rule_text(template: Template, name: str | None = None, form: Form = "cep", schema: str = SCHEMA_FILE) -> str:
    """The text of a rule file from a template, its rule called ``name``; in YAML with the line that tells editors of
    the schema.

    Raises:
        UsageError: ``name`` is no name.
    """
    text = template.rule
    if name is not None:
        if not is_plain_name(name):
            raise UsageError(f"`{name}` is no name of a rule; write letters, digits and `_`, as in `brute_force`")
        text = re.sub(rf"^(rule |test .* for ){template.rule_name}$", rf"\g<1>{name}", text, flags=re.MULTILINE)
    if form == "cep":
        return text
    converted = format_text(text, template.name, to="yaml").text
    assert converted is not None
    return f"# yaml-language-server: $schema={schema}\n{converted}"


def project_files(name: str, template: Template, form: Form = "cep") -> dict[str, str]:
    """The files of a project by their paths in it."""
    rules = f"rules/{template.rule_name}.{form}"
    files = {rules: rule_text(template, form=form, schema=f"../{SCHEMA_FILE}")}
    files |= {f"rules/{file}": text for file, text in template.tables.items()}
    files["events.jsonl"] = template.events
    if form == "yaml":
        files[SCHEMA_FILE] = json.dumps(yaml_schema(), indent=2) + "\n"
    files["README.md"] = _README.format(name=name, summary=template.summary, rules=rules, rule=template.rule_name)
    return files


_README = """# {name}

{summary}

`{rules}` holds the rule and its tests, `events.jsonl` some events to try it on.

```sh
cep check rules/                            # all mistakes, and warnings
cep test rules/                             # the tests in the rule file
cep run rules/ --source events.jsonl        # what the rule derives from the events
cep explain rules/ --rule {rule}
cep fmt rules/                              # one layout for all
```

`cep list functions` and `cep list aggregates` tell what rules can compute, `cep new rule --template NAME` prints
another rule to begin with, and `cep list templates` names them.
"""


def write_files(root: Path, files: dict[str, str], force: bool) -> None:
    """Writes files below a folder; none if one of them is there already, unless ``force``.

    Raises:
        UsageError: a file is there already, or cannot be written.
    """
    there = [root / path for path in files if (root / path).exists()]
    if there and not force:
        raise UsageError(f"`{there[0]}` is there already, so nothing is written; --force writes over it")
    try:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write to `{root}`: {error.strerror or error}") from None
