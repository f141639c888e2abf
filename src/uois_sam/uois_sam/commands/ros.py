"""Whether the middleware is there."""

from __future__ import annotations

import importlib.util

from uois_sam.errors import UoisSamError


def require_ros(what: str) -> None:
    """Refuse where ROS 2 or our messages cannot be imported.

    Args:
        what: needs them, e.g. "the demo".

    Raises:
        UoisSamError: with what to do.
    """
    missing = [name for name in ("rclpy", "uois_sam_msgs") if importlib.util.find_spec(name) is None]
    if missing:
        raise UoisSamError(
            f"{what} talks over ROS 2, and Python finds no {missing[0]}; run `make setup` and use "
            ".venv/bin/uois-sam, or source the workspace's install/setup.bash"
        )
