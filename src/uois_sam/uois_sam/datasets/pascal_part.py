"""PASCAL-Part (Chen et al., CVPR 2014), its fine parts merged to coarse ones (WPS-SAM, section 4.1)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import read_bytes, read_color
from uois_sam.datasets.part_labels import PartDataset, PartLabels
from uois_sam.datasets.published import About
from uois_sam.errors import InputError
from uois_sam.types import Frame

ABOUT = About(
    "PASCAL-Part",
    "10 103 images of PASCAL VOC 2010 with the parts of 16 classes",
    "PATH/JPEGImages/NAME.jpg, PATH/ImageSets/Main/{train,val}.txt (VOC2010) and PATH/Annotations_Part/NAME.mat",
    "http://roozbehm.info/pascal-parts/pascal-parts.html",
    ("val", "train"),
)

_EYES_EARS = ("leye", "reye", "lear", "rear")
_ANIMAL_HEAD = ("head", *_EYES_EARS, "nose", "muzzle", "lhorn", "rhorn")
_SIDES = ("frontside", "leftside", "rightside", "backside", "roofside", "leftmirror", "rightmirror")
_PAWED = tuple(f"{side}{end}{part}" for side in "lr" for end in "fb" for part in ("leg", "pa"))
_HOOFED = tuple(f"{side}{end}{part}" for side in "lr" for end in "fb" for part in ("uleg", "lleg", "ho"))
_PAWED_ANIMAL = {"head": _ANIMAL_HEAD, "torso": ("torso", "neck"), "leg": _PAWED, "tail": ("tail",)}
_HOOFED_ANIMAL = {"head": _ANIMAL_HEAD, "torso": ("torso", "neck"), "leg": _HOOFED, "tail": ("tail",)}

MERGED: dict[str, dict[str, tuple[str, ...]]] = {
    "aeroplane": {
        "body": ("body",),
        "stern": ("stern", "tail"),
        "wing": ("lwing", "rwing"),
        "engine": ("engine",),
        "wheel": ("wheel",),
    },
    "bicycle": {"wheel": ("fwheel", "bwheel"), "body": ("saddle", "handlebar", "chainwheel", "headlight")},
    "bird": {
        "head": ("head", "leye", "reye", "beak"),
        "torso": ("torso", "neck"),
        "wing": ("lwing", "rwing"),
        "leg": ("lleg", "lfoot", "rleg", "rfoot"),
        "tail": ("tail",),
    },
    "bottle": {"cap": ("cap",), "body": ("body",)},
    "bus": {
        "body": _SIDES,
        "window": ("window",),
        "wheel": ("wheel",),
        "door": ("door",),
        "light": ("headlight",),
        "plate": ("fliplate", "bliplate"),
    },
    "cat": _PAWED_ANIMAL,
    "cow": _HOOFED_ANIMAL,
    "dog": _PAWED_ANIMAL,
    "horse": _HOOFED_ANIMAL,
    "motorbike": {"wheel": ("fwheel", "bwheel"), "body": ("saddle", "handlebar", "headlight")},
    "person": {
        "head": ("head", *_EYES_EARS, "lebrow", "rebrow", "nose", "mouth", "hair"),
        "torso": ("torso", "neck"),
        "arm": ("llarm", "luarm", "rlarm", "ruarm"),
        "hand": ("lhand", "rhand"),
        "leg": ("llleg", "luleg", "rlleg", "ruleg"),
        "foot": ("lfoot", "rfoot"),
    },
    "pottedplant": {"pot": ("pot",), "plant": ("plant",)},
    "sheep": _HOOFED_ANIMAL,
    "train": {
        "head": ("head", "hfrontside", "hleftside", "hrightside", "hbackside", "hroofside", "headlight"),
        "coach": ("coach", "cfrontside", "cleftside", "crightside", "cbackside", "croofside"),
    },
    "tvmonitor": {"screen": ("screen",)},
}
MERGED["car"] = MERGED["bus"]
PART_NAMES = tuple(f"{thing} {part}" for thing in sorted(MERGED) for part in MERGED[thing])
_KIND = {
    (thing, fine): PART_NAMES.index(f"{thing} {part}")
    for thing, parts in MERGED.items()
    for part, merged in parts.items()
    for fine in merged
}


class PascalPartDataset(PartDataset):
    """Images of VOC 2010's train or val list, with the parts of the 16 classes that have some.

    One part is the union of the fine parts of one object that are merged (left and right wing are one "wing").
    Neither WPS-SAM nor Compositor publishes its merging beyond "eyes, ears, nose, etc. can be merged into a single
    head"; see `MERGED` for this one.

    Args:
        path: the folder VOC2010, with the part annotations unpacked in it.
        split: "val" or "train".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        listed = ABOUT.need(ABOUT.need(path) / "ImageSets" / "Main" / f"{split}.txt")
        self._annotations = ABOUT.need(path / "Annotations_Part")
        names = read_bytes(listed).decode("utf-8", "replace").split()
        missing = [name for name in names if not (self._annotations / f"{name}.mat").is_file()]
        if missing or not names:
            what = f"{missing[0]}.mat of {len(names)} in {listed}" if missing else f"a name in {listed}"
            raise InputError(f"{self._annotations} has no {what}; the set can be had at {ABOUT.source}")
        super().__init__(path, names, PART_NAMES)

    def _read(self, index: int) -> Frame:
        name = self.names[index]
        return Frame(image=read_color(ABOUT.need(self.path / "JPEGImages" / f"{name}.jpg")), name=name)

    def parts(self, index: int) -> PartLabels:
        path = self._annotations / f"{self.names[index]}.mat"
        kinds: list[int] = []
        masks: list[NDArray[np.bool_]] = []
        size = (0, 0)
        for thing, mask, fine_parts in read_objects(path):
            size = (mask.shape[0], mask.shape[1])
            merged: dict[int, NDArray[np.bool_]] = {}
            for fine, fine_mask in fine_parts:
                kind = _KIND.get((thing, re.sub(r"_\d+$", "", fine)))
                if kind is not None and fine_mask.shape == size:
                    merged[kind] = merged.get(kind, np.zeros(size, bool)) | fine_mask
            for kind, whole in sorted(merged.items()):
                if whole.any():
                    kinds.append(kind)
                    masks.append(whole)
        return PartLabels.from_masks(np.array(kinds, np.int64), np.array(masks, bool).reshape(-1, *size))


FinePart = tuple[str, NDArray[np.bool_]]


def read_objects(path: Path) -> list[tuple[str, NDArray[np.bool_], list[FinePart]]]:
    """Class, (H, W) mask and fine parts of the objects of an annotation file.

    The file's variable `anno` has `imname` and `objects`, each with `class`, `class_ind`, `mask` and `parts`, each
    of those with `part_name` and `mask`; MATLAB's structures come as nested arrays of one row.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        anno: Any = loadmat(path)["anno"][0, 0]
        return [
            (str(thing["class"][0]), thing["mask"].astype(bool), _fine_parts(thing["parts"]))
            for thing in anno["objects"].ravel()
        ]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except (MatReadError, NotImplementedError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no annotation of PASCAL-Part ({error}); fetch it again") from None


def _fine_parts(parts: Any) -> list[FinePart]:
    if parts.size == 0:  # an object without parts has an empty matrix there
        return []
    return [(str(part["part_name"][0]), part["mask"].astype(bool)) for part in parts.ravel()]
