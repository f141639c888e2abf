"""The perception executable: segmentation and grasp bridge, and camera and parts if wanted, in one process.

The nodes are those of the separate executables, with the same names, parameters, topics and services. What
differs: a frame and its instances pass from node to node in memory, decoded and embedded once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rclpy.node import Node

from uois_sam.nodes.camera import CameraNode
from uois_sam.nodes.executable import run
from uois_sam.nodes.grasp_bridge import GraspBridgeNode
from uois_sam.nodes.parameters import ParameterTable, Row
from uois_sam.nodes.part_segmentation import PartSegmentationNode
from uois_sam.nodes.segmentation import SegmentationNode

ROWS = (
    Row("camera", False, "run the camera node in this process; else frames come from its topics"),
    Row("parts", False, "run part segmentation in this process, on the embeddings of segmentation"),
)

_LAST_FRAMES = 60.0
"""Seconds that the frames in hand may take when the camera's source has ended."""


class PerceptionNode(Node):
    """Holds the parameters of the process itself."""

    def __init__(self) -> None:
        super().__init__("perception")
        self.parameters = ParameterTable(self, ROWS, configured=lambda: True)


def compose(end: Callable[[], None]) -> Sequence[Node]:
    """The nodes of the process, wired to each other, upstream first; `end` ends the process."""
    perception = PerceptionNode()
    with_camera = perception.parameters["camera"]
    bridge = GraspBridgeNode(subscribe=False)
    segmentation = SegmentationNode(subscribe=not with_camera)
    rooms: list[Node] = [segmentation, bridge]
    if perception.parameters["parts"]:
        parts = PartSegmentationNode(segmentation)
        segmentation.listeners.append(parts.accept)
        parts.listeners.append(bridge.accept)
        rooms.insert(1, parts)
    else:
        segmentation.listeners.append(bridge.accept)
    if not with_camera:
        return [perception, *rooms]

    def finish() -> None:
        segmentation.wait_idle(_LAST_FRAMES)
        end()

    camera = CameraNode(finish)
    camera.ready = lambda: segmentation.state == bridge.state == "active"
    camera.listeners.append(segmentation.accept)
    return [perception, camera, *rooms]


def main(arguments: list[str] | None = None) -> None:
    """The `perception` executable."""
    sys.exit(run(compose, arguments))
