"""The command ``cep``: arguments, printing, exit codes. CLI layer; nothing imports it.

Standard output carries what was asked for (derived events, findings, explanations), standard error everything else.

=====  =====================================================================
exit   meaning
=====  =====================================================================
0      done
1      findings: stopped by ``--on-error stop``, an input could not be read to
       its end, or warnings were denied
2      the rules do not compile
3      usage, configuration or connection; an output cannot be written
70     a bug of ours (CEP901)
130    interrupted (Ctrl-C)
143    terminated (SIGTERM)
=====  =====================================================================
"""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """The entry point: runs the command and exits."""
    from cep.cli.ending import heed_sigterm, tell_interrupted

    try:
        heed_sigterm()
        from cep.cli.group import cep

        cep(prog_name="cep")
    except KeyboardInterrupt:  # before the command begins, or after it ended
        sys.exit(tell_interrupted())
    finally:
        gc.freeze()  # the process ends: looking for garbage once more would only take time
