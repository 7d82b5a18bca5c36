"""Commissioning of a treadmill, once and after any change: what it really does, measured (safety.md, Proofs).

``instruction.py`` is what a person is shown and what they may answer; ``measure.py`` turns readings into figures;
``procedure.py`` is the whole as one pure step; ``progress.py`` and ``page.py`` keep and show what came of it.
"""
