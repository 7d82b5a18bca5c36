"""Dividing rectangles. Plain functions: where things stand is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from pygame import Rect


def inset(rect: Rect, x: int, y: int | None = None) -> Rect:
    """*rect* without a border of *x* at the sides and *y* above and below."""
    y = x if y is None else y
    return Rect(rect.x + x, rect.y + y, max(0, rect.width - 2 * x), max(0, rect.height - 2 * y))


def cut_top(rect: Rect, height: int, gap: int = 0) -> tuple[Rect, Rect]:
    """The top *height* of *rect*, and the rest below a *gap*."""
    height = min(height, rect.height)
    top = Rect(rect.x, rect.y, rect.width, height)
    used = min(rect.height, height + gap)
    return top, Rect(rect.x, rect.y + used, rect.width, rect.height - used)


def cut_bottom(rect: Rect, height: int, gap: int = 0) -> tuple[Rect, Rect]:
    """The bottom *height* of *rect*, and the rest above a *gap*."""
    height = min(height, rect.height)
    bottom = Rect(rect.x, rect.bottom - height, rect.width, height)
    return bottom, Rect(rect.x, rect.y, rect.width, max(0, rect.height - height - gap))


def cut_left(rect: Rect, width: int, gap: int = 0) -> tuple[Rect, Rect]:
    """The left *width* of *rect*, and the rest right of a *gap*."""
    width = min(width, rect.width)
    left = Rect(rect.x, rect.y, width, rect.height)
    used = min(rect.width, width + gap)
    return left, Rect(rect.x + used, rect.y, rect.width - used, rect.height)


def cut_right(rect: Rect, width: int, gap: int = 0) -> tuple[Rect, Rect]:
    """The right *width* of *rect*, and the rest left of a *gap*."""
    width = min(width, rect.width)
    right = Rect(rect.right - width, rect.y, width, rect.height)
    return right, Rect(rect.x, rect.y, max(0, rect.width - width - gap), rect.height)


def columns(rect: Rect, weights: Sequence[float], gap: int) -> list[Rect]:
    """*rect* side by side by *weights*, without losing a pixel to rounding."""
    edges = _edges(rect.width, weights, gap)
    return [Rect(rect.x + start, rect.y, size, rect.height) for start, size in edges]


def rows(rect: Rect, weights: Sequence[float], gap: int) -> list[Rect]:
    """*rect* one above the other by *weights*."""
    edges = _edges(rect.height, weights, gap)
    return [Rect(rect.x, rect.y + start, rect.width, size) for start, size in edges]


def grid(rect: Rect, across: int, down: int, gap: int) -> list[Rect]:
    """*across* x *down* equal cells, row by row."""
    return [cell for row in rows(rect, [1] * down, gap) for cell in columns(row, [1] * across, gap)]


def _edges(total: int, weights: Sequence[float], gap: int) -> list[tuple[int, int]]:
    free = total - gap * (len(weights) - 1)
    whole = sum(weights)
    edges: list[tuple[int, int]] = []
    done = 0.0
    for index, weight in enumerate(weights):
        start = round(free * done / whole)
        done += weight
        end = round(free * done / whole)
        edges.append((start + gap * index, max(0, end - start)))
    return edges
