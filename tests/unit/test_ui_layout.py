"""Dividing rectangles loses no pixel and never leaves the whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pygame import Rect

from kiosk.ui.layout import columns, cut_bottom, cut_left, cut_right, cut_top, grid, inset, rows

WHOLE = Rect(13, 7, 801, 479)


@pytest.mark.parametrize("weights", [[1], [1, 1], [1, 2, 3], [0.4, 1.7, 1, 1, 1, 1, 1]])
def test_columns_and_rows_fill_the_whole_with_equal_gaps(weights: list[float]) -> None:
    for parts, low, high in (
        (columns(WHOLE, weights, 11), "left", "right"),
        (rows(WHOLE, weights, 11), "top", "bottom"),
    ):
        assert getattr(parts[0], low) == getattr(WHOLE, low)
        assert getattr(parts[-1], high) == getattr(WHOLE, high)
        for one, other in pairwise(parts):
            assert getattr(other, low) - getattr(one, high) == 11


def test_a_cut_and_its_rest_are_the_whole() -> None:
    top, below = cut_top(WHOLE, 100, 10)
    assert (top.height, below.y, below.bottom) == (100, WHOLE.y + 110, WHOLE.bottom)
    bottom, above = cut_bottom(WHOLE, 100, 10)
    assert (bottom.bottom, above.height) == (WHOLE.bottom, WHOLE.height - 110)
    left, right = cut_left(WHOLE, 100, 10)
    assert (left.width, right.x, right.right) == (100, WHOLE.x + 110, WHOLE.right)
    side, rest = cut_right(WHOLE, 100, 10)
    assert (side.right, rest.width) == (WHOLE.right, WHOLE.width - 110)


def test_a_cut_larger_than_the_whole_takes_the_whole() -> None:
    top, below = cut_top(WHOLE, 9999, 10)
    assert top == WHOLE
    assert below.height == 0
    assert inset(WHOLE, 9999).size == (0, 0)


def test_grid_cells_do_not_overlap() -> None:
    cells = grid(WHOLE, 4, 3, 5)
    assert len(cells) == 12
    assert all(cell.collidelist(cells[index + 1 :]) == -1 for index, cell in enumerate(cells))
    assert WHOLE.contains(cells[0].unionall(cells))
