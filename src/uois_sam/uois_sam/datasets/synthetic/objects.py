"""What an object family returns: named parts with materials, and the colliders that stand for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uois_sam.datasets.synthetic.colliders import Collider
from uois_sam.datasets.synthetic.meshes import Mesh


@dataclass(frozen=True)
class Part:
    """name: what it is ("handle"); pieces of one name are one part. material: a kind of `materials.FINISHES`."""

    name: str
    mesh: Mesh
    material: str


@dataclass(frozen=True)
class ObjectModel:
    """An object in its own frame, z up in its natural pose, metres.

    colliders: empty where the convex hull of the first part's mesh collides instead.
    """

    parts: tuple[Part, ...]
    colliders: tuple[Collider, ...]

    def scaled(self, factor: float) -> ObjectModel:
        return ObjectModel(
            tuple(replace(p, mesh=p.mesh.scaled(factor)) for p in self.parts),
            tuple(c.scaled(factor) for c in self.colliders),
        )

    def rotated(self, rotation: ArrayLike) -> ObjectModel:
        return ObjectModel(
            tuple(replace(p, mesh=p.mesh.rotated(rotation)) for p in self.parts),
            tuple(c.rotated(rotation) for c in self.colliders),
        )

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner, (3,) each, metres."""
        vertices = np.concatenate([p.mesh.vertices for p in self.parts])
        return vertices.min(0), vertices.max(0)

    def reach(self) -> float:
        """Radius in metres of the sphere about the object's origin that holds it."""
        return max(float(np.linalg.norm(p.mesh.vertices, axis=1).max()) for p in self.parts)


Family = Callable[[np.random.Generator], ObjectModel]


def pick(rng: np.random.Generator, *kinds: str) -> str:
    """One of `kinds`, each as likely as it is often named."""
    return kinds[int(rng.integers(len(kinds)))]
