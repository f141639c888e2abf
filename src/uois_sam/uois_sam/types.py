"""The nouns that every room speaks: Camera, Frame, Instances, Parts. Plain arrays, no algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError


@dataclass(frozen=True)
class Camera:
    """Pinhole intrinsics of a rectified image, in pixels; pixel centres lie at integer coordinates.

    A point (X, Y, Z) of the optical frame (x right, y down, z forward, metres) is seen at
    u = fx X / Z + cx, v = fy Y / Z + cy.

    Raises:
        InputError: a size or focal length is not positive, or a value is not finite.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    frame_id: str = "camera_color_optical_frame"

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise InputError(f"camera size is {self.width} x {self.height}; give a positive width and height")
        numbers = (self.fx, self.fy, self.cx, self.cy)
        if not all(np.isfinite(numbers)) or self.fx <= 0 or self.fy <= 0:
            raise InputError(
                f"camera intrinsics are fx={self.fx}, fy={self.fy}, cx={self.cx}, cy={self.cy}; "
                "focal lengths must be positive: publish a calibrated CameraInfo or give a camera.json"
            )

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) float64 intrinsic matrix K."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], np.float64)

    def project(self, point: NDArray[np.floating]) -> tuple[float, float]:
        """Pixel (u, v) at which a point (3,) of the optical frame, metres, is seen; it may lie outside the image.

        Raises:
            InputError: the point is not in front of the camera.
        """
        x, y, z = (float(value) for value in point)
        if not np.isfinite((x, y, z)).all() or z <= 0:
            raise InputError(f"point ({x:g}, {y:g}, {z:g}) m is not in front of the camera")
        return self.fx * x / z + self.cx, self.fy * y / z + self.cy

    def resized(self, width: int, height: int) -> Camera:
        """The same camera for the image resampled to `width` x `height` (area model: pixel edges align)."""
        sx, sy = width / self.width, height / self.height
        return Camera(
            self.fx * sx,
            self.fy * sy,
            (self.cx + 0.5) * sx - 0.5,
            (self.cy + 0.5) * sy - 0.5,
            width,
            height,
            self.frame_id,
        )


