"""Synthetic tables: physically settled clutter with exact colour, depth, instance and part images."""

import os

# MuJoCo chooses how it loads OpenGL when it is first imported; a display is neither wanted nor needed.
os.environ.setdefault("MUJOCO_GL", "egl")
