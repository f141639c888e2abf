"""The table that a demo ends with."""

from __future__ import annotations

import numpy as np

from uois_sam.commands.demo_record import DemoRecord
from uois_sam.commands.tables import text_table


def summary(record: DemoRecord) -> str:
    """Frames, instances, times and scores of a run."""
    counts = [len(frame.instances) for frame in record.frames]
    lines = [
        f"{len(record.frames)} frames answered, {record.frames_per_second:.2f} frames/s; "
        f"{np.mean(counts):.1f} instances per frame ({min(counts)} to {max(counts)})",
    ]
    if record.with_depth:
        clouds = [sum(i.points > 0 for i in frame.instances) for frame in record.frames]
        lines[0] += f", {np.mean(clouds):.1f} clouds"
    else:
        lines.append("the source has no depth (or no intrinsics): masks from colour alone, no clouds")
    if record.paced:
        lines.append("images were sent as fast as the last ones were answered")
    if record.unanswered:
        lines.append(f"{record.unanswered} of {record.sent} images were passed over for newer ones")
    if record.unmatched:
        lines.append(f"{record.unmatched} answers had the stamp of no image that was received")
    lines += [f"{node} refused {n} frames: {reason}" for node, (n, reason) in record.refused.items()]
    lines += ["", _times(record)]
    if record.evaluation is not None:
        lines += ["", record.evaluation.table()]
    return "\n".join(lines)


def _times(record: DemoRecord) -> str:
    rows = [("", "median ms", "90 % ms")]
    rows += [
        (f"camera to {name}", f"{np.median(values):.1f}", f"{np.percentile(values, 90):.1f}")
        for name, values in record.latencies().items()
        if values
    ]
    rows += [
        (f"{node}: {stage}", f"{np.median(values):.1f}", f"{np.percentile(values, 90):.1f}")
        for node, stages in record.stages.items()
        if node != "camera"
        for stage, values in stages.items()
    ]
    return text_table(rows)
