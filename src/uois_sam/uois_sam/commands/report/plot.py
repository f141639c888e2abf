"""Plots as inline SVG; colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH = 960
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 34


def latency_plot(latencies: Mapping[str, Sequence[float]], height: int = 240) -> str:
    """A line per result over the frames in their order; milliseconds upwards from 0."""
    highest = max((max(values) for values in latencies.values() if values), default=1.0)
    step = tick_step(highest)
    top = step * math.ceil(highest / step)
    count = max((len(values) for values in latencies.values()), default=1)
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def x(k: int) -> float:
        return _LEFT + inner_w * (k + 0.5) / count

    def y(value: float) -> float:
        return _TOP + inner_h * (1 - value / top)

    parts = []
    for k in range(round(top / step) + 1):
        at = y(k * step)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{k * step:g}</text>')
    for number, (name, values) in enumerate(latencies.items()):
        points = " ".join(f"{x(k):.1f},{y(value):.1f}" for k, value in enumerate(values))
        parts.append(f'<polyline class="line s{number}" points="{points}"/>')
        parts += [
            f'<circle class="dot s{number}" cx="{x(k):.1f}" cy="{y(value):.1f}" r="3">'
            f"<title>frame {k + 1}: {escape(name)} {value:.0f} ms</title></circle>"
            for k, value in enumerate(values)
        ]
    middle = _LEFT + inner_w / 2
    parts.append(f'<text x="{middle}" y="{height - 8}" text-anchor="middle">answered frames, in order</text>')
    parts.append(_upright("ms", _TOP + inner_h / 2))
    return _svg(height, "milliseconds from camera message to each result", parts)


def stage_plot(stages: Sequence[tuple[str, float]]) -> str:
    """A bar per stage, one below the other; milliseconds to the right."""
    row, left = 26, 215
    height = row * len(stages) + 8
    longest = max((value for _, value in stages), default=1.0) or 1.0
    parts = []
    for k, (name, value) in enumerate(stages):
        at = 4 + k * row
        width = (_WIDTH - left - 90) * value / longest
        parts.append(f'<text x="{left - 10}" y="{at + 16}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="bar" x="{left}" y="{at + 3}" width="{max(width, 1):.1f}" height="{row - 8}"/>')
        parts.append(f'<text x="{left + width + 8:.1f}" y="{at + 16}">{value:.1f} ms</text>')
    return _svg(height, "median milliseconds of each stage", parts)


def histogram(values: Sequence[float], across: str, up: str, bins: int = 20, height: int = 260) -> str:
    """How fractions of 1 are spread: a bar per bin, counts upwards from 0; 1 itself is in the last bin.

    Args:
        values: 0 to 1.
        across, up: what is counted, and the unit of the counts.
        bins: of equal width.
        height: of the plot.
    """
    counts = [0] * bins
    for value in values:
        counts[min(int(value * bins), bins - 1)] += 1
    step = max(1, round(tick_step(max(counts))))
    top = step * max(1, math.ceil(max(counts) / step))
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM - 12
    base = _TOP + inner_h
    parts = []
    for k in range(round(top / step) + 1):
        at = base - inner_h * k * step / top
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{k * step}</text>')
    for k, count in enumerate(counts):
        x, tall = _LEFT + inner_w * k / bins, inner_h * count / top
        parts.append(
            f'<rect class="bar" x="{x + 1:.1f}" y="{base - tall:.1f}" width="{inner_w / bins - 2:.1f}" '
            f'height="{tall:.1f}"><title>{escape(across)} {k / bins:.2f} to {(k + 1) / bins:.2f}: '
            f"{count} {escape(up)}</title></rect>"
        )
    for k in range(11):
        parts.append(
            f'<text x="{_LEFT + inner_w * k / 10:.1f}" y="{base + 18}" text-anchor="middle">{k / 10:g}</text>'
        )
    parts.append(f'<text x="{_LEFT + inner_w / 2}" y="{height - 8}" text-anchor="middle">{escape(across)}</text>')
    parts.append(_upright(up, base - inner_h / 2))
    return _svg(height, f"number of {up} by {across}", parts)


def curve(
    points: Sequence[tuple[float, float]], across: str, up: str, *, from_zero: bool = True, height: int = 220
) -> str:
    """A line through points in rising order of their x, with round ticks on both axes.

    Args:
        points: x and y, at least one.
        across, up: what the axes show, with units.
        from_zero: whether the vertical axis begins at 0, else a little below the lowest point.
        height: of the plot.
    """
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1e-9)
    low, high = (min(y for _, y in points), max(y for _, y in points))
    step = tick_step(high if from_zero else max(high - low, 0.02 * high))
    bottom = 0.0 if from_zero else step * math.floor(low / step)
    top = max(step * math.ceil(high / step), bottom + step)
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM - 12
    base = _TOP + inner_h

    def x(value: float) -> float:
        return _LEFT + inner_w * (value - first) / (last - first)

    def y(value: float) -> float:
        return base - inner_h * (value - bottom) / (top - bottom)

    parts = []
    for k in range(round((top - bottom) / step) + 1):
        at = y(bottom + k * step)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        tick = f"{bottom + k * step:g}"
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tick}</text>')
    along = tick_step(last - first)
    for k in range(math.ceil(first / along), math.floor(last / along) + 1):
        at = x(k * along)
        parts.append(f'<text x="{at:.1f}" y="{base + 18:.1f}" text-anchor="middle">{k * along:g}</text>')
    line = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
    parts.append(f'<polyline class="line s0" points="{line}"/>')
    if len(points) == 1:
        parts.append(f'<circle class="dot s0" cx="{_LEFT}" cy="{y(points[0][1]):.1f}" r="3"></circle>')
    parts.append(f'<text x="{_LEFT + inner_w / 2}" y="{height - 6}" text-anchor="middle">{escape(across)}</text>')
    parts.append(_upright(up, base - inner_h / 2))
    return _svg(height, f"{up} over {across}", parts)


def tick_step(highest: float) -> float:
    """A round step (1, 2 or 5 times a power of ten) that gives four to ten ticks up to `highest`."""
    power = 10.0 ** math.floor(math.log10(max(highest, 1e-3)))
    return next(power * k for k in (0.1, 0.2, 0.5, 1.0) if highest / (power * k) <= 10)


def _upright(text: str, y: float) -> str:
    """A label of the vertical axis."""
    return f'<text x="12" y="{y}" transform="rotate(-90 12 {y})" text-anchor="middle">{escape(text)}</text>'


def _svg(height: int, label: str, parts: Sequence[str]) -> str:
    inside = "\n".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">\n{inside}\n</svg>'
