"""Camera poses that look at a table from within its room."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uois_sam.datasets.synthetic.room import Room
from uois_sam.types import Camera

Rng = np.random.Generator


def look_at(position: ArrayLike, target: ArrayLike, roll: float = 0.0) -> NDArray[np.float64]:
    """(4, 4) world-from-optical pose at `position` (metres, world, z up) that looks at `target`.

    The optical frame has x right, y down, z forward; roll turns it about z, in radians.
    """
    place = np.asarray(position, float)
    forward = np.asarray(target, float) - place
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([c * right + s * down, c * down - s * right, forward], 1)
    pose[:3, 3] = place
    return pose


def draw_camera(rng: Rng, size: tuple[int, int]) -> Camera:
    """A camera of (height, width) px, 38 to 58 degrees high, its principal point in the middle.

    The middle of an image is at ((width - 1) / 2, (height - 1) / 2), pixel centres being at integers.
    """
    return _camera(size, rng.uniform(38, 58))


def usual_camera(size: tuple[int, int]) -> Camera:
    """The camera of (height, width) px of all sequences, 46 degrees high; see `draw_camera`."""
    return _camera(size, 46.0)


def _camera(size: tuple[int, int], degrees: float) -> Camera:
    height, width = size
    focal = float(height / 2 / np.tan(np.radians(degrees) / 2))
    return Camera(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)


def draw_viewpoint(rng: Rng, room: Room, focus: NDArray[np.float64], azimuth: float) -> NDArray[np.float64]:
    """(4, 4) pose 0.5 to 1.3 m from the focus, 25 to 75 degrees above it, near an azimuth (radians)."""
    target = focus + rng.normal(0, 0.03, 3) * [1, 1, 0.3]
    pose = np.eye(4)
    for attempt in range(30):
        around = azimuth + rng.normal(0, 0.3 + 0.2 * attempt)
        elevation = np.radians(rng.uniform(25, 75) if rng.random() < 0.7 else rng.uniform(28, 48))
        distance = rng.uniform(0.5, 1.3)
        direction = np.array(
            [np.cos(around) * np.cos(elevation), np.sin(around) * np.cos(elevation), np.sin(elevation)]
        )
        pose = look_at(target + distance * direction, target, rng.normal(0, 0.07))
        if room.holds(pose[:3, 3]):
            break
    return pose


def orbit(
    rng: Rng,
    room: Room,
    focus: NDArray[np.float64],
    count: int,
    *,
    elevations: tuple[float, float] = (35, 50),
    swings: tuple[float, float] = (35, 55),
) -> list[NDArray[np.float64]]:
    """(4, 4) poses of a camera that swings smoothly to and fro about the focus, as if held in a hand.

    It ends where it began.

    elevations: range of its height above the focus, degrees.
    swings: range of its swing to each side, degrees; where the walls are near it is less.
    """
    elevation, distance = np.radians(rng.uniform(*elevations)), rng.uniform(0.75, 1.0)
    centre = _widest_azimuth(rng, room, focus, elevation, distance)
    swing = np.radians(rng.uniform(*swings))
    while True:
        poses = []
        for phase in 2 * np.pi * np.arange(count) / count:
            azimuth = centre + swing * np.sin(phase)
            rise = elevation + 0.15 * np.sin(2 * phase + 1)
            reach = distance * (1 + 0.1 * np.cos(phase))
            direction = np.array([np.cos(azimuth) * np.cos(rise), np.sin(azimuth) * np.cos(rise), np.sin(rise)])
            sway = 0.02 * np.array([np.sin(phase), np.cos(2 * phase), 0])
            poses.append(look_at(focus + reach * direction, focus + sway, 0.03 * np.sin(3 * phase)))
        if swing < 0.05 or all(room.holds(pose[:3, 3]) for pose in poses):
            return poses
        swing *= 0.7


def turned(pose: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """The (4, 4) pose turned on the spot about the vertical, to the left by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    result = pose.copy()
    result[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ pose[:3, :3]
    return result


def _widest_azimuth(rng: Rng, room: Room, focus: NDArray[np.float64], elevation: float, distance: float) -> float:
    """The direction, of some at random, in which a camera is farthest from all walls."""
    candidates = rng.uniform(0, 2 * np.pi, 16)
    ground = np.stack([np.cos(candidates), np.sin(candidates)], 1) * distance * np.cos(elevation) + focus[:2]
    clearance = (room.wall_distances - ground @ room.wall_normals.T).min(1)
    return float(candidates[int(clearance.argmax())])
