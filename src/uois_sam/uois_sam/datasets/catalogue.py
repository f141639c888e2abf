"""All kinds of data sets, and how one is opened by a line of text such as `ocid:PATH`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from uois_sam.datasets import housecat6d, masks, ocid, osd, phocal, tod, uoais_sim
from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.kinds import Kind, open_kind
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.datasets.published import About
from uois_sam.errors import InputError

HELDOUT = "synthetic-heldout"


def open_folder(path: Path, split: str = "all") -> FolderDataset:
    """A set in the project's own form.

    Raises:
        InputError: it cannot be used, or has no label/.
    """
    dataset = FolderDataset(path)
    if not (path / "label").is_dir():
        raise InputError(f"{path} has no folder label/; a labelled data set needs ground truth there")
    return dataset


FOLDER = About(
    "folder",
    "your own images, and what uois-sam synth writes",
    "PATH/{color,label}/NAME.png, optional depth/NAME.png, camera.json, frames/NAME.json, dataset.json",
    "uois-sam synth, or your own camera",
)

SYNTHETIC_HELDOUT = About(
    HELDOUT,
    "150 rendered tables of objects that training never sees, 640 x 480, RGB-D",
    "no PATH: in the user's cache, in the form of folder",
    "drawn on first use",
)

KINDS: dict[str, Kind[LabelledDataset]] = {
    "folder": Kind(FOLDER, open_folder),
    "masks": Kind(masks.ABOUT, masks.MaskFolder),
    "uoais-sim": Kind(uoais_sim.ABOUT, uoais_sim.UoaisSimDataset),
    "tod": Kind(tod.ABOUT, tod.TodDataset),
    "ocid": Kind(ocid.ABOUT, ocid.OcidDataset),
    "osd": Kind(osd.ABOUT, osd.OsdDataset),
    "phocal": Kind(phocal.ABOUT, phocal.PhocalDataset),
    "housecat6d": Kind(housecat6d.ABOUT, housecat6d.Housecat6dDataset),
}
"""Kinds that lie in a folder, by the name that opens them."""


def open_dataset(spec: str, progress: Callable[[int, int], None] | None = None) -> LabelledDataset:
    """The data set that a line of text names.

    Args:
        spec: KIND:PATH, or KIND/SPLIT:PATH, of `KINDS`; or `HELDOUT`, which is drawn where it is not there yet.
        progress: told of the drawing: scenes done, scenes in all.

    Raises:
        InputError: there is no such kind or split, or the folder is not what the kind wants.
        RendererError: the held-out set is not there and no renderer works here.
    """
    if spec == HELDOUT:
        from uois_sam.datasets.synthetic.heldout import ensure_heldout

        return open_folder(ensure_heldout(progress=progress))
    return open_kind(spec, KINDS, others=[HELDOUT])
