"""Frames as a recording: colour, aligned depth, camera info and true labels under the names of realsense-ros."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore

from uois_sam.errors import InputError
from uois_sam.sources.bag_writer import BagWriter
from uois_sam.sources.camera_topics import CAMERA_INFO, DEPTH, IMAGE, TRUTH
from uois_sam.sources.image_codec import millimetres
from uois_sam.sources.stream_check import StreamCheck
from uois_sam.types import Camera, Frame

if TYPE_CHECKING:
    from typing_extensions import Self

_SECOND = 1_000_000_000
_IMAGE = "sensor_msgs/msg/Image"
_INFO = "sensor_msgs/msg/CameraInfo"


def check_recording(path: Path) -> None:
    """Refuse, before the work rather than after it, a name that no recording can be written to.

    Raises:
        InputError: it does not end in .mcap, or is a folder.
    """
    if path.suffix != ".mcap":
        raise InputError(f"recordings are written as .mcap, not {path.name!r}; give a name that ends in .mcap")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; give a file")


class FrameBagWriter:
    """Writes frames to an .mcap file, without ROS; the file can be read whatever happens meanwhile.

    Each frame becomes an Image of rgb8, one of 16UC1 with its depth in millimetres, its CameraInfo, and one of
    16UC1 with its labels (`camera_topics.TRUTH`), as far as it has them, all with its stamp.

    Attributes:
        path: of the file. count: frames so far.
    """

    def __init__(self, path: Path | str) -> None:
        """Begin a recording.

        Raises:
            InputError: the path does not end in .mcap. SourceError: the folder cannot be written.
        """
        self._bag = BagWriter(path, live=True)
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._check = StreamCheck()
        self.path, self.count = self._bag.path, 0

    def add(self, frame: Frame) -> None:
        """Write one frame.

        Raises:
            InputError: it does not go on with the frames before, see `StreamCheck`.
            SourceError: the disk takes no more; the frames before can be read.
        """
        stamp = self._check.next(frame)
        frame_id = frame.camera.frame_id if frame.camera else Camera.frame_id
        self._image(IMAGE, frame.image, "rgb8", stamp, frame_id)
        if frame.depth is not None:
            self._image(DEPTH, millimetres(frame.depth), "16UC1", stamp, frame_id)
        if frame.camera is not None:
            self._add(CAMERA_INFO, _INFO, self._info(frame.camera, stamp), stamp)
        if frame.label is not None:
            self._image(TRUTH, frame.label, "16UC1", stamp, frame_id)
        self._bag.flush()
        self.count += 1

    def close(self) -> None:
        """Finish the file; may be called twice. Raises SourceError where the disk takes no more."""
        self._bag.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bag.__exit__(kind, error, trace)

    def _add(self, topic: str, type_name: str, message: Any, stamp: int) -> None:
        self._bag.add(f"/{topic}", type_name, bytes(self._types.serialize_cdr(message, type_name)), stamp)

    def _image(self, topic: str, pixels: NDArray[Any], encoding: str, stamp: int, frame_id: str) -> None:
        rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
        message = self._types.types[_IMAGE](
            header=self._header(stamp, frame_id),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=rows.shape[1],
            data=rows.ravel(),
        )
        self._add(topic, _IMAGE, message, stamp)

    def _info(self, camera: Camera, stamp: int) -> Any:
        k = camera.matrix
        return self._types.types[_INFO](
            header=self._header(stamp, camera.frame_id),
            height=camera.height,
            width=camera.width,
            distortion_model="plumb_bob",
            d=np.zeros(5),
            k=k.ravel(),
            r=np.eye(3).ravel(),
            p=np.hstack([k, np.zeros((3, 1))]).ravel(),
            binning_x=0,
            binning_y=0,
            roi=self._types.types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
        )

    def _header(self, stamp: int, frame_id: str) -> Any:
        time = self._types.types["builtin_interfaces/msg/Time"](stamp // _SECOND, stamp % _SECOND)
        return self._types.types["std_msgs/msg/Header"](time, frame_id)
