"""What the nodes reach over real messages, in processes of their own."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from uois_sam.commands.demo_answers import header_stamp
from uois_sam.commands.demo_diagnostics import DiagnosticsLog
from uois_sam.commands.domain import own_domain
from uois_sam.commands.progress import progress_bar
from uois_sam.commands.stack import Stack
from uois_sam.commands.startup import PATIENCE, check_perception, start_perception
from uois_sam.commands.tables import text_table
from uois_sam.errors import UoisSamError
from uois_sam.nodes.listener import Listener, decode
from uois_sam.nodes.stamps import stamp_ns

TRANSPORT_MESSAGES = 200
"""Images whose way to another process is timed."""

_TRANSPORT_RATE = 20.0
_CAMERA_RATE = 10.0  # more than a CPU answers
_WARM_UP = 5
_MB = 1e6


def measure_nodes(model: str, device: str, parts: bool, frames: int, threads: int | None) -> dict[str, Any]:
    """Latency of images between processes, and rate, latency and memory of `perception`.

    Args:
        model, device: of the segmentation node.
        parts: whether `perception` looks for parts too.
        frames: clouds to wait for.
        threads: of `perception`; one per core where None.

    Raises:
        UoisSamError: a process died or nothing came.
    """
    with tempfile.TemporaryDirectory(prefix="uois_sam-bench-") as folder, own_domain() as domain:
        transport = _time_transport(domain, Path(folder))
        if threads is not None:
            os.environ["OMP_NUM_THREADS"] = str(threads)
        perception = _time_perception(domain, Path(folder), model, device, parts, frames)
    return {"camera_to_subscriber": transport, "perception": perception}


def _time_transport(domain: int, folder: Path) -> dict[str, float]:
    """Milliseconds from the stamp of an image message to the callback of an ordinary subscription here."""
    latencies: list[float] = []

    def take(message: Any, arrival: int) -> None:
        latencies.append((arrival - stamp_ns(message.header.stamp)) / 1e6)

    with (
        Stack(folder) as stack,
        Listener(domain, [], lambda name, cdr, arrival: None) as listener,
        progress_bar("camera to subscriber", "image") as progress,
    ):
        listener.hear_decoded("image", take)
        stack.start("camera", {"source": "bundled", "rate": _TRANSPORT_RATE, "wait_for_subscribers": 1})
        deadline = time.monotonic() + PATIENCE
        while len(latencies) < TRANSPORT_MESSAGES + _WARM_UP:
            listener.spin_once(0.1)
            stack.running("camera")
            progress(min(len(latencies), TRANSPORT_MESSAGES), TRANSPORT_MESSAGES)
            if time.monotonic() > deadline:
                raise UoisSamError(f"only {len(latencies)} images came within {PATIENCE:.0f} s")
    return _spread(latencies[_WARM_UP:])


def _time_perception(
    domain: int, folder: Path, model: str, device: str, parts: bool, frames: int
) -> dict[str, Any]:
    arrivals: list[int] = []
    latencies: list[float] = []
    memory: list[float] = []
    diagnostics = DiagnosticsLog()
    process: psutil.Process | None = None

    def take(name: str, cdr: bytes, arrival: int) -> None:
        if name == "diagnostics":
            diagnostics.add(decode(name, cdr))
        elif name == "instance_clouds" and process is not None:
            arrivals.append(arrival)
            latencies.append((arrival - header_stamp(cdr)) / 1e6)
            memory.append(process.memory_info().rss / _MB)

    with (
        Stack(folder) as stack,
        Listener(domain, ["instance_clouds", "scene_cloud", "diagnostics"], take) as listener,
        progress_bar("camera to clouds", "frame") as progress,
    ):
        start_perception(stack, listener, diagnostics, model, device, parts)
        process = psutil.Process(stack.pid("perception"))
        stack.start("camera", {"source": "bundled", "rate": _CAMERA_RATE, "wait_for_subscribers": 1})
        last, seen = time.monotonic(), 0
        while len(arrivals) < frames + _WARM_UP:
            listener.spin_once(0.1)
            check_perception(stack, diagnostics)
            stack.running("camera")
            if len(arrivals) > seen:
                last, seen = time.monotonic(), len(arrivals)
                progress(min(seen, frames), frames)
            if time.monotonic() - last > PATIENCE:
                raise UoisSamError(
                    f"no clouds for {PATIENCE:.0f} s; diagnostics: {diagnostics.refused or 'quiet'}"
                )
    return {
        "frames": frames,
        "frames_per_second": 1e9 / float(np.median(np.diff(arrivals[_WARM_UP:]))) if frames > 1 else 0.0,
        "camera_to_clouds": _spread(latencies[_WARM_UP:]),
        "stages_ms": {
            node: {stage: float(np.median(values)) for stage, values in stages.items()}
            for node, stages in diagnostics.stages.items()
            if node != "camera"
        },
        "memory_mb": memory_figures(memory[_WARM_UP:]),
    }


def memory_figures(memory: list[float]) -> dict[str, float]:
    """First, last and highest resident memory in MB, and its slope over the later half, in MB per 100 frames."""
    later = np.array(memory[len(memory) // 2 :])
    slope = np.polyfit(np.arange(len(later)), later, 1)[0] if len(later) > 1 else 0.0
    return {"first": memory[0], "last": memory[-1], "highest": max(memory), "per_100_frames": 100 * float(slope)}


def node_table(figures: dict[str, Any]) -> str:
    """The figures as a table and a few lines."""
    perception = figures["perception"]
    rows = [("", "median ms", "90 % ms")]
    for title, found in (
        ("camera to subscriber, image", figures["camera_to_subscriber"]),
        ("camera to clouds", perception["camera_to_clouds"]),
    ):
        rows.append((title, f"{found['median_ms']:.1f}", f"{found['p90_ms']:.1f}"))
    for node, stages in perception["stages_ms"].items():
        rows += [(f"{node}: {stage}", f"{value:.1f}", "") for stage, value in stages.items()]
    memory = perception["memory_mb"]
    return "\n".join(
        [
            text_table(rows),
            f"{perception['frames_per_second']:.2f} frames/s from camera message to cloud message, "
            f"camera at {_CAMERA_RATE:g} frames/s",
            f"resident memory {memory['first']:.0f} MB at first, {memory['last']:.0f} MB after "
            f"{perception['frames']} frames, highest {memory['highest']:.0f} MB; "
            f"{memory['per_100_frames']:+.2f} MB per 100 frames in the later half",
        ]
    )


def _spread(milliseconds: list[float]) -> dict[str, float]:
    return {"median_ms": float(np.median(milliseconds)), "p90_ms": float(np.percentile(milliseconds, 90))}
