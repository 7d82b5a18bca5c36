"""Commissioning of a treadmill, once and after any change: what it really does, measured (safety.md, Proofs).

``instruction.py`` is what a person is shown and what they may answer; ``measure.py`` turns readings into figures;
``progress.py`` and ``page.py`` keep and show what came of it. The whole is one pure step, ``procedure.py``, made of:

- ``memory.py``: what it remembers, and ``turns.py``: pages, failed steps and resets, as every phase needs them;
- ``order.py``: which step comes next, and from which speed the belt is stopped next;
- ``belt_run.py``: one run on the empty belt, from consent to rest, and ``safety_key.py``: the treadmill's own key;
- ``verdict.py``: what a run has told, into the findings or a failed step;
- ``result.py``: the profiles that are written, and the signature.
"""
