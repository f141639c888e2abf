"""Rendering of a settled scene: colour, exact depth, instance and part images."""

from __future__ import annotations

import collections.abc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.room import VISIBLE
from uois_sam.datasets.synthetic.scene import ObjectInfo, Scene
from uois_sam.errors import UoisSamError
from uois_sam.types import Camera

Backend = Literal["auto", "filament", "classic"]
_EXPOSURE = "filament.cg.exposure"
_WANTED_BRIGHTNESS = (75.0, 165.0)  # mean grey value of a frame
_MULTI_SAMPLES = 4


class RendererError(UoisSamError):
    """No renderer works on this machine."""


@dataclass(frozen=True)
class RenderedFrame:
    """One view of a synthetic table.

    color: (H, W, 3) uint8 RGB. depth: (H, W) float32, exact metres along the optical axis.
    label: (H, W) uint16, 0 background, else the key in `objects`.
    parts: (H, W) uint16, 0 background, else 1-based into the object's part names.
    camera_pose: (4, 4) float64 world-from-optical (x right, y down, z forward).
    table_plane: (4,) float64 (n, d): n . p + d is the height in metres above the table of p in the optical frame.
    """

    color: NDArray[np.uint8]
    depth: NDArray[np.float32]
    label: NDArray[np.uint16]
    parts: NDArray[np.uint16]
    camera: Camera
    camera_pose: NDArray[np.float64]
    table_plane: NDArray[np.float64]
    objects: dict[int, ObjectInfo]


@dataclass(frozen=True)
class View:
    """A frame without colours; fields as in `RenderedFrame`, pose is its camera_pose."""

    depth: NDArray[np.float32]
    label: NDArray[np.uint16]
    parts: NDArray[np.uint16]
    camera: Camera
    pose: NDArray[np.float64]


