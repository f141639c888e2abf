"""A folder of synthetic tables made ready for training: colour, labels and noisy geometry at 288 x 384."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from uois_sam.datasets.image_files import read_image
from uois_sam.datasets.synthetic.sensor import simulate_depth
from uois_sam.errors import InputError
from uois_sam.sam.geometry import (
    GEOMETRY_CHANNELS,
    MAX_DEPTH,
    Plane,
    back_project,
    geometry_channels,
    shrink_depth,
)
from uois_sam.sam.tiny.tiny import INPUT_SIZE
from uois_sam.training.targets import part_codes
from uois_sam.types import Camera

_FORMAT = 2
_ARRAYS = {
    "colour": (np.uint8, (3,)),
    "label": (np.uint8, ()),
    "parts": (np.uint16, ()),
    "geometry": (np.uint8, (GEOMETRY_CHANNELS,)),
}
_RANGE = np.array([[-2, 3], [-1, 1], [-1, 1], [-1, 1], [-1, 1], [0, 2], [0, 1]], np.float32)


@dataclass(frozen=True)
class PreparedSet:
    """N frames, memory-mapped.

    Attributes:
        colour: (N, 288, 384, 3) uint8 RGB.
        label: (N, 288, 384) uint8, 0 background, 1.. objects.
        parts: (N, 288, 384) uint16 `part_codes`.
        geometry: (N, 288, 384, 7) uint8, quantised `geometry_channels`; see `dequantise`.
    """

    colour: NDArray[np.uint8]
    label: NDArray[np.uint8]
    parts: NDArray[np.uint16]
    geometry: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.colour)

    def part(self, rows: slice) -> PreparedSet:
        """The frames of some rows."""
        return PreparedSet(self.colour[rows], self.label[rows], self.parts[rows], self.geometry[rows])


def prepare(folder: Path, workers: int) -> PreparedSet:
    """Read a synthetic folder once and keep what training needs beside it, in `prepared/`.

    Every frame gets one draw of sensor noise on its exact depth, the same in all runs, and geometry relative to
    its true table plane, tilted by a few milliradians, as a fitted plane would be.

    Raises:
        InputError: the folder holds no synthetic frames.
    """
    names = sorted(p.stem for p in (folder / "frames").glob("*.json"))
    if not names:
        raise InputError(f"{folder} holds no frames/*.json; write a data set with `uois-sam synth --out {folder}`")
    store = folder / "prepared"
    done = store / "done.json"
    key = {"format": _FORMAT, "frames": len(names), "size": list(INPUT_SIZE)}
    if not done.is_file() or json.loads(done.read_text()) != key:
        _write(folder, store, names, workers)
        done.write_text(json.dumps(key))
    arrays = [np.load(store / f"{name}.npy", mmap_mode="r") for name in _ARRAYS]
    return PreparedSet(*arrays)


def _write(folder: Path, store: Path, names: Sequence[str], workers: int) -> None:
    store.mkdir(exist_ok=True)
    (store / "done.json").unlink(missing_ok=True)
    shape = (len(names), *INPUT_SIZE)
    arrays = [
        np.lib.format.open_memmap(store / f"{name}.npy", "w+", dtype, (*shape, *channels))
        for name, (dtype, channels) in _ARRAYS.items()
    ]
    jobs = [(folder, name, k) for k, name in enumerate(names)]
    with ExitStack() as stack:
        if workers > 1:  # spawned: a fork of a process with threads may wait for their locks forever
            pool = stack.enter_context(ProcessPoolExecutor(workers, get_context("spawn")))
            results = pool.map(_prepare_frame, jobs, chunksize=16)
        else:
            results = map(_prepare_frame, jobs)
        for k, frame in enumerate(tqdm(results, total=len(jobs), desc="prepare", unit="frame")):
            for array, values in zip(arrays, frame, strict=True):
                array[k] = values
    for array in arrays:
        array.flush()


def _prepare_frame(
    job: tuple[Path, str, int],
) -> tuple[NDArray[np.generic], ...]:
    folder, name, k = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng((0, k))
    meta = json.loads((folder / "frames" / f"{name}.json").read_text())
    colour = cv2.cvtColor(read_image(folder / "color" / f"{name}.jpg", cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    depth = read_image(folder / "depth" / f"{name}.png", cv2.IMREAD_UNCHANGED)
    label, parts = (read_image(folder / kind / f"{name}.png", cv2.IMREAD_UNCHANGED) for kind in ("label", "parts"))
    h, w = INPUT_SIZE
    camera = Camera(**{f: meta[f] for f in ("fx", "fy", "cx", "cy", "width", "height")}).resized(w, h)
    metres = shrink_depth(depth.astype(np.float32) * np.float32(meta["depth_scale"]), h, w)
    metres[metres > MAX_DEPTH] = 0
    noisy = simulate_depth(metres, camera, rng)
    plane = _tilted(np.array(meta["table_plane"], np.float64), metres, camera, rng)
    if colour.shape[:2] != INPUT_SIZE:
        shrinks = colour.shape[0] > h
        colour = cv2.resize(colour, (w, h), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        label, parts = (cv2.resize(x, (w, h), interpolation=cv2.INTER_NEAREST) for x in (label, parts))
    return (
        colour.astype(np.uint8),
        label.astype(np.uint8),
        part_codes(label, parts),
        quantise(geometry_channels(noisy, camera, plane)),
    )


def _tilted(
    plane: NDArray[np.float64], depth: NDArray[np.float32], camera: Camera, rng: np.random.Generator
) -> Plane:
    """The true plane, turned a little about the point under the image's centre and shifted by millimetres."""
    normal = plane[:3] + rng.normal(0, 0.006, 3)
    normal /= np.linalg.norm(normal)
    centre = back_project(depth, camera)[depth.shape[0] // 2, depth.shape[1] // 2]
    offset = centre @ plane[:3] + plane[3] - centre @ normal + rng.normal(0, 0.002)
    return Plane(normal.astype(np.float32), float(offset))


def quantise(geometry: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(..., 7) float32 geometry channels to uint8."""
    low, high = _RANGE.T
    return np.round((np.clip(geometry, low, high) - low) / (high - low) * 255).astype(np.uint8)


def dequantise(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The inverse of `quantise`; pixels without depth are zero in all channels."""
    low, high = _RANGE.T
    geometry = values.astype(np.float32) * ((high - low) / 255) + low
    geometry[values[..., 6] < 128] = 0
    return geometry
