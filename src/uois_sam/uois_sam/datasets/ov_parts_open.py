"""All kinds of data sets with part labels, and how one is opened by a line such as `pascal-part-116:PATH`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uois_sam.datasets import ov_parts_ade, ov_parts_imagenet, ov_parts_pascal, ov_parts_synthetic
from uois_sam.datasets.ov_parts import PartDataset
from uois_sam.datasets.published import About
from uois_sam.errors import InputError


@dataclass(frozen=True)
class PartKind:
    """What a person has to know of a kind of data set, and what opens a split of one in a folder."""

    about: About
    open: Callable[[Path, str], PartDataset]


PART_KINDS: dict[str, PartKind] = {
    "synthetic-parts": PartKind(ov_parts_synthetic.ABOUT, ov_parts_synthetic.SyntheticPartsDataset),
    "pascal-part-116": PartKind(ov_parts_pascal.ABOUT, ov_parts_pascal.PascalPartDataset),
    "ade20k-part-234": PartKind(ov_parts_ade.ABOUT, ov_parts_ade.AdePartDataset),
    "part-imagenet-40": PartKind(ov_parts_imagenet.ABOUT, ov_parts_imagenet.PartImageNet40Dataset),
}


def open_parts(spec: str, split: str = "") -> PartDataset:
    """The data set that a line of text names.

    Args:
        spec: KIND:PATH, or KIND/SPLIT:PATH, of `PART_KINDS`.
        split: to open where the line names none; the kind's first where neither does.

    Raises:
        InputError: there is no such kind or split, or the folder is not what the kind wants.
    """
    name, separator, path = spec.partition(":")
    name, _, given = name.partition("/")
    if name not in PART_KINDS or not separator or not path:
        raise InputError(f"data set {spec!r} is unknown; give {' or '.join(f'{k}:PATH' for k in PART_KINDS)}")
    about = PART_KINDS[name].about
    chosen = given or split or about.splits[0]
    if chosen not in about.splits:
        raise InputError(f"{name} has no split {chosen!r}; give {' or '.join(about.splits)}")
    return PART_KINDS[name].open(Path(path), chosen)
