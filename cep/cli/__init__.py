"""The command ``cep``: arguments, printing, exit codes. CLI layer; nothing imports it.

Standard output carries what was asked for (derived events, findings, explanations), standard error everything else.

=====  =====================================================================
exit   meaning
=====  =====================================================================
0      done
1      findings: the run stopped on an error, warnings were denied
2      the rules do not compile
3      usage, configuration or connection
70     a bug of ours (CEP901)
130    interrupted
=====  =====================================================================
"""

from __future__ import annotations


def main() -> None:
    """The entry point: runs the command and exits."""
    from cep.cli.group import cep

    cep(prog_name="cep")
