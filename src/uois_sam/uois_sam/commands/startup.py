"""Starting `perception`, and noticing that it cannot work."""

from __future__ import annotations

import time

from uois_sam.commands.demo_diagnostics import DiagnosticsLog
from uois_sam.commands.stack import Stack
from uois_sam.errors import UoisSamError
from uois_sam.nodes.listener import Listener
from uois_sam.paths import config_dir

PATIENCE = 300.0
"""Seconds without any sign of life after which a run is given up."""


def start_perception(
    stack: Stack, listener: Listener, diagnostics: DiagnosticsLog, model: str, device: str, parts: bool
) -> None:
    """Start the process, and wait until it takes images.

    Args:
        diagnostics: filled by the listener's handler.
        model, device: parameters of the segmentation node.
        parts: whether parts are looked for too, with the bundled prompter and config/part_segmentation.yaml.

    Raises:
        UoisSamError: it died, its model cannot be loaded, or it is not ready after `PATIENCE`.
    """
    parameters: dict[str, bool | float | str] = {"segmentation:model": model, "segmentation:device": device}
    parameters["perception:parts"] = parts
    stack.start("perception", parameters, [config_dir() / "part_segmentation.yaml"] if parts else [])
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
