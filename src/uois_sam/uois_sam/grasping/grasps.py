"""Grasps as rows of graspnetAPI's GraspGroup, the common tongue of GSNet and its kin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.grasping.transform import check_rotation

COLUMNS = 17


@dataclass(frozen=True)
class Grasp:
    """One pose of a parallel gripper, in the frame of the cloud that it was planned in.

    Attributes:
        score: the planner's; higher is better.
        width: opening of the jaws, m.
        height: of the fingers, m.
        depth: how far the fingertips reach beyond the grasp's centre along the approach, m.
        rotation: (3, 3) float64, columns x (approach), y (closing) and z (height) of the gripper.
        translation: (3,) float64, centre of the grasp, m.
        object_id: of the instance; -1 where unknown.

    Raises:
        InputError: a number is not finite, width or height is negative, or the rotation is none.
    """

    score: float
    width: float
    height: float
    depth: float
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    object_id: int = -1

    def __post_init__(self) -> None:
        numbers = (self.score, self.width, self.height, self.depth)
        if not np.isfinite(numbers).all() or self.width < 0 or self.height < 0:
            raise InputError(
                f"grasp has score {self.score}, width {self.width}, height {self.height}, depth {self.depth}; "
                "wanted finite numbers, and a width and height in metres that are not negative"
            )
        check_rotation(self.rotation)
        if self.translation.shape != (3,) or not np.isfinite(self.translation).all():
            raise InputError(f"grasp translation is {self.translation.tolist()}; wanted 3 finite numbers")

    def to_row(self) -> NDArray[np.float64]:
        """(17,) float64: score, width, height, depth, rotation row by row (9), translation (3), object_id."""
        head = [self.score, self.width, self.height, self.depth]
        return np.concatenate([head, self.rotation.ravel(), self.translation, [self.object_id]]).astype(np.float64)

    @classmethod
    def from_row(cls, row: NDArray[Any]) -> Grasp:
        """The grasp of a (17,) row as `to_row` gives it.

        Raises:
            InputError: the row has not 17 numbers, or they are no grasp.
        """
        values = np.asarray(row, np.float64)
        if values.shape != (COLUMNS,):
            raise InputError(f"grasp row is {values.shape}; wanted ({COLUMNS},)")
        score, width, height, depth = (float(v) for v in values[:4])
        identity = float(values[16])
        if not identity.is_integer():
            raise InputError(f"grasp row has object_id {identity}; wanted a whole number")
        return cls(score, width, height, depth, values[4:13].reshape(3, 3), values[13:16], int(identity))


def grasps_to_array(grasps: Sequence[Grasp]) -> NDArray[np.float64]:
    """(N, 17) float64, a GraspGroup's `grasp_group_array`."""
    return np.array([g.to_row() for g in grasps], np.float64).reshape(len(grasps), COLUMNS)


def grasps_from_array(array: NDArray[Any]) -> list[Grasp]:
    """The grasps of a GraspGroup's (N, 17) `grasp_group_array`.

    Raises:
        InputError: the array is not (N, 17), or a row is no grasp.
    """
    rows = np.asarray(array)
    if rows.ndim != 2 or rows.shape[1] != COLUMNS:
        raise InputError(f"grasp array is {rows.shape}; wanted (N, {COLUMNS})")
    return [Grasp.from_row(row) for row in rows]
