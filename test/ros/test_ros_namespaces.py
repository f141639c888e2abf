"""Two cameras in two namespaces, composed and separate, with the arguments that the launch file gives."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from doubles import BLOBS, plane, table
from probe import Inbox, NodeProcess, Probe, clouds_of, instances_of
from sensor_msgs.msg import Image

from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import IMAGE, SENSOR_QOS
from uois_sam.paths import config_dir

ROOMS = ("segmentation", "grasp_bridge", "camera")


def launch_arguments(
    namespace: str, names: Iterable[str], folder: Path, **values: str | float | bool
) -> list[str]:
    """What launch_ros makes of a namespace, the nodes' parameter files, and the values that win over these."""
    own = folder / f"{namespace}.yaml"
    own.write_text(json.dumps({"/**": {"ros__parameters": values}}))  # which is YAML too
    paths = [*(config_dir() / f"{name}.yaml" for name in names), own]
    return ["-r", f"__ns:=/{namespace}", *(word for path in paths for word in ("--params-file", str(path)))]


def recording(folder: Path, count: int) -> Path:
    """One frame of a number of squares, larger than those of the counting source."""
    (folder / "color").mkdir()
    (folder / "depth").mkdir()
    cv2.imwrite(str(folder / "color" / "0.png"), table(count, 320, 240))
    cv2.imwrite(str(folder / "depth" / "0.png"), (1000 * plane(320, 240)).astype(np.uint16))
    camera = {
        "fx": 300.0,
        "fy": 300.0,
        "cx": 159.5,
        "cy": 119.5,
        "width": 320,
        "height": 240,
        "depth_scale": 0.001,
    }
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


def stamps(inbox: Inbox) -> set[int]:
    return {stamp_ns(message.header.stamp) for message in list(inbox.messages)}


def test_each_frame_is_answered_in_the_namespace_where_it_was_taken(probe: Probe, tmp_path: Path) -> None:
    common = {"model": BLOBS, "adaptation": "none", "rate": 8.0}
    left = {**common, "source": "counting", "camera": True}
    right = {**common, "source": f"folder:{recording(tmp_path, 7)}"}
    processes = [
        NodeProcess("perception", *launch_arguments("left", ("perception", *ROOMS), tmp_path, **left)),
        *(NodeProcess(name, *launch_arguments("right", [name], tmp_path, **right)) for name in ROOMS),
    ]
    try:
        for namespace, size, counts in (("/left", (120, 160), {1, 2, 3, 4, 5}), ("/right", (240, 320), {7})):
            image = probe.listen(Image, f"{namespace}/{IMAGE}", SENSOR_QOS)
            labels = probe.listen(Image, f"{namespace}/segmentation/label_image")
            instances = instances_of(probe, f"{namespace}/")
            clouds = clouds_of(probe, f"{namespace}/")
            for room in ROOMS:
                probe.active(f"{namespace}/{room}")

            def all_counts(counts: set[int] = counts, instances: Inbox = instances) -> bool:
                return {len(m.instances) for m in list(instances.messages)} == counts

            def answered(image: Inbox = image, instances: Inbox = instances) -> bool:
                return bool(stamps(image) & stamps(instances))

            probe.until(all_counts, f"answers to all images of {namespace}")
            probe.until(answered, f"an image of {namespace} and its answer")
            assert clouds.wait() is not None
            assert {len(m.clouds) for m in list(clouds.messages)} <= counts
            assert {(m.height, m.width) for i in (image, labels) for m in list(i.messages)} == {size}
        names = probe.node.get_node_names_and_namespaces()
        assert not [name for name, namespace in names if name in ROOMS and namespace not in ("/left", "/right")]
    finally:
        assert [process.stop() for process in processes] == [0] * len(processes)
