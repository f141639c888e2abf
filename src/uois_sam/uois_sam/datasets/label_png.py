"""Label images in PNG files: grey of any depth, or indexed, where the label is the index and not the colour."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import check_size, decode_image, read_bytes
from uois_sam.errors import InputError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33  # signature, then a chunk of 13 bytes with length, name and checksum
_GREY, _INDEXED = 0, 3
_KEPT = (b"IDAT", b"IEND")


def read_labels(path: Path, size: tuple[int, int]) -> NDArray[np.uint16]:
    """Read a label image.

    Args:
        path: of a PNG file of one channel of 8 or 16 bits, or with a palette of up to 256 colours; several equal
            channels count as one.
        size: H, W of the colour image that it belongs to.

    Returns:
        (H, W) uint16, the labels as they are written; for a palette its indices.

    Raises:
        InputError: the file is missing, damaged, of another form or of another size.
    """
    data = read_bytes(path)
    indexed = data.startswith(_SIGNATURE) and len(data) > _HEADER_END and data[25] == _INDEXED
    if indexed:
        data = _as_grey(data)
    labels = decode_image(data, path, cv2.IMREAD_UNCHANGED)
    if labels.ndim == 3 and (labels[..., :3] == labels[..., :1]).all():
        labels = labels[..., 0]
    if labels.ndim != 2 or labels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path} is {labels.shape} {labels.dtype}; wanted one channel of uint8 or uint16, or a palette"
        )
    check_size(path, labels, size)
    if indexed and data[24] < 8:  # the decoder stretches grey of 1, 2 and 4 bits to 0 .. 255
        labels = labels // (255 // (2 ** data[24] - 1))
    return labels.astype(np.uint16)


def _as_grey(data: bytes) -> bytes:
    """The PNG with its indices as grey values: another colour type in its header, and no palette.

    Samples and filters of both types are the same (PNG specification, 11.2.2 and 9.2). A decoder gives colours
    for an indexed file, from which indices cannot be had back where two of them share a colour.
    """
    header = bytearray(data[12:29])
    header[13] = _GREY
    parts = [_SIGNATURE, struct.pack(">I", 13), bytes(header), struct.pack(">I", zlib.crc32(header))]
    at = _HEADER_END
    while at + 8 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] in _KEPT:
            parts.append(data[at : at + length + 12])
        at += length + 12
    return b"".join(parts)
