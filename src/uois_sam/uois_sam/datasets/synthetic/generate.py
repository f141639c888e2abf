"""Write a data set of synthetic tables: `generate`, and `python -m uois_sam.datasets.synthetic.generate`.

Layout, for every frame NAME = SCENE_VIEW ("000012_0"):
    color/NAME.jpg   RGB
    depth/NAME.png   uint16 millimetres along the optical axis, 0 unknown
    label/NAME.png   uint16, 0 background, 1 .. objects (the same number in every view of a scene)
    parts/NAME.png   uint16, 0 background, k = k-th part name of its object
    frames/NAME.json intrinsics (as a camera.json), camera_pose, table_plane, objects, seed, scene
    dataset.json     how the set was made
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from uois_sam.datasets.synthetic.families import family_table
from uois_sam.datasets.synthetic.files import FOLDERS, default_cache_dir, write_frame, write_json
from uois_sam.errors import InputError, UoisSamError

VERSION = 1
"""Raised when the same seed begins to give other data."""
_SCENES_PER_PROCESS = 300  # the renderer's memory grows by some megabytes a scene
_ATTEMPTS = 3  # processes that may die over one chunk of scenes


@dataclass(frozen=True)
class Job:
    """What to write: `count` scenes of `seed`, `views` frames each, size (height, width) px.

    families: "train" or "heldout". backend: "auto", "filament" or "classic".
    sensor_noise: write what a depth sensor would measure, instead of the exact depth.
    """

    out: Path
    count: int
    seed: int = 0
    size: tuple[int, int] = (480, 640)
    views: int = 1
    families: str = "train"
    backend: str = "auto"
    sensor_noise: bool = False
    cache_dir: Path | None = None

    def check(self) -> None:
        """Raises InputError where a value cannot be used."""
        if self.count < 1 or self.views < 1:
            raise InputError(f"count is {self.count} and views {self.views}; give 1 or more of each")
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; give 0 or more")
        if min(self.size) < 48 or max(self.size) > 2048:
            raise InputError(f"size is {self.size[0]}x{self.size[1]}; give a height and width of 48 to 2048")
        if self.backend not in ("auto", "filament", "classic"):
            raise InputError(f"backend is {self.backend!r}; choose 'auto', 'filament' or 'classic'")
        family_table(self.families)

    def name(self, scene: int, view: int) -> str:
        return f"{scene:06d}_{view}"

    def missing(self, scene: int) -> bool:
        """Whether a frame of the scene is not there yet (its JSON file is written last)."""
        return any(not (self.out / "frames" / f"{self.name(scene, v)}.json").exists() for v in range(self.views))


def generate(
    out: Path | str,
    count: int,
    seed: int = 0,
    *,
    workers: int = 2,
    size: tuple[int, int] = (480, 640),
    views: int = 1,
    families: str = "train",
    backend: str = "auto",
    sensor_noise: bool = False,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `count` scenes of synthetic tables to the folder `out` and return it.

    Scene k of a seed is the same whatever the count and the number of workers; frames that are there are kept,
    so that an interrupted call can be repeated. Labels and depth repeat exactly, colours to about a grey level.

    Args:
        workers: processes. size: (height, width) px. views: frames per scene from quite different sides.
        families: "train" or "heldout". backend: "auto", "filament" or "classic".
        sensor_noise: write depth as a structured-light sensor would measure it, instead of the exact one.
        cache_dir: where image lights are kept; the user's cache folder by default.
        progress: called with (scenes done, scenes in all).

    Raises:
        InputError: an argument cannot be used, or `out` holds a set made with other arguments.
        RendererError: no renderer works here.
        UoisSamError: mujoco is not installed, or a worker process fails again and again.
    """
    job = Job(Path(out), count, seed, size, views, families, backend, sensor_noise, cache_dir)
    job.check()
    if workers < 1:
        raise InputError(f"workers is {workers}; give 1 or more")
    _prepare(job)
    todo = [k for k in range(count) if job.missing(k)]
    if todo:
        check_renderer_is_installed()
        _run(job, todo, workers, progress or (lambda done, total: None))
    write_json(job.out / "dataset.json", {**_description(job), **_statistics(job)})
    return job.out


def _description(job: Job) -> dict[str, Any]:
    return {
        "generator": "uois_sam.datasets.synthetic",
        "version": VERSION,
        "seed": job.seed,
        "size": list(job.size),
        "views": job.views,
        "families": sorted(family_table(job.families)),
        "sensor_noise": job.sensor_noise,
    }


def _prepare(job: Job) -> None:
    """Make the folders; refuse to mix two sets in one folder."""
    for folder in FOLDERS:
        (job.out / folder).mkdir(parents=True, exist_ok=True)
    wanted, path = _description(job), job.out / "dataset.json"
    if path.exists():
        found = json.loads(path.read_text())
        differing = [key for key, value in wanted.items() if found.get(key) != value]
        if differing:
            raise InputError(f"{job.out} holds a set with other {', '.join(differing)}; give an empty folder")
    else:
        write_json(path, wanted)


def _statistics(job: Job) -> dict[str, Any]:
    objects: Counter[str] = Counter()
    visible = 0
    names = [job.name(k, v) for k in range(job.count) for v in range(job.views)]
    for name in names:
        frame = json.loads((job.out / "frames" / f"{name}.json").read_text())
        objects.update(o["family"] for o in frame["objects"].values())
        visible += len(frame["objects"])
    return {
        "count": job.count,
        "frames": len(names),
        "visible_objects": visible,
        "by_family": dict(sorted(objects.items())),
    }


