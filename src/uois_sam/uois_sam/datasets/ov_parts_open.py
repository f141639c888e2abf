"""All kinds of data sets with part labels, and how one is opened by a line such as `pascal-part-116:PATH`."""

from __future__ import annotations

from uois_sam.datasets import ov_parts_ade, ov_parts_imagenet, ov_parts_pascal, ov_parts_synthetic
from uois_sam.datasets.kinds import Kind, open_kind
from uois_sam.datasets.ov_parts import VocabularyDataset

VOCABULARY_KINDS: dict[str, Kind[VocabularyDataset]] = {
    "parts": Kind(ov_parts_synthetic.ABOUT, ov_parts_synthetic.SyntheticPartsDataset),
    "pascal-part-116": Kind(ov_parts_pascal.ABOUT, ov_parts_pascal.PascalPartDataset),
    "ade20k-part-234": Kind(ov_parts_ade.ABOUT, ov_parts_ade.AdePartDataset),
    "part-imagenet-40": Kind(ov_parts_imagenet.ABOUT, ov_parts_imagenet.PartImageNet40Dataset),
}


def open_parts(spec: str, split: str = "") -> VocabularyDataset:
    """The data set that a line of text names.

    Args:
        spec: KIND:PATH, or KIND/SPLIT:PATH, of `VOCABULARY_KINDS`.
        split: to open where the line names none; the kind's first where neither does.

    Raises:
        InputError: there is no such kind or split, or the folder is not what the kind wants.
    """
    return open_kind(spec, VOCABULARY_KINDS, split)