class _Backend(Protocol):
    def load(self, scene: Scene) -> None: ...

    def update(self) -> None:
        """Take the poses of the scene's objects anew."""
        ...

    def geometry(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(H, W) metres, and (H, W) geom id + 1."""
        ...

    def colour(self) -> NDArray[np.uint8]: ...

    def close(self) -> None: ...


def _scene_options() -> mujoco.MjvOption:
    option = mujoco.MjvOption()
    option.geomgroup[:] = 0
    option.geomgroup[VISIBLE] = 1
    option.sitegroup[:] = 0
    return option


@contextmanager
def _native_output_dropped() -> Iterator[None]:
    """Drop what native code writes to standard output: Filament reports its start there."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


class _Filament:
    """MuJoCo's Filament renderer on Vulkan: physically based, soft shadows, image lights."""

    def __init__(self, height: int, width: int) -> None:
        os.environ.setdefault("LP_NUM_THREADS", "1")
        if not hasattr(collections.abc, "Buffer"):  # Python before 3.12, which the wrapper does not expect
            collections.abc.Buffer = object  # type: ignore[attr-defined]
        import mujoco.studio.window  # noqa: F401  (must come first, or materials do not load)
        from mujoco import mjrf
        from mujoco.rendering.filament import model_scene, renderer

        self._mjrf, self._renderer, self._model_scene = mjrf, renderer, model_scene
        config = mjrf.ContextConfig(graphics_api=mjrf.GraphicsApi.GRAPHICS_API_VULKAN)
        with _native_output_dropped():
            self._context = mjrf.Context(config)
        self._size = (height, width)
        self._color = np.zeros((height, width, 3), np.uint8)
        self._ids = np.zeros((height, width, 3), np.uint8)
        self._depth = np.zeros((height, width), np.float32)
        self._active: Any = None
        self._scene: Scene | None = None

    def load(self, scene: Scene) -> None:
        active = self._renderer.Renderer(self._context)
        loaded = self._model_scene.ModelScene(self._context, scene.model, active.scene("scene"))
        loaded._renderables.set_options(_scene_options())
        loaded.update(scene.data)
        active.target("color", self._color)
        active.target("ids", self._ids)
        active.target("depth", self._depth, self._mjrf.PixelFormat.PIXEL_FORMAT_R32F)
        active.scene("scene").set_msaa(_MULTI_SAMPLES)
        self._active, self._loaded, self._scene = active, loaded, scene

    def update(self) -> None:
        assert self._scene is not None
        self._loaded.update(self._scene.data)

    def _camera(self) -> mujoco.MjvGLCamera:
        assert self._scene is not None
        model, data = self._scene.model, self._scene.data
        rotation = data.cam_xmat[0].reshape(3, 3)
        camera = mujoco.MjvGLCamera()
        camera.pos[:], camera.forward[:], camera.up[:] = data.cam_xpos[0], -rotation[:, 2], rotation[:, 1]
        near = float(model.vis.map.znear * model.stat.extent)
        camera.frustum_near, camera.frustum_far = near, float(model.vis.map.zfar * model.stat.extent)
        camera.frustum_top = near * np.tan(np.radians(model.cam_fovy[0]) / 2)
        camera.frustum_bottom = -camera.frustum_top
        camera.frustum_center = 0
        camera.frustum_width = camera.frustum_top * self._size[1] / self._size[0]
        return camera

    def _draw(self, target: str, **options: Any) -> mujoco.MjvGLCamera:
        camera = self._camera()
        self._active.render([self._renderer.View("scene", target, camera=camera, **options)])
        return camera

    def geometry(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        modes = self._mjrf.DrawMode
        camera = self._draw("depth", draw_mode=modes.DRAW_MODE_DEPTH, post_processing=False)
        self._draw("ids", draw_mode=modes.DRAW_MODE_SEGMENTATION_BY_ID, post_processing=False)
        near, far = camera.frustum_near, camera.frustum_far
        depth = near * far / (near + self._depth * (far - near))  # reversed z
        return depth.astype(np.float32), self._ids[..., 0].astype(np.int64) | self._ids[..., 1].astype(
            np.int64
        ) << 8

    def colour(self) -> NDArray[np.uint8]:
        """Exposed like a camera would: a frame far from the wanted brightness is drawn again."""
        self._draw("color")
        low, high = _WANTED_BRIGHTNESS
        for _ in range(3):
            mean = float(self._color.mean())
            if low <= mean <= high:
                break
            self._expose(np.log2((low + 10 if mean < low else high - 15) / max(mean, 4.0)) * 1.3)
            self._draw("color")
        return self._color.copy()

    def _expose(self, stops: float) -> None:
        assert self._scene is not None
        model = self._scene.model
        index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_NUMERIC, _EXPOSURE)
        model.numeric_data[model.numeric_adr[index]] += stops
        self._active.scene("scene").configure_from_model(model)
        self._active.scene("scene").set_msaa(_MULTI_SAMPLES)

    def close(self) -> None:
        self._active = self._loaded = self._scene = None


class _Classic:
    """MuJoCo's OpenGL renderer (EGL or OSMesa)."""

    def __init__(self, height: int, width: int) -> None:
        self._size = (height, width)
        self._active: mujoco.Renderer | None = None
        probe = mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), 8, 8)
        probe.close()

    def load(self, scene: Scene) -> None:
        self.close()
        self._scene, self._active = scene, mujoco.Renderer(scene.model, *self._size)

    def update(self) -> None:
        """Nothing to do: it reads the scene whenever it draws."""

    def _draw(self) -> NDArray:
        assert self._active is not None
        self._active.update_scene(self._scene.data, "camera", _scene_options())
        return self._active.render()

    def geometry(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        assert self._active is not None
        self._active.enable_depth_rendering()
        depth = self._draw().copy()
        self._active.disable_depth_rendering()
        self._active.enable_segmentation_rendering()
        ids = self._draw()[..., 0].astype(np.int64) + 1
        self._active.disable_segmentation_rendering()
        return depth, ids

    def colour(self) -> NDArray[np.uint8]:
        return self._draw().copy()

    def close(self) -> None:
        if self._active is not None:
            self._active.close()
            self._active = None


def _open(backend: Backend, height: int, width: int) -> tuple[str, _Backend]:
    reasons = []
    for name, kind in (("filament", _Filament), ("classic", _Classic)):
        if backend in ("auto", name):
            try:
                return name, kind(height, width)
            except Exception as error:  # whatever a graphics driver raises
                reasons.append(f"{name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    raise RendererError(
        f"no renderer works for backend {backend!r} ({'; '.join(reasons)}); install mesa-vulkan-drivers and "
        "libvulkan1 for filament, or libegl1 and libgl1-mesa-dri for classic"
    )


class Renderer:
    """Draws scenes at one size.

    size: (height, width) px. backend: "filament" (Vulkan), "classic" (OpenGL), or "auto" for the first that works.

    Raises:
        RendererError: the wanted renderer does not work here; says which package to install.
    """

    def __init__(self, size: tuple[int, int], backend: Backend = "auto") -> None:
        self.size = size
        self.backend, self._active = _open(backend, *size)
        self._scene: Scene | None = None

    def load(self, scene: Scene) -> None:
        """Make this the scene that is drawn."""
        self._active.load(scene)
        self._scene = scene

    def arrange(self, positions: NDArray[np.float64]) -> None:
        """Put the objects of the loaded scene elsewhere.

        positions: (7 * objects,), of each one x, y, z in metres and a quaternion (w, x, y, z), as `MjData.qpos`.
        """
        scene = self._current()
        scene.data.qpos[:] = positions
        mujoco.mj_kinematics(scene.model, scene.data)
        mujoco.mj_camlight(scene.model, scene.data)
        self._active.update()

    def _current(self) -> Scene:
        if self._scene is None:
            raise RendererError("no scene is loaded; call load(scene) before drawing")
        return self._scene

    def _aim(self, camera: Camera, pose: NDArray[np.float64]) -> Scene:
        scene = self._current()
        model, data = scene.model, scene.data
        quaternion = np.zeros(4)
        mujoco.mju_mat2Quat(quaternion, (pose[:3, :3] * [1, -1, -1]).ravel())
        model.cam_pos[0], model.cam_quat[0] = pose[:3, 3], quaternion
        model.cam_fovy[0] = np.degrees(2 * np.arctan(camera.height / 2 / camera.fy))
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        return scene

    def look(self, camera: Camera, pose: NDArray[np.float64]) -> View:
        """Draw what the loaded scene is like from there, without its colours (a few milliseconds).

        camera: of the renderer's size, square pixels, principal point in the middle.
        pose: (4, 4) world-from-optical, metres.
        """
        scene = self._aim(camera, pose)
        depth, ids = self._active.geometry()
        ids[ids > scene.model.ngeom] = 0
        return View(depth, scene.instance_of_geom[ids], scene.part_of_geom[ids], camera, pose.copy())

    def render(self, camera: Camera, pose: NDArray[np.float64]) -> RenderedFrame:
        """Draw the loaded scene; arguments as in `look`."""
        return self.shoot(self.look(camera, pose))

    def shoot(self, view: View) -> RenderedFrame:
        """Add the colours to a view of the loaded scene."""
        scene = self._aim(view.camera, view.pose)
        plane = np.r_[view.pose[2, :3], view.pose[2, 3]]
        seen = {int(k): scene.objects[int(k)] for k in np.unique(view.label) if k}
        color = self._active.colour()
        return RenderedFrame(color, view.depth, view.label, view.parts, view.camera, view.pose, plane, seen)

    def close(self) -> None:
        self._active.close()
        self._scene = None


def photograph(rng: np.random.Generator, color: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 with a little of a camera's blur and noise."""
    blurred = cv2.GaussianBlur(color, (0, 0), float(rng.uniform(0.25, 0.6)))
    grey = rng.normal(0, rng.uniform(0, 3), (*color.shape[:2], 1))
    tinted = rng.normal(0, rng.uniform(0, 1.5), color.shape)
    return np.clip(blurred + grey + tinted, 0, 255).astype(np.uint8)
