"""Writes a recording as one .mcap file with the definition of every message type in it, without ROS."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.growing_mcap import GrowingMcap

if TYPE_CHECKING:
    from typing_extensions import Self

FLUSH_SECONDS = 1.0
"""Longest time that a message waits for its way to the disk while others come."""


def installed_interfaces() -> list[Path]:
    """The folders that hold `<package>/msg/*.msg` of the ROS packages in this environment (AMENT_PREFIX_PATH)."""
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return [Path(prefix) / "share" for prefix in prefixes if prefix]


class BagWriter:
    """Writes serialized messages to a zstd-compressed .mcap file that Foxglove and `ros2 bag play` open.

    The file appears under its name when the writer is closed without an error, in place of an older one. A `live`
    one is there at once, and can be read whatever happens: after an error it holds all that was written, when the
    disk is full or the process is killed all but the last second of it.

    Attributes:
        count: messages so far.
    """

    def __init__(self, path: Path | str, interfaces: Iterable[Path] | None = None, *, live: bool = False) -> None:
        """Begin a recording.

        Args:
            path: the .mcap file; its folder is made.
            interfaces: folders with `<package>/msg/*.msg`, for types that ROS 2 Jazzy's own packages lack;
                `installed_interfaces()` where not given.
            live: whether the file takes its place at once.

        Raises:
            InputError: the path does not end in .mcap.
            SourceError: the folder cannot be written.
        """
        self.path = Path(path)
        if self.path.suffix != ".mcap":
            raise InputError(f"recording {self.path} has no name that ends in .mcap; give it one")
        self._interfaces = list(installed_interfaces() if interfaces is None else interfaces)
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Any] = {}
        self._live = live
        self._flushed = time.monotonic()
        self._last_stamp = 0
        self.count = 0
        self._writer: Writer | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=f".{self.path.stem}-", dir=self.path.parent))
            try:
                self._writer = self._open()
            except OSError:
                shutil.rmtree(self._folder, ignore_errors=True)
                raise
        except OSError as error:
            raise SourceError(f"cannot write a recording to {self.path.parent}: {error.strerror}") from error

    def _open(self) -> Writer:
        bag = self._folder / self.path.stem
        writer = Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        writer.open()
        self._storage: Any = writer.storage
        self._storage.bio.close()
        self._file = self._storage.bio = GrowingMcap(bag / self.path.name)
        if self._live:
            self._file.commit()
            os.replace(bag / self.path.name, self.path)
            shutil.rmtree(self._folder)
        return writer

    def add(self, topic: str, type_name: str, cdr: bytes | memoryview, stamp: int) -> None:
        """Write one message.

        Args:
            topic: its full name, such as /camera/camera/color/image_raw.
            type_name: such as sensor_msgs/msg/Image; a topic keeps the type of its first message.
            cdr: the message, serialized (XCDR1 with its 4-byte header), as a generic subscription gives it.
            stamp: time of receipt, ns since the epoch; one before that of the last message becomes the same.

        Raises:
            InputError: the type's definition is not known, the topic had another type, or the stamp is negative.
            SourceError: the writer was closed, or the disk takes no more, which closes it.
        """
        if self._writer is None:
            raise SourceError(f"recording {self.path} is closed")
        if stamp < 0:
            raise InputError(f"stamp of a message on {topic} is {stamp}; wanted nanoseconds since the epoch")
        connection = self._connections.get(topic)
        if connection is None:
            self._define(type_name)
            connection = self._writer.add_connection(topic, type_name, typestore=self._types)
            self._connections[topic] = connection
        elif connection.msgtype != type_name:
            raise InputError(f"topic {topic} was recorded as {connection.msgtype}, now comes {type_name}")
        self._last_stamp = max(stamp, self._last_stamp)  # readers refuse a file without a summary that goes back
        self._writer.write(connection, self._last_stamp, cdr)
        self.count += 1
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Bring all that was added to the disk.

        Raises:
            SourceError: the disk takes no more; the writer is closed.
        """
        if self._writer is None or not self.count:
            return
        self._flushed = time.monotonic()
        if self._storage.chunk.msgs:
            self._storage.close_chunk()
        try:
            self._file.commit()
        except OSError as error:
            raise self._full(error) from error

    def close(self) -> None:
        """Finish the file and give it its name; may be called twice.

        Raises:
            SourceError: the disk takes no more.
        """
        if self._writer is None:
            return
        self.flush()
        try:
            # It writes a metadata.yaml too, which nobody needs.
            (self._folder / self.path.stem).mkdir(parents=True, exist_ok=True)
            self._writer.close()
        except OSError as error:
            if not self._file.finished:
                raise self._full(error) from error
        self._writer = None
        if not self._live:
            os.replace(self._folder / self.path.stem / self.path.name, self.path)
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or self._live:
            self.close()
        else:
            self._abandon()

    def _full(self, error: OSError) -> SourceError:
        """Give up writing, and say what there is."""
        self._abandon()
        kept = f"what was written until then can be read ({self.path})" if self._live else "nothing is kept"
        return SourceError(f"cannot write recording {self.path}: {error.strerror}; {kept}")

    def _abandon(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            self._file.drop()
            writer.abort()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _define(self, type_name: str) -> None:
        """Register a type and all that it is made of, from the .msg files where the library does not know it."""
        if type_name in self._types.fielddefs:
            return
        parts = type_name.split("/")
        files = [folder / parts[0] / "msg" / f"{parts[-1]}.msg" for folder in self._interfaces]
        file = next((f for f in files if f.is_file()), None)
        if len(parts) != 3 or file is None:
            raise InputError(f"no definition of {type_name} was found; build and source the package {parts[0]}")
        try:
            types = get_types_from_msg(file.read_text(encoding="utf-8"), type_name)
            for name in _references(types[type_name]):
                self._define(name)
            self._types.register(types)
        except TypesysError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{file} cannot be read as a definition of {type_name}: {reason}") from error


def _references(definition: Any) -> set[str]:
    """The message types that a definition names, arrays and sequences of them included."""
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, str) and node.count("/") == 2:
            found.add(node)
        elif isinstance(node, tuple | list):
            for child in node:
                visit(child)

    visit(definition[1])
    return found
