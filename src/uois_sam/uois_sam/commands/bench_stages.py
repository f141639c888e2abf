"""Times of the stages of the pipeline, in this process."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from uois_sam.commands.tables import text_table
from uois_sam.errors import TooFewPointsError
from uois_sam.grasping.clouds import instance_cloud, scene_cloud
from uois_sam.grasping.settings import CloudSettings
from uois_sam.parts.protocol import PartSegmenter
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.types import Frame, Instances

STAGES = ("encode", "prompts", "decode", "postprocess", "track", "clouds")
PARTS = "parts"
"""The stage that there is with a part segmenter alone."""
_WARM_UP = 3


def time_stages(
    pipeline: Pipeline,
    parts: PartSegmenter | None,
    frames: Iterable[Frame],
    count: int,
    progress: Callable[[int, int], None],
) -> dict[str, list[float]]:
    """Milliseconds of each of `STAGES` and their "total" over `count` frames, after a few that do not count.

    With a part segmenter there are those of `PARTS` too, which works on the frame's embedding.

    Clouds are those of the grasp bridge, of the scene and of every instance; frames without depth have none.
    """
    times: dict[str, list[float]] = defaultdict(list)
    for k, frame in enumerate(itertools.islice(frames, count + _WARM_UP)):
        embedded = pipeline.encode(frame.image, frame.depth, frame.camera)
        instances = pipeline.track(embedded, frame.stamp)
        start = time.perf_counter()
        _cut_clouds(frame, instances)
        stages = {**pipeline.stage_ms, "clouds": 1e3 * (time.perf_counter() - start)}
        if parts is not None:
            start = time.perf_counter()
            parts.segment(embedded, instances)
            stages[PARTS] = 1e3 * (time.perf_counter() - start)
        if k >= _WARM_UP:
            for name, milliseconds in stages.items():
                times[name].append(milliseconds)
            times["total"].append(sum(stages.values()))
            progress(k + 1 - _WARM_UP, count)
    return dict(times)


def summary(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median and 90th percentile of each stage, ms."""
    return {
        name: {"median_ms": float(np.median(values)), "p90_ms": float(np.percentile(values, 90))}
        for name, values in times.items()
    }


def stage_table(stages: dict[str, dict[str, float]]) -> str:
    """The summary as a table."""
    rows = [("stage", "median ms", "90 % ms")]
    rows += [(name, f"{s['median_ms']:.1f}", f"{s['p90_ms']:.1f}") for name, s in stages.items()]
    return text_table(rows)


def _cut_clouds(frame: Frame, instances: Instances) -> None:
    if frame.depth is None or frame.camera is None:
        return
    settings = CloudSettings()
    scene_cloud(frame.depth, frame.camera, frame.image, instances.label_image, settings)
    for instance in instances:
        try:
            instance_cloud(frame.depth, frame.camera, frame.image, instances, instance.label, settings)
        except TooFewPointsError:  # such instances have no cloud
            continue
