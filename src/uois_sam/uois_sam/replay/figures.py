"""The figures of a replay, as `report.json` has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from uois_sam.replay.run import FrameRecord, LoadSample, ReplayRun

if TYPE_CHECKING:
    from uois_sam.replay.report import ReplayScores

LATENCY = "frame to instances"
"""What the time from a frame given to its instances is called beside the stages."""


def report_figures(run: ReplayRun, scores: ReplayScores | None) -> dict[str, Any]:
    """What `report.json` holds: counts, times in ms, memory in MB, scores as fractions of 1, and every frame."""
    return {
        "bag": run.bag,
        "topics": run.topics,
        "mode": run.mode,
        "model": run.model,
        "frames_in": len(run.frames),
        "answered": run.answered,
        "dropped": run.dropped,
        "refused": dict(Counter(run.refused)),
        "ended": run.ended,
        "seconds": run.seconds,
        "frames_per_second": run.rate,
        "latency_ms": spread([1e3 * latency for latency in latencies(run)]),
        "stage_ms": stage_spreads(run),
        "instances": instance_figures(run),
        "parts": part_figures(run),
        "memory_mb": memory_figures(run.load, len(run.frames)),
        "cpu_percent": cpu_figures(run.load),
        "scores": None if scores is None else score_figures(scores),
        "frames": [_frame(frame) for frame in run.frames],
        "load": [asdict(sample) for sample in run.load],
    }


def latencies(run: ReplayRun) -> list[float]:
    """Seconds from given to answered of each answered frame."""
    return [frame.latency for frame in run.frames if frame.latency is not None]


def rates(run: ReplayRun, window: int = 5) -> list[tuple[float, float]]:
    """Seconds since the replay began, rising, and answers per second over the last `window` answers until then."""
    times = sorted({frame.answered for frame in run.frames if frame.answered is not None})
    begun = [times[max(k - window, 0)] for k in range(len(times))]
    return [
        (at, min(k, window) / (at - first)) for k, (at, first) in enumerate(zip(times, begun, strict=True)) if k
    ]


def stage_spreads(run: ReplayRun) -> dict[str, dict[str, float]]:
    """Milliseconds by stage, in the order in which the stages first came."""
    times: dict[str, list[float]] = {}
    for frame in run.frames:
        for stage, seconds in frame.stages.items():
            times.setdefault(stage, []).append(1e3 * seconds)
    return {stage: spread(values) for stage, values in times.items()}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile; empty where there are no values."""
    if not values:
        return {}
    median, p95, p99 = np.percentile(values, (50, 95, 99))
    return {"median": float(median), "p95": float(p95), "p99": float(p99)}


def instance_figures(run: ReplayRun) -> dict[str, float]:
    """Mean, least and most instances of the answered frames; empty where none was answered."""
    return _counts([len(frame.ids) for frame in run.frames if frame.answered is not None])


def part_figures(run: ReplayRun) -> dict[str, float]:
    """Mean, least and most parts of the frames in which they were looked for; empty where there is none."""
    return _counts([frame.parts for frame in run.frames if frame.parts is not None])


def _counts(counts: Sequence[int]) -> dict[str, float]:
    if not counts:
        return {}
    return {"mean": float(np.mean(counts)), "least": min(counts), "most": max(counts)}


def memory_figures(load: Sequence[LoadSample], frames: int) -> dict[str, float]:
    """First, last and highest resident memory in MB, and its slope over the later half, in MB per 100 frames.

    Empty where nothing was sampled.
    """
    if not load:
        return {}
    later = load[len(load) // 2 :]
    span = load[-1].at - load[0].at
    slope = 0.0
    if len(later) > 2 and span > 0 and frames:
        per_second = np.polyfit([s.at for s in later], [s.memory for s in later], 1)[0]
        slope = float(per_second) * span / frames
    memory = [sample.memory for sample in load]
    return {"first": memory[0], "last": memory[-1], "highest": max(memory), "per_100_frames": 100 * slope}


def cpu_figures(load: Sequence[LoadSample]) -> dict[str, float]:
    """Mean and highest CPU in percent of one core; empty where nothing was sampled."""
    if len(load) < 2:
        return {}
    steps = np.diff([sample.at for sample in load])
    cpu = np.array([sample.cpu for sample in load[1:]])
    mean = float((cpu * steps).sum() / steps.sum()) if steps.sum() > 0 else 0.0
    return {"mean": mean, "highest": float(cpu.max())}


def score_figures(scores: ReplayScores) -> Mapping[str, Any]:
    """Scores, what they depend on, and identity switches."""
    return {
        "labels": scores.labels,
        **asdict(scores.rule),
        "identity_switches": scores.switches,
        **scores.evaluation.as_dict(),
    }


def _frame(frame: FrameRecord) -> dict[str, Any]:
    return {
        "stamp": frame.stamp,
        "given": frame.given,
        "answered": frame.answered,
        "stage_ms": {stage: 1e3 * seconds for stage, seconds in frame.stages.items()},
        "ids": [int(one) for one in frame.ids],
        "scores": [float(one) for one in frame.scores],
        "parts": frame.parts,
    }
