"""``cep completion``: what a shell needs to complete the command's words. CLI layer."""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, get_completion_class

EPILOG = """\b
Examples:
  cep completion bash >> ~/.bashrc
  cep completion zsh >> ~/.zshrc
  cep completion fish > ~/.config/fish/completions/cep.fish
  cep completion powershell >> $PROFILE
"""

_POWERSHELL = """Register-ArgumentCompleter -Native -CommandName cep -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:_CEP_COMPLETE = "powershell_complete"
    $env:COMP_WORDS = $commandAst.ToString()
    $env:COMP_CWORD = $wordToComplete
    cep | ForEach-Object {
        $name, $help = $_ -split "`t", 2
        if (-not $help) { $help = $name }
        [System.Management.Automation.CompletionResult]::new($name, $name, "ParameterValue", $help)
    }
    $env:_CEP_COMPLETE = $null
    $env:COMP_WORDS = $null
    $env:COMP_CWORD = $null
}
"""


class PowerShellComplete(ShellComplete):
    """What PowerShell asks for, in click's manner: a line for each word, behind a tab what it means."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is typed, and that one."""
        words = os.environ.get("COMP_WORDS", "").split()[1:]
        incomplete = os.environ.get("COMP_CWORD", "")
        return (words[:-1] if incomplete and words[-1:] == [incomplete] else words), incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """One word and its help."""
        return f"{item.value}\t{item.help}" if item.help else str(item.value)


def register() -> None:
    """Lets click answer PowerShell; it knows the other shells by itself."""
    add_completion_class(PowerShellComplete)


@click.command("completion", epilog=EPILOG, short_help="Print what a shell needs to complete cep's words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "powershell"]))
def command(shell: str) -> int:
    """Print a script that lets a shell complete verbs, options and their values."""
    if shell == "powershell":
        click.echo(_POWERSHELL, nl=False)
        return 0

    made = get_completion_class(shell)
    assert made is not None
    script = made(click.get_current_context().find_root().command, {}, "cep", "_CEP_COMPLETE")
    values = {**script.source_vars(), "complete_var": "_CEP_COMPLETE"}
    click.echo(script.source_template % values)
    return 0
