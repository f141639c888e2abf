"""Whether two segmentations of the same images differ: a paired bootstrap."""

from __future__ import annotations

from uois_sam.errors import InputError
from uois_sam.evaluation.bootstrap import Mean, bootstrap_means
from uois_sam.evaluation.results import FIGURES, Evaluation, ImageScores


def difference(a: Evaluation, b: Evaluation) -> dict[str, Mean]:
    """How much higher each of `FIGURES` is in `a` than in `b`, mean over the images.

    Images are paired by name and resampled together: what makes an image hard for both falls out, so that the
    interval is narrower than those of the two means suggest. Where it does not hold 0, the two differ.

    Raises:
        InputError: the images are not the same, or not their true objects.
    """
    # Sorting is stable: images of one name pair in their order.
    ours, theirs = (sorted(rows, key=lambda row: row.name) for rows in (a.rows, b.rows))
    _check(ours, theirs)
    return bootstrap_means(Evaluation(tuple(ours)).values() - Evaluation(tuple(theirs)).values(), FIGURES)


def _check(ours: list[ImageScores], theirs: list[ImageScores]) -> None:
    names, other_names = [row.name for row in ours], [row.name for row in theirs]
    if names != other_names:
        alone = sorted(set(names) ^ set(other_names))
        example = f", {alone[0]!r} is in one only" if alone else ""
        raise InputError(f"{len(names)} images against {len(other_names)}{example}; score both on the same images")
    for one, other in zip(ours, theirs, strict=True):
        if one.scores.objects != other.scores.objects:
            raise InputError(
                f"image {one.name!r} has {one.scores.objects} true objects in one and {other.scores.objects} in "
                "the other; score both against the same labels"
            )