@dataclass(frozen=True)
class Frame:
    """One moment of a camera or a data set.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        depth: (H, W) float32, metres along the optical axis, 0 where unknown, registered to the image; or None.
        camera: intrinsics of image and depth; None where the source does not know them.
        stamp: nanoseconds since the epoch of the source; None where it has no clock.
        name: what a person would call it, e.g. the file's stem.
        label: (H, W) uint16 ground truth as the source has it, or None.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32] | None = None
    camera: Camera | None = None
    stamp: int | None = None
    name: str = ""
    label: NDArray[np.uint16] | None = None


@dataclass(frozen=True)
class Instance:
    """One thing on the table; see `Instances` for the meaning of the fields."""

    id: int
    label: int
    score: float
    bbox: tuple[int, int, int, int]
    area: int
    prompt: tuple[float, float]


@dataclass(frozen=True)
class Instances:
    """All instances of one frame.

    Attributes:
        label_image: (H, W) uint16, 0 background, k = pixel of the k-th instance (k = 1 .. N).
        id: (N,) int64, stable over frames when tracking, else equal to the label k.
        score: (N,) float32, the refined IoU score of the mask (UOIS-SAM eq. 5), about 0 to 1.
        bbox: (N, 4) int32, x, y, w, h of the visible mask in pixels.
        area: (N,) int32, visible pixels.
        prompt: (N, 2) float32, x, y in pixels of the point that prompted the mask.

    Raises:
        InputError: a field has not one row per instance, or the label image is not (H, W) uint16.
    """

    label_image: NDArray[np.uint16]
    id: NDArray[np.int64]
    score: NDArray[np.float32]
    bbox: NDArray[np.int32]
    area: NDArray[np.int32]
    prompt: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.label_image.ndim != 2 or self.label_image.dtype != np.uint16:
            raise InputError(
                f"label image is {self.label_image.shape} {self.label_image.dtype}; wanted (H, W) uint16"
            )
        n = len(self.id)
        shapes = {"score": (n,), "bbox": (n, 4), "area": (n,), "prompt": (n, 2)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} has shape {getattr(self, name).shape}; {n} instances want {shape}")

    @classmethod
    def from_label_image(
        cls,
        label_image: NDArray[np.uint16],
        score: NDArray[np.float32] | None = None,
        prompt: NDArray[np.float32] | None = None,
    ) -> Instances:
        """Measure bbox and area from a label image whose labels are 1 .. N without gaps.

        Args:
            label_image: (H, W) uint16.
            score: (N,) float32; ones where not given.
            prompt: (N, 2) float32 pixels; the mask's centroid where not given.

        Raises:
            InputError: labels have gaps, or a field does not fit their number.
        """
        n = int(label_image.max(initial=0))
        area = np.bincount(label_image.ravel(), minlength=n + 1)[1:].astype(np.int32)
        if np.any(area == 0):
            raise InputError(f"labels must be 1 .. {n} without gaps; call relabel() first")
        bbox = np.zeros((n, 4), np.int32)
        centroid = np.zeros((n, 2), np.float32)
        if n:
            ys, xs = np.nonzero(label_image)
            k = label_image[ys, xs].astype(np.int64) - 1
            low = np.full((n, 2), np.iinfo(np.int32).max, np.int64)
            high = np.zeros((n, 2), np.int64)
            for axis, values in enumerate((xs, ys)):
                np.minimum.at(low[:, axis], k, values)
                np.maximum.at(high[:, axis], k, values)
                centroid[:, axis] = np.bincount(k, values, n) / area
            bbox = np.hstack([low, high - low + 1]).astype(np.int32)
        return cls(
            label_image,
            np.arange(1, n + 1, dtype=np.int64),
            np.ones(n, np.float32) if score is None else score.astype(np.float32),
            bbox,
            area,
            centroid if prompt is None else prompt.astype(np.float32),
        )

    @classmethod
    def empty(cls, height: int, width: int) -> Instances:
        """No instance in an image of `height` x `width` pixels."""
        return cls.from_label_image(np.zeros((height, width), np.uint16))

    def __len__(self) -> int:
        return len(self.id)

    def __getitem__(self, index: int) -> Instance:
        if not -len(self) <= index < len(self):
            raise IndexError(f"instance {index} of {len(self)}")
        k = index % len(self)
        x, y, w, h = (int(v) for v in self.bbox[k])
        return Instance(
            int(self.id[k]),
            k + 1,
            float(self.score[k]),
            (x, y, w, h),
            int(self.area[k]),
            (float(self.prompt[k, 0]), float(self.prompt[k, 1])),
        )

    def __iter__(self) -> Iterator[Instance]:
        return (self[k] for k in range(len(self)))

    def mask(self, label: int) -> NDArray[np.bool_]:
        """(H, W) bool, the pixels of the instance with this label (1 .. N).

        Raises:
            InputError: there is no such label.
        """
        if not 1 <= label <= len(self):
            raise InputError(f"label {label} of {len(self)} instances; labels start at 1")
        mask: NDArray[np.bool_] = self.label_image == label
        return mask

    def crop(self, label: int) -> NDArray[np.bool_]:
        """(h, w) bool, the mask of one instance cut to its bbox."""
        x, y, w, h = self[label - 1].bbox
        return self.mask(label)[y : y + h, x : x + w]

    def overlay(self, image: NDArray[np.uint8], opacity: float = 0.45) -> NDArray[np.uint8]:
        """The image with each instance tinted and outlined in a colour that is its id's.

        Args:
            image: (H, W, 3) uint8 RGB of the same size as the label image.
            opacity: of the tint, 0 to 1.

        Returns:
            (H, W, 3) uint8 RGB.

        Raises:
            InputError: the image is of another size.
        """
        if image.shape != (*self.label_image.shape, 3):
            raise InputError(f"image is {image.shape}; the label image wants {(*self.label_image.shape, 3)}")
        return tint_labels(image, self.label_image, opacity, self.id)


@dataclass(frozen=True)
class Part:
    """A part of an instance that a gripper may hold, or must not.

    Attributes:
        instance_id: id of the instance it belongs to.
        name: in the user's words, e.g. "handle".
        score: 0 to 1.
        bbox: x, y, w, h in pixels of the whole image.
        mask: (h, w) bool, cut to `bbox`; parts may overlap.
        preference: how gladly a gripper may hold the thing here, 0 not at all to 1 best.
    """

    instance_id: int
    name: str
    score: float
    bbox: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    preference: float = 1.0

    @property
    def graspable(self) -> bool:
        """Whether a gripper may hold the thing here."""
        return self.preference > 0


@dataclass(frozen=True)
class Parts:
    """All parts found in one frame of `height` x `width` pixels."""

    height: int
    width: int
    parts: list[Part] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def __getitem__(self, index: int) -> Part:
        return self.parts[index]

    def label_image(self) -> NDArray[np.uint16]:
        """(H, W) uint16, k where the k-th part lies on top (from 1), 0 elsewhere.

        The smaller lies on top, so that a handle is seen beside the body that goes on behind it.
        """
        labels = np.zeros((self.height, self.width), np.uint16)
        areas = [np.count_nonzero(part.mask) for part in self.parts]
        for k in sorted(range(len(self.parts)), key=lambda k: (-areas[k], self.parts[k].score)):
            x, y, w, h = self.parts[k].bbox
            labels[y : y + h, x : x + w][self.parts[k].mask] = k + 1
        return labels


def label_colours(count: int) -> NDArray[np.uint8]:
    """(count + 1, 3) uint8 RGB, row 0 black, row k the colour of the number k."""
    colours = np.zeros((count + 1, 3), np.uint8)
    colours[1:] = number_colours(np.arange(1, count + 1))
    return colours


def number_colours(numbers: NDArray[np.integer]) -> NDArray[np.uint8]:
    """(N, 3) uint8 RGB of (N,) positive numbers; near ones lie far apart in hue (golden angle) and brightness."""
    k = numbers.astype(np.int64) - 1
    hsv = np.zeros((1, len(k), 3), np.float32)
    hsv[0, :, 0] = (k * 137.508) % 360
    hsv[0, :, 1] = np.where(k % 2, 0.65, 0.95)
    hsv[0, :, 2] = np.where(k % 3 == 2, 0.7, 1.0)
    if len(k) == 0:
        return np.zeros((0, 3), np.uint8)
    return np.round(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0] * 255).astype(np.uint8)


def tint_labels(
    image: NDArray[np.uint8],
    labels: NDArray[np.uint16],
    opacity: float = 0.45,
    ids: NDArray[np.int64] | None = None,
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, the image with each label of (H, W) tinted and outlined.

    Colours are those of the labels, or of (N,) `ids` of labels 1 .. N.
    """
    colours = label_colours(int(labels.max(initial=0)))
    if ids is not None:
        colours = np.concatenate([colours[:1], number_colours(ids)])
    tint = colours[labels]
    blended = cv2.addWeighted(image, 1 - opacity, tint, opacity, 0)
    out = np.where((labels > 0)[..., None], blended, image)
    kernel = np.ones((3, 3), np.uint8)
    edge = (cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)) & (labels > 0)
    out[edge] = tint[edge]
    return np.ascontiguousarray(out, dtype=np.uint8)


def relabel(label_image: NDArray[np.integer]) -> NDArray[np.uint16]:
    """(H, W) uint16 with the positive labels renumbered 1 .. N in rising order; others become 0."""
    labels = np.unique(label_image[label_image > 0])
    lookup = np.searchsorted(labels, label_image.ravel()) + 1
    positive = label_image.ravel() > 0
    return np.where(positive, lookup, 0).reshape(label_image.shape).astype(np.uint16)
