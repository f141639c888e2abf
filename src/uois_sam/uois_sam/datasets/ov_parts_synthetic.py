"""Things on synthetic tables with their parts, one picture each, with families that training does not see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from uois_sam.datasets.image_files import read_color, read_image, read_plane
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.ov_parts import UNLABELLED, PartFrame, PartLabels, PartVocabulary, VocabularyDataset
from uois_sam.datasets.published import About
from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.crops import Crop, crop_around

ABOUT = About(
    "parts",
    "things of uois-sam synth that have several parts, cut out one by one",
    "PATH/{color,label,parts}/NAME.{jpg,png} and PATH/frames/NAME.json",
    "uois-sam synth",
    ("val", "train"),
)
UNSEEN = ("pan", "jar", "bottle", "knife", "phone", "vase")
"""Families whose parts (handle, lid, cap, blade, screen, rim, body) other families have too."""
_HELD_OUT = 10  # per cent of the frames, the last ones
_MIN_PIXELS = 300
_MARGIN = 0.15


@dataclass(frozen=True)
class _Thing:
    frame: str
    label: int
    family: str
    parts: tuple[str, ...]
    crop: Crop


class SyntheticPartsDataset(VocabularyDataset):
    """Square pictures around single things of a folder that `uois-sam synth` wrote.

    Families of one part alone have no classes and count as background. "train" holds pictures without a pixel of
    an unseen family, from the first nine tenths of the frames; "val" holds all things of the others.

    Args:
        path: the folder.
        split: "val" or "train".

    Raises:
        InputError: a folder or file is missing or unusable, or there is no such thing; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        files = ABOUT.need_files(ABOUT.need(path) / "frames", "*.json")
        held = max(1, len(files) * _HELD_OUT // 100)
        chosen = files[-held:] if split == "val" else files[:-held]
        contents = {file.stem: _objects(file) for file in files}
        families: dict[str, set[str]] = {}
        for things in contents.values():
            for family, parts in things.values():
                families.setdefault(family, set()).update(parts)
        several = {name.replace("_", " "): sorted(families[name]) for name in sorted(families)}
        several = {name: parts for name, parts in several.items() if len(parts) > 1}
        unseen = [name for name in UNSEEN if name in several]
        vocabulary = PartVocabulary.of(several, unseen)
        self._things = [
            thing
            for file in chosen
            for thing in _find(path, file.stem, contents[file.stem], several, unseen if split == "train" else [])
        ]
        if not self._things:
            raise InputError(
                f"{path} shows nothing of several parts; write more with `uois-sam synth --out {path}`"
            )
        self._contents = contents
        super().__init__(path, [f"{t.frame}_{t.label}" for t in self._things], vocabulary)

    def _read(self, index: int) -> PartFrame:
        thing = self._things[index]
        image = read_color(self.path / "color" / f"{thing.frame}.jpg")
        size = (image.shape[0], image.shape[1])
        labels, parts = (
            read_plane(self.path / kind / f"{thing.frame}.png", size, (np.uint8, np.uint16))
            for kind in ("label", "parts")
        )
        objects = np.full(size, UNLABELLED, np.int16)
        classes = np.full(size, UNLABELLED, np.int16)
        known = {name: k for k, name in enumerate(self.vocabulary.names)}
        for label, (family, names) in self._contents[thing.frame].items():
            name = family.replace("_", " ")
            if name not in self.vocabulary.objects:
                continue
            mine = labels == label
            objects[mine] = self.vocabulary.objects.index(name)
            for k, part in enumerate(names, start=1):
                classes[mine & (parts == k)] = known[f"{name}'s {part}"]
        cut = PartLabels(
            thing.crop.cut(objects, UNLABELLED).astype(np.int16),
            thing.crop.cut(classes, UNLABELLED).astype(np.int16),
        )
        return PartFrame(thing.crop.cut(image, 0).astype(np.uint8), cut, self.names[index])


def _objects(path: Path) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Family and parts by label, of a frame's JSON file."""
    try:
        found = read_object(path)["objects"]
        return {int(k): (str(o["family"]), tuple(str(p) for p in o["parts"])) for k, o in found.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} names no objects with family and parts ({error}); write it again") from error


def _find(
    path: Path,
    frame: str,
    objects: dict[int, tuple[str, tuple[str, ...]]],
    several: dict[str, list[str]],
    shunned: list[str],
) -> list[_Thing]:
    """The things of a frame that are large enough, without pictures that show a shunned family."""
    file = path / "label" / f"{frame}.png"
    labels = read_image(file, cv2.IMREAD_UNCHANGED)
    if labels.ndim != 2:
        raise InputError(f"{file} is {labels.shape}; wanted one channel")
    names = {k: family.replace("_", " ") for k, (family, _) in objects.items()}
    hidden = np.isin(labels, [k for k, name in names.items() if name in shunned])
    found = []
    for label in sorted(objects):
        if names[label] not in several:
            continue
        mask = (labels == label).view(np.uint8)
        if cv2.countNonZero(mask) < _MIN_PIXELS:
            continue
        x, y, w, h = cv2.boundingRect(mask)
        crop = crop_around((x, y, w, h), _MARGIN)
        if not crop.cut(hidden, False).any():
            found.append(_Thing(frame, label, names[label], objects[label][1], crop))
    return found
