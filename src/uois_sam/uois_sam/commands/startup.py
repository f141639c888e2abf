"""Starting `perception`, and noticing that it cannot work."""

from __future__ import annotations

import time

from uois_sam.commands.demo_diagnostics import DiagnosticsLog
from uois_sam.commands.stack import Stack
from uois_sam.errors import UoisSamError
from uois_sam.nodes.listener import Listener
from uois_sam.parts.load import method_and_model
from uois_sam.paths import config_dir

PATIENCE = 300.0
"""Seconds without any sign of life after which a run is given up."""


def start_perception(
    stack: Stack, listener: Listener, diagnostics: DiagnosticsLog, model: str, device: str, parts: str | None
) -> None:
    """Start the process, and wait until it takes images.

    Args:
        diagnostics: filled by the listener's handler.
        model, device: parameters of the segmentation node.
        parts: METHOD:MODEL of parts that are looked for too, with config/part_segmentation.yaml; None for none.

    Raises:
        UoisSamError: it died, its model cannot be loaded, or it is not ready after `PATIENCE`.
    """
    parameters: dict[str, bool | float | str] = {"segmentation:model": model, "segmentation:device": device}
    files = []
    if parts is not None:
        method, path = method_and_model(parts)
        parameters |= {"perception:parts": True, "part_segmentation:method": method}
        parameters[f"part_segmentation:{method}_model"] = path
        files = [config_dir() / "part_segmentation.yaml"]
    stack.start("perception", parameters, files)
    deadline = time.monotonic() + PATIENCE
    while not listener.others_hear("image"):
        listener.spin_once(0.1)
        check_perception(stack, diagnostics)
        if time.monotonic() > deadline:
            raise UoisSamError(f"perception is not ready after {PATIENCE:.0f} s: {stack.last_line('perception')}")


def check_perception(stack: Stack, diagnostics: DiagnosticsLog) -> None:
    """Refuse to go on without it.

    Raises:
        UoisSamError: it has ended, or a node says that it cannot start.
    """
    if not stack.running("perception"):
        raise UoisSamError(f"perception has ended: {stack.last_line('perception')}")
    if diagnostics.failure:
        raise UoisSamError(diagnostics.failure)
