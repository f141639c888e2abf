"""uois_sam: instance masks and metric point clouds of tables of things never seen before.

from uois_sam import load_pipeline
pipeline = load_pipeline()                      # the bundled model
instances = pipeline(image, depth, camera)      # depth and camera are optional
instances.overlay(image)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Camera", "Instances", "Part", "Parts", "load_pipeline"]

if TYPE_CHECKING:
    from uois_sam.segmentation.load import load_pipeline
    from uois_sam.types import Camera, Instances, Part, Parts


def __getattr__(name: str) -> Any:  # import torch only when a model is wanted
    if name == "load_pipeline":
        from uois_sam.segmentation.load import load_pipeline

        return load_pipeline
    if name in __all__:
        from uois_sam import types

        return getattr(types, name)
    raise AttributeError(f"module 'uois_sam' has no attribute {name!r}")
