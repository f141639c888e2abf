"""Memory of the running nodes over many frames, each answered before the next comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from uois_sam.commands.replay_online import OnlineOptions, OnlineReplay
from uois_sam.commands.tables import text_table
from uois_sam.errors import UoisSamError
from uois_sam.replay.figures import cpu_figures, latencies, memory_figures, spread
from uois_sam.sources.source import FrameSource, OpenSource, open_source
from uois_sam.types import Frame


class _FirstFrames(OpenSource):
    """So many frames of a source, without stamps: a recording that begins again does not go back in time."""

    def __init__(self, source: FrameSource, count: int) -> None:
        self.rate = source.rate
        self.describe = source.describe
        self._source = source
        self._left = count

    def __next__(self) -> Frame:
        if not self._left:
            raise StopIteration
        self._left -= 1
        return replace(next(self._source), stamp=None)


def measure_soak(
    online: OnlineOptions,
    frames: int,
    logs: Path,
    say: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Replay the bundled sequence again and again.

    Args:
        online: which stack; the pace is that of the answers.
        frames: to replay.
        logs: folder for what the nodes say.
        say, progress: take a line, and the number of frames that went out and of all.

    Returns:
        Frames, answered, latency in ms, resident memory in MB with its slope over the later half, and CPU.

    Raises:
        UoisSamError: the stack does not start, or it ends.
    """
    with open_source("bundled", loop=True) as source:
        replay = OnlineReplay(
            _FirstFrames(source, frames),
            "bundled",
            replace(online, pace="answers"),
            say,
            lambda done: progress(done, frames),
        )
        run = replay.run(None, logs)
    if run.ended:
        raise UoisSamError(f"the soak ended after {len(run.frames)} frames: {run.ended}")
    return {
        "frames": len(run.frames),
        "answered": run.answered,
        "frames_per_second": run.rate,
        "latency_ms": spread([1e3 * latency for latency in latencies(run)]),
        "memory_mb": memory_figures(run.load, len(run.frames)),
        "cpu_percent": cpu_figures(run.load),
    }


def soak_table(figures: dict[str, Any]) -> str:
    """The figures as a table and a line."""
    memory = figures["memory_mb"]
    rows = [("", "MB"), *((name, f"{memory[name]:.1f}") for name in ("first", "last", "highest"))]
    counts = f"{figures['answered']} of {figures['frames']} frames answered"
    return "\n".join(
        [
            f"{counts}, {figures['frames_per_second']:.2f} frames/s",
            "resident memory of the nodes",
            text_table(rows),
            f"slope over the later half: {memory['per_100_frames']:+.3f} MB per 100 frames",
        ]
    )
