"""Image lights for Filament: random indoor panoramas as KTX 1 files (prefiltered cube map, spherical harmonics).

The panoramas are random rooms: graded walls, furniture, lamps, windows. The prefilter follows the split-sum
approximation of Karis, "Real Shading in Unreal Engine 4" (2013); the harmonics follow Ramamoorthi and Hanrahan,
"An Efficient Representation for Irradiance Environment Maps" (2001).
"""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
COUNT = 24  # panoramas in the cache
_SIZE, _LEVELS, _SAMPLES = 64, 4, 64
_BASIS = np.array([0.282095, 0.488603, 0.488603, 0.488603, 1.092548, 1.092548, 0.315392, 1.092548, 0.546274])
_COSINE_LOBE = np.array([1] + [2 / 3] * 3 + [1 / 4] * 5)
_GL_R11F_G11F_B10F, _GL_RGB = 0x8C3A, 0x1907  # Filament wants the packed format as glType, too


def image_lights(cache_dir: Path) -> list[Path]:
    """The KTX files of all panoramas, built on the first call (some seconds) and found again later."""
    folder = cache_dir / "image_lights"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"room{index:02d}.ktx" for index in range(COUNT)]
    for index, path in enumerate(paths):
        if not path.exists():
            rng = np.random.default_rng([7, index])
            content = ktx(panorama(rng), rng)
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                file.write(content)
            os.replace(file.name, path)
    return paths


def panorama(rng: np.random.Generator, height: int = 256, width: int = 512) -> Image:
    """(height, width, 3) float32 linear RGB of a random room, equirectangular, of mean 0.6."""
    v = np.linspace(0, 1, height)[:, None, None]
    wall = rng.uniform(0.15, 0.9) * (1 + rng.normal(0, 0.12, 3))
    floor = rng.uniform(0.05, 0.5) * (1 + rng.normal(0, 0.15, 3))
    image: Image = np.where(v < 0.3, wall * rng.uniform(0.8, 1.5), np.where(v < 0.62, wall, floor)) * np.ones(
        (height, width, 1)
    )
    image = np.ascontiguousarray(image * rng.uniform(0.5, 1.0), dtype=np.float32)
    for _ in range(int(rng.integers(4, 14))):
        _rectangle(rng, image, (0.25, 1.0), (15, 120), (10, 80), rng.uniform(0.02, 0.8, 3))
    image = cv2.GaussianBlur(image, (0, 0), 3)
    for _ in range(int(rng.integers(1, 5))):
        tint = np.array([1, 0.93, 0.8]) if rng.random() < 0.5 else np.array([0.95, 1, 1.05])
        _rectangle(rng, image, (0.0, 0.3), (8, 70), (4, 30), tint * rng.uniform(5, 40))
    for _ in range(int(rng.integers(0, 4))):
        _rectangle(rng, image, (0.3, 0.45), (20, 90), (15, 50), np.array([0.9, 1, 1.1]) * rng.uniform(3, 25))
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.8, 2.5)))
    return (image / max(float(image.mean()), 1e-3) * 0.6).astype(np.float32)


def _rectangle(
    rng: np.random.Generator,
    image: Image,
    band: tuple[float, float],
    widths: tuple[int, int],
    heights: tuple[int, int],
    tone: NDArray,
) -> None:
    height, width = image.shape[:2]
    x, y = int(rng.integers(width)), int(rng.uniform(*band) * height)
    far = (x + int(rng.integers(*widths)), y + int(rng.integers(*heights)))
    cv2.rectangle(image, (x, y), far, tuple(float(c) for c in tone), -1)


def _face_directions(face: int, size: int) -> NDArray[np.float64]:
    """(size, size, 3) unit directions, y up, of a cube map's face in the order +x -x +y -y +z -z."""
    steps = (np.arange(size) + 0.5) / size * 2 - 1
    u, v = np.meshgrid(steps, steps)
    one = np.ones_like(u)
    sides = [(one, -v, -u), (-one, -v, u), (u, one, v), (u, -one, -v), (u, -v, one), (-u, -v, -one)]
    directions = np.stack(sides[face], -1)
    return directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def _look_up(image: Image, directions: NDArray) -> NDArray:
    height, width = image.shape[:2]
    polar = np.arccos(np.clip(directions[..., 1], -1, 1)) / np.pi
    azimuth = np.arctan2(directions[..., 2], directions[..., 0]) / (2 * np.pi) + 0.5
    return image[np.minimum((polar * height).astype(int), height - 1), (azimuth * width).astype(int) % width]


