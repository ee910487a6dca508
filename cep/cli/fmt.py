"""``cep fmt``: rule files in their canonical form, or from one form to the other. CLI layer."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cep.cli.options import color_option
from cep.cli.rule_sources import write_whole
from cep.cli.terminal import Console, counted, use_color, visible
from cep.errors import UsageError

if TYPE_CHECKING:
    from cep.diagnostics import Diagnostic
    from cep.language.formatting.formatter import Form
    from cep.language.rule_files import RuleText

EPILOG = """\b
Exit codes: 0 done, 1 --check or --diff found files to format, 2 files that do not parse, or that the other form cannot
say (left alone; the others are formatted), 3 usage or a file that cannot be read or written.

\b
Examples:
  cep fmt rules/
  cep fmt --check --diff rules/
  cep fmt rules/brute_force.cep --to yaml
  cat rules.cep | cep fmt -
"""

STANDARD_INPUT = "-"
BUG = 70


@dataclass(slots=True)
class Outcome:
    """What became of the files."""

    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    unread: int = 0
    bugs: int = 0
    unwritable: bool = False


@click.command("fmt", epilog=EPILOG, short_help="Lay rule files out in their canonical form.")
@click.argument("files", nargs=-1, metavar="FILES...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file is not formatted.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--to", type=click.Choice(["yaml", "cep"]), help="Convert to this form, and print it.")
@click.option("--write", is_flag=True, help="With --to: write the new file, and remove the old one.")
@click.option("--from", "form", type=click.Choice(["yaml", "cep"]), help="The form of standard input; default cep.")
@color_option
def command(
    files: tuple[str, ...], check: bool, diff: bool, to: Form | None, write: bool, form: Form | None, color: str
) -> int:
    """Format rule files: clauses in their order, lines broken and lined up, comments kept.

    Formatting never changes what rules mean. FILES are rule files, folders of them, or - for standard input, which is
    written to standard output.
    """
    if not files:
        raise click.UsageError("no files are given; name a rule file or a folder, as in `cep fmt rules/`")
    if write and to is None:
        raise click.UsageError("--write goes with --to; without it files are always written")
    if STANDARD_INPUT in files:
        if len(files) > 1 or write:
            raise click.UsageError("`-` stands alone: standard input goes to standard output")
        return _Formatting(check, diff, to, False, color).stream(form or "cep")
    if form is not None:
        raise click.UsageError("--from is for standard input; a file's name tells its form")
    return _Formatting(check, diff, to, write, color).files(files)


class _Formatting:
    """One run of the command."""

    def __init__(self, check: bool, diff: bool, to: Form | None, write: bool, color: str) -> None:
        self.check = check
        self.diff = diff
        self.to = to
        self.write = write
        self.console = Console(color)
        self.color = use_color(color, sys.stdout)
        self.outcome = Outcome()

    def stream(self, form: Form) -> int:
        """Standard input to standard output."""
        from cep.language.rule_files import RuleText

        text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
        read = RuleText("<stdin>", text, form)
        result = self._formatted(read)
        if result is None:
            return self._code([])
        if self.check or self.diff:
            self._settle(read, result)
            return self._code([])
        click.echo(result, nl=False)
        return 0

    def files(self, places: Sequence[str]) -> int:
        """Files and folders."""
        from cep.language.rule_files import PACK_PREFIX, read_rule_files

        packs = [place for place in places if place.startswith(PACK_PREFIX)]
        if packs:
            raise UsageError(f"`{packs[0]}` is a pack that ships with cep; name a file or a folder of yours")
        texts, problems = read_rule_files([Path(place) for place in places])
        texts = [text for text in texts if self.to is None or text.form != self.to]
        if self.to is not None and not (self.write or self.check or self.diff) and len(texts) > 1:
            raise click.UsageError(f"these are {len(texts)} files; add --write to convert them in their places")
        self._tell(problems, {})
        for text in texts:
            result = self._formatted(text)
            if result is not None:
                self._settle(text, result)
        self._conclude(printed=self.to is not None and not self.write)
        return self._code(problems)

    def _formatted(self, read: RuleText) -> str | None:
        from cep.language.formatting.formatter import FormattingBug, format_text
        from cep.language.formatting.unsayable import Unsayable

        try:
            made = format_text(read.text, read.file, read.form, self.to)
        except FormattingBug as bug:
            self.outcome.bugs += 1
            self.console.error(f"[CEP901] this is a bug of ours: {bug}", "please report it with the file")
            return None
        except Unsayable as missing:
            self.outcome.unread += 1
            self.console.error(str(missing))
            return None
        if made.text is None:
            self.outcome.unread += 1
            self._tell(made.diagnostics, {read.file: read.text})
        return made.text

    def _tell(self, found: Sequence[Diagnostic], texts: dict[str, str]) -> None:
        from cep.diagnostics import render_full

        for each in found:
            text = render_full(each, texts, self.console.color)
            if not each.span.line:  # a file or a folder as a whole
                text = text.replace(visible(str(each.span)), visible(each.span.file))
            self.console.line(text + "\n")

    def _settle(self, read: RuleText, result: str) -> None:
        """Writes a file anew, prints it, or says that it would change."""
        if self.to is not None and not (self.check or self.diff):
            self._convert(read, result)
        elif result == read.text:
            self.outcome.unchanged += 1
        else:
            self.outcome.changed.append(read.file)
            if self.diff:
                self._show(read, result)
            if not (self.check or self.diff):
                place = Path(read.file).resolve()
                write_whole(place, result.encode(), place)

    def _convert(self, read: RuleText, result: str) -> None:
        if not self.write:
            click.echo(result, nl=False)
            return
        source = Path(read.file)
        target = source.with_suffix(f".{self.to}")
        if target.exists():
            raise UsageError(f"`{target}` is there already; move it away first")
        write_whole(target, result.encode(), source)
        source.unlink()
        self.outcome.changed.append(f"{source} to {target}")

    def _show(self, read: RuleText, result: str) -> None:
        lines = difflib.unified_diff(
            read.text.splitlines(keepends=True), result.splitlines(keepends=True), read.file, f"{read.file} (formatted)"
        )
        for line in lines:
            click.echo(self._painted(visible(line.rstrip("\n"))), color=True)

    def _painted(self, line: str) -> str:
        style = {"+": "32", "-": "31", "@": "36"}.get(line[:1]) if self.color else None
        return line if style is None else f"\x1b[{style}m{line}\x1b[0m"

    def _conclude(self, printed: bool) -> None:
        """One line a file that changed, and one for all, on standard error."""
        if printed and not (self.check or self.diff):
            return
        done = "would format" if self.check or self.diff else "converted" if self.to else "formatted"
        for file in self.outcome.changed:
            self.console.line(f"{done} {visible(file)}")
        parts = [f"{done} {counted(len(self.outcome.changed), 'file')}"] * bool(self.outcome.changed)
        parts += [f"{counted(self.outcome.unchanged, 'file')} formatted already"] * bool(self.outcome.unchanged)
        parts += [f"{counted(self.outcome.unread, 'file')} with errors left alone"] * bool(self.outcome.unread)
        if parts:
            self.console.line(", ".join(parts))

    def _code(self, problems: Sequence[Diagnostic]) -> int:
        if self.outcome.bugs:
            return BUG
        if any(problem.code != "CEP503" for problem in problems):
            return 3
        if self.outcome.unread or problems:
            return 2
        return int((self.check or self.diff) and bool(self.outcome.changed))
