"""Marked objects and clicks as an SVG that lies on the image."""

from __future__ import annotations

from uois_sam.adaptation.interactive import Click
from uois_sam.annotation.instance_view import InstanceView
from uois_sam.annotation.mask_outline import Outline, outline
from uois_sam.types import label_colours

_NUMBER = 0.026  # of the image's long side
_CLICK = 0.009
_ON, _OFF = "#12a150", "#d92d20"


def css_colour(number: int) -> str:
    """That of the object with a number, 1 or more."""
    red, green, blue = label_colours(number)[number].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def draw_objects(view: InstanceView) -> str:
    """SVG elements in pixels of the image: all objects with their numbers, on top the one that clicks go to."""
    active = view.active
    side = max(view.size)
    drawn: list[str] = []
    numbers: list[str] = []
    for marked in view.objects:
        if active is not None and marked.number == active.number:
            continue
        shape = outline(marked.counts, view.size)
        weak = active is not None
        drawn.append(_shape(shape, marked.number, "object", 0.16 if weak else 0.4, 1.5 if weak else 2.5))
        numbers.append(_number(shape, marked.number, side))
    if active is not None:
        shape = outline(active.counts, view.size)
        if shape.path:
            drawn.append(f'<path d="{shape.path}" class="halo"/>')
            drawn.append(_shape(shape, active.number, "object active", 0.45, 3))
        numbers += [_click(click, side * _CLICK) for click in active.clicks]
    return "".join([*drawn, *numbers])


def _shape(shape: Outline, number: int, kind: str, opacity: float, width: float) -> str:
    colour = css_colour(number)
    return (
        f'<path d="{shape.path}" class="{kind}" data-object="{number}" fill="{colour}" fill-opacity="{opacity}"'
        f' stroke="{colour}" stroke-width="{width}"/>'
    )


def _number(shape: Outline, number: int, side: int) -> str:
    x, y = shape.anchor
    size = _NUMBER * side
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:.1f}" stroke-width="{size / 5:.1f}">{number}</text>'


def _click(click: Click, radius: float) -> str:
    x, y, arm = click.x + 0.5, click.y + 0.5, 0.55 * radius
    sign = f"M{x - arm:.2f} {y:.2f}h{2 * arm:.2f}"
    if click.positive:
        sign += f"M{x:.2f} {y - arm:.2f}v{2 * arm:.2f}"
    kind, colour = ("on", _ON) if click.positive else ("off", _OFF)
    return (
        f'<g class="click {kind}"><circle cx="{x:g}" cy="{y:g}" r="{radius:.2f}" fill="{colour}"/>'
        f'<path d="{sign}" stroke="white"/></g>'
    )
