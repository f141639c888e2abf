"""Labels of open-vocabulary part segmentation: objects, their parts, and which objects training may see.

Terms of PartCLIPSeg (Choi et al., NeurIPS 2024, section 3.2): an object-specific part ("cat's torso") is a class;
it is made of an object ("cat") and a generalized part ("torso") that other objects have too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.lazy_sequence import LazySequence
from uois_sam.errors import InputError

UNLABELLED = -1


@dataclass(frozen=True)
class PartVocabulary:
    """The words of a data set.

    Attributes:
        objects: names of the object classes.
        parts: names of the generalized parts.
        classes: (object, part) indices of each object-specific part.
        unseen: indices of the objects whose annotations training must not see.

    Raises:
        InputError: an index has no name, or a class is there twice.
    """

    objects: tuple[str, ...]
    parts: tuple[str, ...]
    classes: tuple[tuple[int, int], ...]
    unseen: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        odd = [c for c in self.classes if not (0 <= c[0] < len(self.objects) and 0 <= c[1] < len(self.parts))]
        if odd or len(set(self.classes)) != len(self.classes):
            what = f"class {odd[0]} has no name" if odd else "a class is there twice"
            raise InputError(f"{what}; wanted distinct indices into the names of objects and parts")

    @classmethod
    def of(cls, parts: Mapping[str, Sequence[str]], unseen: Collection[str] = ()) -> PartVocabulary:
        """From each object's parts; the classes keep this order, the generalized parts are sorted.

        Raises:
            InputError: an unseen object is not among the objects.
        """
        objects = tuple(parts)
        missing = [name for name in unseen if name not in objects]
        if missing:
            raise InputError(f"unseen object {missing[0]!r} is none of {', '.join(objects)}")
        shared = tuple(sorted({part for names in parts.values() for part in names}))
        classes = tuple((k, shared.index(part)) for k, names in enumerate(parts.values()) for part in names)
        return cls(objects, shared, classes, frozenset(objects.index(name) for name in unseen))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes, such as "cat's torso"."""
        return tuple(f"{self.objects[o]}'s {self.parts[p]}" for o, p in self.classes)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(C,) bool, whether training may see the class."""
        return np.array([o not in self.unseen for o, _ in self.classes], bool)

    def only_seen(self) -> PartVocabulary:
        """The vocabulary that training knows: seen objects that have parts, and their parts."""
        return self.only([k for k in range(len(self.objects)) if k not in self.unseen])

    def only(self, objects: Collection[int]) -> PartVocabulary:
        """The vocabulary of some objects, those of them that have parts, and of their parts; all count as seen."""
        parts: dict[str, list[str]] = {}
        for o, p in self.classes:
            if o in objects:
                parts.setdefault(self.objects[o], []).append(self.parts[p])
        return PartVocabulary.of(parts)


@dataclass(frozen=True)
class PartLabels:
    """Ground truth of one image.

    Attributes:
        objects: (H, W) int16, index of the object class, -1 outside all objects.
        classes: (H, W) int16, index of the object-specific part, -1 where there is none.

    Raises:
        InputError: the maps are of another type, or of different sizes.
    """

    objects: NDArray[np.int16]
    classes: NDArray[np.int16]

    def __post_init__(self) -> None:
        for name in ("objects", "classes"):
            labels = getattr(self, name)
            if labels.ndim != 2 or labels.dtype != np.int16:
                raise InputError(f"{name} are {labels.shape} {labels.dtype}; wanted (H, W) int16")
        if self.objects.shape != self.classes.shape:
            raise InputError(f"objects are {self.objects.shape}, classes {self.classes.shape}; wanted one size")

    def translated(self, vocabulary: PartVocabulary, other: PartVocabulary) -> PartLabels:
        """The labels of `vocabulary` in the indices of `other`, by name; what it does not know is unlabelled."""
        return PartLabels(
            _translate(self.objects, vocabulary.objects, other.objects),
            _translate(self.classes, vocabulary.names, other.names),
        )


@dataclass(frozen=True)
class PartFrame:
    """One image, (H, W, 3) uint8 RGB, its labels, and what a person would call it."""

    image: NDArray[np.uint8]
    labels: PartLabels
    name: str


class VocabularyDataset(LazySequence[PartFrame]):
    """Frames with part labels, read when they are asked for; a subclass says how one is read.

    Attributes:
        path: the folder that holds the set.
        names: of the frames.
        vocabulary: what the labels mean.
    """

    def __init__(self, path: Path, names: list[str], vocabulary: PartVocabulary) -> None:
        self.path, self.names, self.vocabulary = path, names, vocabulary

    def __len__(self) -> int:
        return len(self.names)


def class_labels(values: NDArray[np.uint16], count: int, ignore: int, path: Path) -> NDArray[np.int16]:
    """(H, W) int16 indices below `count`, and -1 for `ignore`, of a label image read from `path`.

    Raises:
        InputError: another value is there.
    """
    outside = values == ignore
    highest = int(values[~outside].max(initial=0))
    if highest >= count:
        raise InputError(f"{path} has label {highest}; wanted 0 to {count - 1}, and {ignore} where there is none")
    return np.where(outside, UNLABELLED, values.astype(np.int32)).astype(np.int16)


def _translate(labels: NDArray[np.int16], old: Sequence[str], new: Sequence[str]) -> NDArray[np.int16]:
    place = {name: k for k, name in enumerate(new)}
    lookup = np.array([*(place.get(name, UNLABELLED) for name in old), UNLABELLED], np.int16)
    return lookup[labels]
