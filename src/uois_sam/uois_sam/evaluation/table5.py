"""UOIS-SAM against the share of its training data (table V), with any segmenter and data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.depth import TITLES, DepthCondition
from uois_sam.evaluation.results import FIGURES, Evaluation
from uois_sam.segmentation.load import LoadedSegmenter
from uois_sam.training.hdnet import HDNetTraining, train_hdnet
from uois_sam.training.hpg import HPGTraining, train_hpg
from uois_sam.types import Frame


@dataclass(frozen=True)
class HeadsTraining:
    """How both heads are trained on any share of a data set.

    Attributes:
        hpg, hdnet: settings of each; `share.percent` of both gives way to the share.

    Raises:
        InputError: the two would not see the same frames.
    """

    hpg: HPGTraining
    hdnet: HDNetTraining

    def __post_init__(self) -> None:
        if replace(self.hpg.share, percent=100.0) != replace(self.hdnet.share, percent=100.0):
            raise InputError(
                f"HPG is to share the data as {self.hpg.share}, HDNet as {self.hdnet.share}; give both the same "
                "validation and seed"
            )

    def of_share(self, percent: float) -> HeadsTraining:
        """The settings for a share in per cent.

        Raises:
            InputError: the share is not above 0 and up to 100.
        """
        share = replace(self.hpg.share, percent=percent)
        return HeadsTraining(replace(self.hpg, share=share), replace(self.hdnet, share=share))

    def as_dict(self) -> dict[str, Any]:
        """All settings but the share in per cent, for a JSON document."""
        whole = asdict(self)
        for head in whole.values():
            del head["share"]["percent"]
        return whole


def train_heads(
    loaded: LoadedSegmenter,
    dataset: Sequence[Frame],
    rule: LabelRule,
    name: str,
    run: Path,
    settings: HeadsTraining,
    percent: float,
) -> Path:
    """Train HPG, and HDNet after it, on a share of a data set; goes on where it stopped.

    The runs are `run/hpg-PERCENT` and `run/hdnet-PERCENT`, as `uois-sam train` makes them. A smaller share is part
    of every larger one, and all share the cached features in `run/features`.

    Args:
        loaded, dataset, rule, name: as `train_hpg` has them.

    Returns:
        The model folder with both heads.

    Raises:
        InputError, ModelError: as `train_hpg`.
    """
    heads = settings.of_share(percent)
    hpg = train_hpg(loaded, dataset, rule, name, run / f"hpg-{percent:g}", heads.hpg)
    with_hpg = replace(loaded, folder=hpg)
    return train_hdnet(with_hpg, dataset, rule, name, run / f"hdnet-{percent:g}", heads.hdnet)


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        percent: of the frames that are left for training.
        frames: that is, so many.
        depth: under which the model was scored.
        evaluation: its scores.
    """

    percent: float
    frames: int
    depth: DepthCondition
    evaluation: Evaluation

    def as_dict(self) -> dict[str, Any]:
        """The row for a JSON document."""
        return {
            "percent": self.percent,
            "frames": self.frames,
            "depth": self.depth,
            **self.evaluation.as_dict(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Row:
        """What `as_dict` gave.

        Raises:
            InputError: a value is missing or of another kind.
        """
        percent, frames, depth = (content.get(name) for name in ("percent", "frames", "depth"))
        if type(percent) is not float or type(frames) is not int or depth not in TITLES:
            raise InputError(f"a row has percent {percent!r}, frames {frames!r}, depth {depth!r}")
        return cls(percent, frames, depth, Evaluation.from_dict(content))


def read_rows(path: Path, made_from: Mapping[str, Any]) -> list[Row]:
    """The rows of a table that was written, to go on with.

    Args:
        path: the JSON document: what the rows depend on, and "rows".
        made_from: what rows to go on with depend on.

    Returns:
        No rows where there is no document, or where its rows depend on other things.

    Raises:
        InputError: the document is broken.
    """
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_bytes())
        if any(content.get(name) != value for name, value in json.loads(json.dumps(made_from)).items()):
            return []
        return [Row.from_dict(row) for row in content["rows"]]
    except (ValueError, TypeError, AttributeError, KeyError, InputError) as error:
        raise InputError(f"{path} is no table of `uois-sam reproduce table5` ({error}); remove it") from None


def rows_as_csv(rows: Sequence[Row]) -> str:
    """A heading and a line per row; figures and the bounds of their 95 % intervals are fractions of 1."""
    text = io.StringIO()
    bounds = [f"{figure}_{side}" for figure in FIGURES for side in ("low", "high")]
    writer = csv.DictWriter(text, ("percent", "frames", "depth", *FIGURES, *bounds), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        means = row.evaluation.means()
        line = {"percent": f"{row.percent:g}", "frames": row.frames, "depth": row.depth}
        for figure, mean in means.items():
            line |= {figure: mean.value, f"{figure}_low": mean.low, f"{figure}_high": mean.high}
        writer.writerow(line)
    return text.getvalue()
