"""Runs an executable of the package with the doubles in place: run_node.py NAME --ros-args ..."""

from __future__ import annotations

import importlib
import sys
from functools import partial
from typing import Any

from doubles import NoEncoder, load_blobs, load_part_doubles, open_double


def main() -> None:
    name = sys.argv.pop(1)
    module: Any = importlib.import_module(f"uois_sam.nodes.{name}")
    if hasattr(module, "SegmentationNode"):
        module.SegmentationNode = partial(module.SegmentationNode, load=load_blobs)
    if hasattr(module, "PartSegmentationNode"):
        module.PartSegmentationNode = partial(
            module.PartSegmentationNode, load=load_part_doubles, load_segmenter=lambda model, device: NoEncoder()
        )
    if hasattr(module, "CameraNode"):
        module.CameraNode = partial(module.CameraNode, open_frames=open_double)
    module.main()


if __name__ == "__main__":
    main()
