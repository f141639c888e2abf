"""The folder that instances of images are saved in: a data set that `FolderDataset` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePath

import cv2

from uois_sam.annotation.clicks import Clicks, clicks_file, read_clicks, write_clicks
from uois_sam.annotation.instance_labels import COLOR, MarkedImage, draw_labels, read_instances, write_instances
from uois_sam.annotation.whole_file import write_whole
from uois_sam.datasets.image_files import read_bytes, read_color
from uois_sam.errors import InputError
from uois_sam.sam.protocol import check_image


@dataclass(frozen=True)
class InstanceClicks(Clicks):
    """Clicks on one image. To choose an object, to be finished with one, and to move on are none.

    Attributes:
        on: an object, that made its mask larger.
        off: an object, that made its mask smaller.
        deleted: objects.
        undone: steps that were taken back; a wrong click and its undoing cost a person two.
    """

    on: int = 0
    off: int = 0
    deleted: int = 0
    undone: int = 0


class InstanceFolder:
    """Instances of the images of a folder, saved image by image.

        instances.json: all instances, in COCO's form, see `instance_labels`;
        instances.clicks.json: clicks on each image, and per image and object;
        label/NAME.png: uint16, 0 background, k = pixel of the image's k-th instance;
        color/NAME.*: a copy of the image, where that is not the folder of images itself.

    Only images of which something was said are in it.

    Attributes:
        path: of the folder.
        source: the folder of images.
        files: names of the images.
    """

    def __init__(
        self,
        path: Path,
        source: Path,
        files: Sequence[str],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Begin, or go on; all images are read once, so that none is found broken later.

        Args:
            path, source, files: see the class.
            progress: told after each image how many are read, and of how many.

        Raises:
            InputError: an image cannot be used, or the folder holds labels of other images, of images that have
                changed, or that were not made here.
        """
        self.path = path
        self.source = source
        self.files = tuple(files)
        self._images = read_instances(path / "instances.json")
        self._clicks = read_clicks(clicks_file(path / "instances.json"), InstanceClicks)
        self._unsaved: set[str] = set()
        self._check_names()
        for k, file in enumerate(self.files):
            self._check_image(file)
            if progress is not None:
                progress(k + 1, len(self.files))

    @property
    def images(self) -> Mapping[str, MarkedImage]:
        """What is saved, by file name."""
        return self._images

    @property
    def clicks(self) -> Mapping[str, InstanceClicks]:
        """Clicks on each image, by file name."""
        return self._clicks

    @property
    def figures(self) -> dict[str, float]:
        """Images and objects that are saved, and how many clicks they took each."""
        images = len(self._images)
        objects = sum(len(image.objects) for image in self._images.values())
        clicks = sum(of_image.total for of_image in self._clicks.values())
        return {
            "images": images,
            "objects": objects,
            "clicks_per_image": round(clicks / max(images, 1), 3),
            "clicks_per_object": round(clicks / max(objects, 1), 3),
        }

    def save(self, file: str, image: MarkedImage) -> None:
        """Save what was marked in an image, each file whole or not at all.

        Raises:
            InputError: a file cannot be read or written; the image is kept, and saved with the next.
        """
        self._images = {**self._images, file: image}
        self._unsaved.add(file)
        for name in sorted(self._unsaved):
            self._save_image(name)
        in_order = {name: self._images[name] for name in self.files if name in self._images}
        write_instances(in_order, self.path / "instances.json")
        self._unsaved.clear()
        self._save_clicks()

    def count(self, file: str, kind: str) -> None:
        """Count a click of a kind, a field of `InstanceClicks`, on an image.

        Raises:
            InputError: the file of clicks cannot be written; the click is counted, and saved with the next.
        """
        clicks = self._clicks.get(file, InstanceClicks())
        self._clicks = {**self._clicks, file: replace(clicks, **{kind: getattr(clicks, kind) + 1})}
        self._save_clicks()

    def _save_image(self, file: str) -> None:
        image, color = self._images[file], self.path / COLOR / file
        png = cv2.imencode(".png", draw_labels(image.objects, image.size))[1]
        write_whole(self._label(file), png.tobytes())
        if not color.exists():
            write_whole(color, read_bytes(self.source / file))

    def _save_clicks(self) -> None:
        write_clicks(self._clicks, self.figures, clicks_file(self.path / "instances.json"))

    def _label(self, file: str) -> Path:
        return self.path / "label" / f"{PurePath(file).stem}.png"

    def _check_names(self) -> None:
        for stem, found in groupby(sorted(self.files, key=_stem), key=_stem):
            names = list(found)
            if len(names) > 1:
                raise InputError(
                    f"{self.source} holds both {names[0]} and {names[1]}; keep one image of the name {stem}"
                )
        for file in (*self._images, *self._clicks):
            if file not in self.files:
                raise InputError(f"{self.path} has labels of {file}, which is not among the images; bring it back")

    def _check_image(self, file: str) -> None:
        image = read_color(self.source / file)
        try:
            check_image(image)
        except InputError as error:
            raise InputError(f"{self.source / file}: {error}") from None
        known, size = self._images.get(file), image.shape[:2]
        if known is not None and known.size != size:
            raise InputError(
                f"{self.source / file} is {size[1]} x {size[0]}, its labels in {self.path} are for"
                f" {known.size[1]} x {known.size[0]}; bring the image back that was labelled"
            )
        color = self.path / COLOR / file
        strange = [self._label(file)] if self._label(file).exists() else []
        if color.exists() and not color.samefile(self.source / file):
            strange.append(color)
        if known is None and strange:
            raise InputError(
                f"{strange[0]} is there, but nothing of it in instances.json; give another folder, or move it away"
            )


def _stem(file: str) -> str:
    return PurePath(file).stem
