"""Meshes wind outwards and have the volume of the solid that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.datasets.synthetic.meshes import (
    Mesh,
    lathe,
    merge,
    plain_box,
    plate,
    prism,
    rotation,
    rounded_box,
    sweep,
    torus,
    tube,
    warp,
)


def test_volume_of_a_box() -> None:
    assert plain_box([0.1, 0.2, 0.3]).volume() == pytest.approx(0.048)
    assert rounded_box([0.1, 0.2, 0.3], 0.001).volume() == pytest.approx(0.048, rel=0.01)


def test_volume_of_turned_solids() -> None:
    cylinder = lathe([(0, 0), (0.1, 0), (0.1, 0.5), (0, 0.5)], 200)
    assert cylinder.volume() == pytest.approx(np.pi * 0.01 * 0.5, rel=0.01)
    assert tube(0.1, 0.08, 0.5, 200).volume() == pytest.approx(np.pi * (0.01 - 0.0064) * 0.5, rel=0.01)
    assert torus(0.1, 0.02, 200).volume() == pytest.approx(2 * np.pi**2 * 0.1 * 0.0004, rel=0.03)


def test_volume_of_a_rod_and_a_plate() -> None:
    rod = sweep(np.outer(np.linspace(0, 1, 10), [1.0, 0, 0]), 0.01, segments=60)
    assert rod.volume() == pytest.approx(np.pi * 1e-4, rel=0.03)
    assert plate([(0, 0), (0.2, 0), (0.2, 0.1), (0, 0.1)], 0.005).volume() == pytest.approx(0.2 * 0.1 * 0.01)


@pytest.mark.parametrize(
    "mesh", [torus(0.1, 0.02), sweep([[0, 0, 0], [0, 0, 0.1], [0.02, 0, 0.2]], 0.01), tube(0.1, 0.05, 0.1)]
)
def test_every_edge_between_rings_has_two_faces(mesh: Mesh) -> None:
    edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    counts = np.unique(edges, axis=0, return_counts=True)[1]
    # Only the first and the last ring (a pin hole, or a seam) may be open.
    assert (counts == 1).sum() <= 2 * 40
    assert set(counts) <= {1, 2}


def test_normals_of_a_rounded_box_point_outwards() -> None:
    mesh = rounded_box([0.1, 0.2, 0.3], 0.02)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    area = np.linalg.norm(normals, axis=1)
    outward = np.einsum("ij,ij->i", normals, (a + b + c) / 3)
    assert (outward[area > 1e-12] > 0).all()


def test_atlas_gives_every_side_its_own_cell() -> None:
    mesh = rounded_box([0.1, 0.1, 0.1], 0.001, atlas=True)
    sides = mesh.uv.reshape(6, -1, 2)
    cells = {tuple(np.floor(side.mean(0) * [3, 2]).astype(int)) for side in sides}
    assert len(cells) == 6
    for side in sides:
        assert (np.floor(side * [3, 2]) == np.floor(side.mean(0) * [3, 2])).all()


def test_moving_turning_and_scaling() -> None:
    mesh = plain_box([0.1, 0.2, 0.3])
    turned = mesh.rotated(rotation("z", np.pi / 2)).moved([1, 0, 0])
    np.testing.assert_allclose(np.ptp(turned.vertices, axis=0), [0.4, 0.2, 0.6], atol=1e-12)
    np.testing.assert_allclose(turned.vertices.mean(0), [1, 0, 0], atol=1e-12)
    assert turned.volume() == pytest.approx(mesh.volume())
    assert mesh.scaled(2).volume() == pytest.approx(8 * mesh.volume())


def test_merge_keeps_faces_and_texture_of_both() -> None:
    one, other = plain_box([0.1, 0.1, 0.1]), tube(0.1, 0.05, 0.1).moved([1, 0, 0])
    both = merge([one, other])
    assert both.volume() == pytest.approx(one.volume() + other.volume())
    last = both.uv[both.uv_faces[-1]]
    np.testing.assert_array_equal(last, other.uv[other.uv_faces[-1]])


def test_volume_of_a_prism() -> None:
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    star = np.where(np.arange(10) % 2, 0.05, 0.1)[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    area = 5 * 0.1 * 0.05 * np.sin(np.pi / 5)
    assert prism(star, 0.1, 0.4).volume() == pytest.approx(0.3 * area)
    assert prism(star, 0, 0.3, taper=1e-6).volume() == pytest.approx(0.1 * area, rel=1e-4)


def test_warping_moves_vertices_alone() -> None:
    flat = warp(plain_box([0.1, 0.2, 0.3]), lambda v: v * [1, 1, 0.5])
    assert flat.volume() == pytest.approx(0.024)
