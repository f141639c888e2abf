"""What an evaluation found: scores per image, their means, and the forms in which they are written and read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.evaluation.bootstrap import Mean, bootstrap_means
from uois_sam.evaluation.metrics import Scores

FIGURES = (
    "overlap_precision",
    "overlap_recall",
    "overlap_f",
    "boundary_precision",
    "boundary_recall",
    "boundary_f",
    "percent75",
)
HEADS = ("overlap P", "R", "F", "boundary P", "R", "F", "%75")
"""What the papers' tables call `FIGURES`."""
_COUNTS = ("predicted", "objects")


@dataclass(frozen=True)
class ImageScores:
    """Scores of the image called `name`."""

    name: str
    scores: Scores


@dataclass(frozen=True)
class Evaluation:
    """Scores of a data set, one row per image."""

    rows: tuple[ImageScores, ...]

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Evaluation:
        """The rows of what `as_dict` gives.

        Raises:
            InputError: there are no rows, or a row lacks a value or has one of another kind.
        """
        rows = content.get("rows")
        if not isinstance(rows, list) or not rows:
            raise InputError("no rows of images; wanted what `uois-sam evaluate --json` writes")
        return cls(tuple(_read_row(row, k) for k, row in enumerate(rows)))

    def values(self) -> NDArray[np.float64]:
        """(N, 7) float64, the `FIGURES` of each image."""
        return np.array([[getattr(row.scores, figure) for figure in FIGURES] for row in self.rows], np.float64)

    def means(self) -> dict[str, Mean]:
        """Each of `FIGURES` averaged over the images (F too: the mean of F, not the F of means)."""
        return bootstrap_means(self.values(), FIGURES)

    def worst(self, count: int) -> list[ImageScores]:
        """The rows of the lowest overlap F, lowest first; boundary F and name break ties."""
        return sorted(self.rows, key=badness)[:count]

    def as_dict(self) -> dict[str, Any]:
        """What `to_json` writes; scores are fractions of 1."""
        means = self.means()
        return {
            "images": len(self.rows),
            "objects": sum(row.scores.objects for row in self.rows),
            "predicted": sum(row.scores.predicted for row in self.rows),
            **means_as_dict(means),
            "rows": [{"name": row.name, **asdict(row.scores)} for row in self.rows],
        }

    def to_json(self) -> str:
        """Counts, means, intervals and rows as a JSON document."""
        return json.dumps(self.as_dict(), indent=1)

    def to_csv(self) -> str:
        """A heading and a row per image: name, the `FIGURES` as fractions of 1, predicted and true objects."""
        text = io.StringIO()
        writer = csv.DictWriter(text, ("name", *FIGURES, *_COUNTS), lineterminator="\n")
        writer.writeheader()
        writer.writerows({"name": row.name, **asdict(row.scores)} for row in self.rows)
        return text.getvalue()

    def table(self) -> str:
        """The means in per cent, in the columns of the papers' tables, and their intervals."""
        objects = sum(row.scores.objects for row in self.rows)
        return f"{means_table('mean', self.means())}\n{len(self.rows)} images, {objects} objects"


def badness(row: ImageScores) -> tuple[float, float, str]:
    """Sorts the worst image first: by overlap F, then boundary F, then name."""
    return row.scores.overlap_f, row.scores.boundary_f, row.name


def means_as_dict(means: Mapping[str, Mean]) -> dict[str, Any]:
    """The entries "mean" and "interval95" of a JSON document."""
    return {
        "mean": {figure: mean.value for figure, mean in means.items()},
        "interval95": {figure: [mean.low, mean.high] for figure, mean in means.items()},
    }


def per_cent(means: Mapping[str, Mean], sign: str = "") -> list[str]:
    """The means for a table under `HEADS`; with `sign` "+", rises carry one."""
    return [f"{100 * mean.value:{sign}.1f}" for mean in means.values()]


def means_table(title: str, means: Mapping[str, Mean], sign: str = "") -> str:
    """Three lines: heading, means and intervals, in per cent; with `sign` "+", rises carry one."""
    to = " to " if sign else "-"
    lines = [
        ("", *HEADS),
        (title, *per_cent(means, sign)),
        ("95 %", *(f"{100 * m.low:{sign}.1f}{to}{100 * m.high:{sign}.1f}" for m in means.values())),
    ]
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in lines)


def read_evaluation(path: Path) -> tuple[Evaluation, dict[str, Any]]:
    """An evaluation that was written as JSON, and the whole document.

    Raises:
        InputError: the file is missing, no JSON, or not of an evaluation.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot read {path} as JSON: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} holds a JSON {type(content).__name__}; wanted scores of `uois-sam evaluate`")
    try:
        return Evaluation.from_dict(content), content
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read_row(row: object, index: int) -> ImageScores:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise InputError(f"row {index} has no name; wanted what `uois-sam evaluate --json` writes")
    values: dict[str, Any] = {}
    for field in fields(Scores):
        value: Any = row.get(field.name)
        whole = field.name in _COUNTS
        fits = type(value) is int if whole else type(value) in (int, float)
        if not fits or not (value >= 0 and (whole or value <= 1)):
            wanted = "a whole number from 0 on" if whole else "a fraction from 0 to 1"
            raise InputError(f"row {index} ({row['name']!r}): {field.name} is {value!r:.40}; wanted {wanted}")
        values[field.name] = value
    return ImageScores(row["name"], Scores(**values))