def _harmonics(image: Image) -> NDArray[np.float64]:
    """(9, 3) irradiance coefficients."""
    height, width = image.shape[:2]
    polar = (np.arange(height) + 0.5) / height * np.pi
    azimuth = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    theta, phi = np.meshgrid(polar, azimuth, indexing="ij")
    x, y, z = np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)
    solid_angle = np.sin(theta) * (np.pi / height) * (2 * np.pi / width)
    polynomials = np.stack([np.ones_like(x), y, z, x, y * x, y * z, 3 * z * z - 1, z * x, x * x - y * y])
    radiance = np.einsum("khw,hw,hwc->kc", polynomials, solid_angle, image) * _BASIS[:, None]
    return radiance * (_COSINE_LOBE * _BASIS)[:, None]


def _prefilter(rng: np.random.Generator, image: Image, normals: NDArray, roughness: float) -> NDArray:
    """Radiance about (N, 3) directions blurred by a GGX lobe, (N, 3)."""
    alpha = max(roughness**2, 1e-3)
    u1 = rng.random((1, _SAMPLES))
    u2 = rng.random((len(normals), 1)) + np.arange(_SAMPLES) / _SAMPLES
    cosine = np.sqrt((1 - u1) / (1 + (alpha**2 - 1) * u1))
    sine, turn = np.sqrt(1 - cosine**2), 2 * np.pi * u2
    up = np.where(np.abs(normals[:, 1:2]) < 0.9, [[0, 1, 0]], [[1, 0, 0]])
    tangent = np.cross(up, normals)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    bitangent = np.cross(normals, tangent)
    half = (
        tangent[:, None] * (sine * np.cos(turn))[..., None]
        + bitangent[:, None] * (sine * np.sin(turn))[..., None]
        + normals[:, None] * (cosine + 0 * turn)[..., None]
    )
    light = 2 * (half * normals[:, None]).sum(-1, keepdims=True) * half - normals[:, None]
    weight = np.maximum((light * normals[:, None]).sum(-1, keepdims=True), 0)
    return (_look_up(image, light) * weight).sum(1) / np.maximum(weight.sum(1), 1e-4)


def _pack(colours: NDArray) -> bytes:
    """(..., 3) linear RGB as R11F_G11F_B10F."""
    bits = np.clip(colours, 0, 60000).astype(np.float16).view(np.uint16).astype(np.uint32)
    red, green, blue = (bits[..., 0] >> 4) & 0x7FF, (bits[..., 1] >> 4) & 0x7FF, (bits[..., 2] >> 5) & 0x3FF
    return (red | (green << 11) | (blue << 22)).astype("<u4").tobytes()


def ktx(image: Image, rng: np.random.Generator) -> bytes:
    """KTX 1 file of an equirectangular (H, W, 3) linear RGB panorama."""
    small = cv2.resize(image, (256, 128), interpolation=cv2.INTER_AREA)
    text = "\n".join("{:g} {:g} {:g}".format(*row) for row in _harmonics(small))
    pair = b"sh\0" + text.encode() + b"\n\0"
    metadata = struct.pack("<I", len(pair)) + pair + b"\0" * (-len(pair) % 4)
    header = struct.pack(
        "<13I",
        0x04030201,
        _GL_R11F_G11F_B10F,
        1,
        _GL_RGB,
        _GL_R11F_G11F_B10F,
        _GL_RGB,
        _SIZE,
        _SIZE,
        0,
        0,
        6,
        _LEVELS,
        len(metadata),
    )
    content = bytearray(b"\xabKTX 11\xbb\r\n\x1a\n" + header + metadata)
    for level in range(_LEVELS):
        size = _SIZE >> level
        faces = []
        for face in range(6):
            directions = _face_directions(face, size)
            if level == 0:
                colours = _look_up(image, directions)
            else:
                roughness = 1 - np.sqrt(1 - level / (_LEVELS - 1))
                colours = _prefilter(rng, small, directions.reshape(-1, 3), roughness)
            faces.append(_pack(colours))
        content += struct.pack("<I", len(faces[0])) + b"".join(faces)
    return bytes(content)
