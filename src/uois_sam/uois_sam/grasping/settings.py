"""Every threshold of cloud making in one place."""

from __future__ import annotations

from dataclasses import dataclass

from uois_sam.errors import InputError


@dataclass(frozen=True)
class CloudSettings:
    """How clouds are cut from depth, cleaned and sampled. Lengths are metres.

    Attributes:
        num_point: points of the object cloud that a grasp planner is given (GSNet's num_point).
        voxel: edge of the voxels that the planner sorts its points into (GSNet's voxel_size), m.
        scene_voxel: edge of the voxels of which the scene cloud keeps one point each, m; 0 keeps every point.
        max_points: an instance's cloud keeps at most this many points, drawn evenly; bounds the messages of
            cameras with many megapixels.
        min_points: an instance with fewer clean points gets no cloud.
        margin_px: width of the ring around an instance that the planner sees with it, px.
        min_depth: nearer pixels count as not measured, m.
        max_depth: farther pixels count as not measured, m.
        edge_angle: two neighbouring points are of two surfaces where the line through them meets the viewing ray
            at less than this angle, degrees; smaller keeps more of steep surfaces, and more flying pixels.
        erode_px: rim of the mask that is left out, where at least half of the instance remains, px.
        piece_gap: pieces of an instance that lie deeper or nearer than its largest piece by more than this are
            left out, m.

    Raises:
        InputError: a value is out of its range, or min_depth is not below max_depth.
    """

    num_point: int = 15000
    voxel: float = 0.005
    scene_voxel: float = 0.005
    max_points: int = 50_000
    min_points: int = 100
    margin_px: int = 20
    min_depth: float = 0.1
    max_depth: float = 3.0
    edge_angle: float = 10.0
    erode_px: int = 1
    piece_gap: float = 0.03

    def __post_init__(self) -> None:
        for name, (low, high) in CLOUD_RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} is {value}; it must lie between {low} and {high}")
        if self.min_depth >= self.max_depth:
            raise InputError(f"min_depth is {self.min_depth}; it must lie below max_depth, {self.max_depth}")


CLOUD_RANGES: dict[str, tuple[float, float]] = {
    "num_point": (1, 1_000_000),
    "voxel": (0.0005, 0.1),
    "scene_voxel": (0.0, 0.1),
    "max_points": (1, 10_000_000),
    "min_points": (1, 1_000_000),
    "margin_px": (0, 1000),
    "min_depth": (0.0, 100.0),
    "max_depth": (0.0, 100.0),
    "edge_angle": (0.5, 45.0),
    "erode_px": (0, 20),
    "piece_gap": (0.0, 10.0),
}
