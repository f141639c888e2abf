"""Surface finishes and their random realisation as MuJoCo materials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.objects import pick
from uois_sam.datasets.synthetic.textures import colour, draw_texture

if TYPE_CHECKING:
    import mujoco


@dataclass(frozen=True)
class Finish:
    """texture: kind of `textures`, None for one colour. roughness: lowest and highest, 0 mirror to 1 chalk."""

    texture: str | None
    roughness: tuple[float, float]
    metallic: bool = False


FINISHES: dict[str, Finish] = {
    "label": Finish("label", (0.15, 0.6)),
    "carton": Finish("carton", (0.25, 0.7)),
    "plastic": Finish(None, (0.1, 0.6)),
    "glossy": Finish(None, (0.03, 0.15)),
    "ceramic": Finish(None, (0.05, 0.35)),
    "metal": Finish(None, (0.15, 0.5), metallic=True),
    "dark": Finish(None, (0.2, 0.6)),
    "light": Finish(None, (0.2, 0.7)),
    "paper": Finish(None, (0.8, 1.0)),
    "wood": Finish("wood", (0.25, 0.8)),
    "plain": Finish("plain", (0.3, 0.95)),
    "fruit": Finish("plain", (0.25, 0.7)),
    "screen": Finish("screen", (0.05, 0.3)),
}
_OTHER = (0.1, 0.95)  # roughness of a material that is named after a texture


def _even_colour(rng: np.random.Generator, kind: str) -> NDArray:
    if kind == "metal":
        return np.full(3, rng.uniform(0.45, 0.9)) * (1, *rng.uniform(0.85, 1, 2))
    if kind == "dark":
        return np.full(3, rng.uniform(0.01, 0.09))
    if kind == "light":
        return np.full(3, rng.uniform(0.6, 0.92)) * rng.uniform(0.93, 1, 3)
    if kind == "paper":
        return np.array([0.9, 0.88, 0.82]) * rng.uniform(0.7, 1)
    if kind == "ceramic" and rng.random() < 0.4:
        return np.array([0.92, 0.91, 0.88]) * rng.uniform(0.8, 1)
    return colour(rng, 1, 0.1, 0.95)


def add_material(rng: np.random.Generator, spec: mujoco.MjSpec, kind: str) -> str:
    """Add a random material of a `FINISHES` kind, or of a texture's name, and return its name in the spec."""
    import mujoco

    if kind == "ceramic" and rng.random() < 0.5:
        kind = pick(rng, "stripe", "speckle", "label")
    finish = FINISHES.get(kind, Finish(kind, _OTHER))
    name = f"material{len(spec.materials)}"
    material = spec.add_material(
        name=name,
        metallic=rng.uniform(0.8, 1) if finish.metallic else 0.0,
        roughness=rng.uniform(*finish.roughness),
        specular=0.5,
        reflectance=0,
    )
    if finish.texture is None:
        material.rgba = [*_even_colour(rng, kind), 1]
        return name
    image = draw_texture(rng, finish.texture)
    texture = spec.add_texture(
        name=f"texture_{name}",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=image.shape[1],
        height=image.shape[0],
        nchannel=3,
    )
    texture.data = image.tobytes()
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name
    material.rgba = [1, 1, 1, 1]
    return name
