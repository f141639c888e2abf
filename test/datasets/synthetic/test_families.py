"""Every object family makes sound meshes whose colliders fit them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.datasets.synthetic import families
from uois_sam.datasets.synthetic.colliders import Collider, about, capsule, quaternion_of
from uois_sam.datasets.synthetic.families import HELDOUT_FAMILIES, TRAINING_FAMILIES, family_table
from uois_sam.datasets.synthetic.materials import FINISHES
from uois_sam.datasets.synthetic.meshes import rotation
from uois_sam.datasets.synthetic.textures import draw_texture
from uois_sam.errors import InputError

ALL = {**TRAINING_FAMILIES, **HELDOUT_FAMILIES}


def _matrix(quaternion: np.ndarray) -> np.ndarray:
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _box_of(collider: Collider) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner of the collider's bounding box."""
    axes = _matrix(collider.quaternion)
    size = collider.size
    if collider.kind == "box":
        reach = np.abs(axes) @ size
    elif collider.kind == "ellipsoid":
        reach = np.sqrt((axes**2) @ size**2)
    elif collider.kind == "capsule":
        reach = np.abs(axes[:, 2]) * size[1] + size[0]
    else:
        reach = np.abs(axes[:, 2]) * size[1] + size[0] * np.sqrt(np.clip(1 - axes[:, 2] ** 2, 0, 1))
    return collider.position - reach, collider.position + reach


@pytest.mark.parametrize("name", sorted(ALL))
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_family_is_sound(name: str, seed: int) -> None:
    model = ALL[name](np.random.default_rng(seed))
    low, high = model.bounds()
    assert (high - low > 0.003).all()
    assert (high - low < 0.65).all()
    for part in model.parts:
        mesh = part.mesh
        assert part.name
        assert part.material in FINISHES or draw_texture(np.random.default_rng(0), part.material).ndim == 3
        assert np.isfinite(mesh.vertices).all()
        assert mesh.faces.min() >= 0
        assert mesh.faces.max() < len(mesh.vertices)
        assert mesh.uv_faces.shape == mesh.faces.shape
        assert mesh.uv_faces.max() < len(mesh.uv)
        assert mesh.uv.min() > -0.01
        assert mesh.uv.max() < 1.01
    assert sum(part.mesh.volume() for part in model.parts) > 0


@pytest.mark.parametrize("name", sorted(n for n in ALL if n not in ("blob", "pouch")))
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_colliders_fit_the_meshes(name: str, seed: int) -> None:
    model = ALL[name](np.random.default_rng(seed))
    low, high = model.bounds()
    boxes = [_box_of(c) for c in model.colliders]
    collider_low, collider_high = np.min([b[0] for b in boxes], axis=0), np.max([b[1] for b in boxes], axis=0)
    # It must not hover over, or sink into, what it stands on.
    assert abs(collider_low[2] - low[2]) < 0.008
    assert (np.abs(collider_low - low) < 0.04).all()
    assert (np.abs(collider_high - high) < 0.04).all()


def test_the_same_seed_makes_the_same_object() -> None:
    for make in ALL.values():
        one, other = make(np.random.default_rng(5)), make(np.random.default_rng(5))
        for a, b in zip(one.parts, other.parts, strict=True):
            np.testing.assert_array_equal(a.mesh.vertices, b.mesh.vertices)
            assert a.material == b.material


def test_held_out_families_are_not_trained_on() -> None:
    assert len(HELDOUT_FAMILIES) >= 8
    assert not set(HELDOUT_FAMILIES) & set(TRAINING_FAMILIES)
    assert not set(HELDOUT_FAMILIES.values()) & set(TRAINING_FAMILIES.values())


def test_preferred_families_exist() -> None:
    assert {*families.COMMON, *families.TIDY, *families.STACKABLE} <= set(TRAINING_FAMILIES)


def test_unknown_table_is_refused() -> None:
    with pytest.raises(InputError, match="'train' or 'heldout'"):
        family_table("test")


@given(st.floats(-3, 3), st.sampled_from("xyz"))
def test_quaternion_of_a_rotation(angle: float, axis: str) -> None:
    unit = np.eye(3)["xyz".index(axis)]
    np.testing.assert_allclose(_matrix(quaternion_of(rotation(axis, angle))), rotation(axis, angle), atol=1e-9)
    np.testing.assert_allclose(_matrix(about(unit, angle)), rotation(axis, angle), atol=1e-9)


@pytest.mark.parametrize("end", [[0, 0, 1], [0, 0, -1], [1, 0, 0], [1, -2, 0.5]])
def test_capsule_points_from_start_to_end(end: list[float]) -> None:
    collider = capsule([0, 0, 0], end, 0.01)
    direction = _matrix(collider.quaternion)[:, 2]
    np.testing.assert_allclose(direction * 2 * collider.size[1], end, atol=1e-6)