def check_renderer_is_installed() -> None:
    """Refuse to begin where nothing can be drawn.

    Raises:
        UoisSamError: mujoco is not installed.
    """
    if importlib.util.find_spec("mujoco") is None:
        raise UoisSamError("drawing tables needs the Python package mujoco, version 4, for Python 3.11 and newer")


def write_scenes(job: Job, scenes: list[int], done: Callable[[int], None]) -> None:
    """Write the listed scenes in this process; calls done(scene) after each.

    Raises:
        RendererError: no renderer works here.
    """
    os.environ.setdefault("LP_NUM_THREADS", "1")
    # The renderer reads its environment when it is first imported.
    import cv2

    from uois_sam.datasets.synthetic.capture import capture
    from uois_sam.datasets.synthetic.image_light import image_lights
    from uois_sam.datasets.synthetic.render import Renderer
    from uois_sam.datasets.synthetic.sensor import simulate_depth

    cv2.setNumThreads(1)
    renderer = Renderer(job.size, job.backend)  # type: ignore[arg-type]
    panoramas = image_lights(job.cache_dir or default_cache_dir()) if renderer.backend == "filament" else []
    families = family_table(job.families)
    for scene in scenes:
        frames = capture(renderer, families, panoramas, job.seed, scene, job.views)
        for view, frame in enumerate(frames):
            depth = frame.depth
            if job.sensor_noise:
                depth = simulate_depth(depth, frame.camera, np.random.default_rng([job.seed, scene, view, 1]))
            write_frame(job.out, job.name(scene, view), frame, depth, {"seed": job.seed, "scene": scene})
        done(scene)


def _work(job: Job, scenes: list[int], pipe: Connection) -> None:
    """Body of a worker process: sends ("done", scene) or ("failed", message)."""
    try:
        write_scenes(job, scenes, lambda scene: pipe.send(("done", scene)))
    except UoisSamError as error:
        pipe.send(("failed", error))
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # interrupted, or the parent is gone; what is written is kept
    finally:
        pipe.close()


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    scenes: list[int]
    attempt: int


def _start(job: Job, scenes: list[int], attempt: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, scenes, sending), daemon=True)
    process.start()
    sending.close()
    return _Worker(process, receiving, scenes, attempt)


def _run(job: Job, scenes: list[int], workers: int, progress: Callable[[int, int], None]) -> None:
    """Write the scenes in short-lived processes; a chunk whose process dies is taken up again by another one."""
    length = min(_SCENES_PER_PROCESS, -(-len(scenes) // workers))
    waiting = [(scenes[i : i + length], 1) for i in range(0, len(scenes), length)][::-1]
    active: list[_Worker] = []
    finished = job.count - len(scenes)
    progress(finished, job.count)
    try:
        while waiting or active:
            while waiting and len(active) < workers:
                active.append(_start(job, *waiting.pop()))
            ready = wait([w.pipe for w in active])
            for worker in [w for w in active if w.pipe in ready]:
                try:
                    kind, value = worker.pipe.recv()
                except EOFError:
                    active.remove(worker)
                    waiting.extend(_left_over(job, worker))
                    continue
                if kind == "failed":
                    raise value
                finished += 1
                progress(finished, job.count)
    finally:
        for worker in active:
            worker.process.terminate()
            worker.process.join()


def _left_over(job: Job, worker: _Worker) -> list[tuple[list[int], int]]:
    """What a process that ended has not written.

    Raises:
        UoisSamError: it is the last attempt.
    """
    worker.process.join()
    rest = [k for k in worker.scenes if job.missing(k)]
    if rest and worker.attempt >= _ATTEMPTS:
        raise UoisSamError(
            f"the process that draws scene {rest[0]} of seed {job.seed} died {_ATTEMPTS} times "
            f"(exit code {worker.process.exitcode}); free some memory and run again, finished frames are kept"
        )
    return [(rest, worker.attempt + 1)] if rest else []


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) of "HEIGHTxWIDTH".

    Raises:
        InputError: the text is not of that form.
    """
    numbers = text.lower().split("x")
    if len(numbers) != 2 or not all(n.isdigit() for n in numbers):
        raise InputError(f"size is {text!r}; give HEIGHTxWIDTH, such as 480x640")
    return int(numbers[0]), int(numbers[1])


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write a data set of synthetic tables.")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder to write to; finished frames in it are kept"
    )
    parser.add_argument("--count", type=int, required=True, help="number of scenes")
    parser.add_argument("--seed", type=int, default=0, help="scene k of a seed is always the same (default 0)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--size", default="480x640", help="HEIGHTxWIDTH in px (default 480x640)")
    parser.add_argument(
        "--views", type=int, default=1, help="frames of every scene, from different sides (default 1)"
    )
    parser.add_argument("--families", default="train", help="object families, 'train' (default) or 'heldout'")
    parser.add_argument("--backend", default="auto", help="'auto' (default), 'filament' or 'classic'")
    parser.add_argument("--sensor-noise", action="store_true", help="depth as a sensor measures it, not exact")
    options = parser.parse_args(arguments)
    try:
        from tqdm import tqdm

        with tqdm(total=options.count, unit="scene") as bar:

            def show(done: int, total: int) -> None:
                bar.n = done
                bar.refresh()

            generate(
                options.out,
                options.count,
                options.seed,
                workers=options.workers,
                size=parse_size(options.size),
                views=options.views,
                families=options.families,
                backend=options.backend,
                sensor_noise=options.sensor_noise,
                progress=show,
            )
    except UoisSamError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            f"interrupted; run the same command again to go on, {options.out} keeps what is done", file=sys.stderr
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
