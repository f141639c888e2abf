"""The node modules import the middleware's Python packages; where those are absent, their tests are skipped."""

from __future__ import annotations

import importlib.util

if any(importlib.util.find_spec(name) is None for name in ("rclpy", "uois_sam_msgs")):
    collect_ignore_glob = ["test_*.py"]
