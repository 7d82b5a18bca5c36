"""The bench of seeded bugs takes a while; that its patches still fit the code is looked at each time."""

from __future__ import annotations

import pytest

from tests.bench.seeded_bugs import BUGS, MORE, REPO, patched


@pytest.mark.parametrize("bug", [*BUGS, *MORE], ids=lambda bug: bug.name)
def test_the_patch_of_a_seeded_bug_fits_the_code_as_it_is_and_changes_it(bug):
    for name, text in patched(REPO, bug).items():
        assert text != (REPO / name).read_text(encoding="utf-8")
