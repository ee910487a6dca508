"""Sources → engine → sinks: the only place that owns the loop. Pipeline layer.

:class:`Pipeline` is made by an application or by ``cep run`` and run once; :class:`Summary` says what it did.
"""

from cep.pipeline.loop import PROGRESS_S, LetterOutput, Pipeline
from cep.pipeline.summary import LimitHit, Progress, SourceState, Summary, Unseen

__all__ = [
    "PROGRESS_S",
    "LetterOutput",
    "LimitHit",
    "Pipeline",
    "Progress",
    "SourceState",
    "Summary",
    "Unseen",
]
