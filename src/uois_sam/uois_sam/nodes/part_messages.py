"""Parts and their clouds as messages and back."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header
from uois_sam_msgs.msg import Part as PartMsg
from uois_sam_msgs.msg import PartArray
from uois_sam_msgs.msg import PartCloud as PartCloudMsg

from uois_sam.errors import InputError
from uois_sam.grasping.cloud_layout import coloured_points
from uois_sam.grasping.part_clouds import PartCloud
from uois_sam.nodes.convert import cloud_to_msg, mask_to_msg, point_to_msg
from uois_sam.types import Part, Parts


def parts_to_msg(parts: Parts, header: Header) -> PartArray:
    """All parts of the frame with this header."""
    return PartArray(header=header, parts=[_part(part, header) for part in parts])


def parts_from_msg(message: PartArray, height: int, width: int) -> Parts:
    """The parts of a message, of an image of `height` x `width` pixels.

    Raises:
        InputError: a mask is broken, or lies outside the image.
    """
    parts = []
    for one in message.parts:
        roi, mask = one.roi, one.mask
        box = (roi.x_offset, roi.y_offset, roi.width, roi.height)
        if roi.x_offset + roi.width > width or roi.y_offset + roi.height > height or 0 in box[2:]:
            raise InputError(f"part {one.name!r} lies at x, y, w, h = {box} of a {width} x {height} image")
        if (mask.encoding, mask.width, mask.height) != ("mono8", roi.width, roi.height):
            raise InputError(
                f"part {one.name!r} has a mask of {mask.encoding!r}, {mask.width} x {mask.height}; "
                f"its roi wants mono8, {roi.width} x {roi.height}"
            )
        if mask.step < mask.width or len(mask.data) != mask.step * mask.height:
            raise InputError(f"part {one.name!r} has a mask of {len(mask.data)} bytes, step {mask.step}")
        rows = np.frombuffer(mask.data, np.uint8).reshape(mask.height, mask.step)[:, : mask.width]
        preference = one.preference if one.graspable else 0.0
        parts.append(Part(one.instance_id, one.name, one.score, box, rows > 127, preference))
    return Parts(height, width, parts)


def part_cloud_to_msg(cloud: PartCloud, header: Header) -> PartCloudMsg:
    """The cloud of one part, coloured."""
    return PartCloudMsg(
        instance_id=cloud.part.instance_id,
        name=cloud.part.name,
        score=cloud.part.score,
        graspable=cloud.part.graspable,
        preference=cloud.part.preference,
        cloud=cloud_to_msg(coloured_points(cloud.points, cloud.colours), header),
        centroid=point_to_msg(cloud.centroid),
    )


def _part(part: Part, header: Header) -> PartMsg:
    x, y, w, h = part.bbox
    return PartMsg(
        instance_id=part.instance_id,
        name=part.name,
        score=part.score,
        roi=RegionOfInterest(x_offset=x, y_offset=y, width=w, height=h),
        mask=mask_to_msg(part.mask, header),
        graspable=part.graspable,
        preference=part.preference,
    )
