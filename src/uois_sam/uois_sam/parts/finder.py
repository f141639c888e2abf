"""Parts as the `part_segmentation` node finds them, in a process without ROS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from uois_sam.errors import InputError
from uois_sam.parts.load import load_part_segmenter, method_and_model
from uois_sam.parts.preference import with_preferences
from uois_sam.paths import config_dir

if TYPE_CHECKING:
    from uois_sam.parts.protocol import PartSegmenter
    from uois_sam.sam.protocol import PromptableSegmenter
    from uois_sam.segmentation.pipeline import EmbeddedFrame
    from uois_sam.types import Instances, Parts

_NODE = "/**/part_segmentation"


@dataclass(frozen=True)
class GraspRules:
    """What a configuration file of the node says of parts.

    Attributes:
        score_threshold: parts of lower score are left out.
        preference: how gladly a gripper may hold a part of a name, 0 to 1; 1 for names that are not there.
    """

    score_threshold: float
    preference: Mapping[str, float]


class PartFinder:
    """A way of finding parts, and the rules by which a gripper may hold them.

    Args:
        segmenter: finds the parts.
        rules: of the node's configuration.
    """

    def __init__(self, segmenter: PartSegmenter, rules: GraspRules) -> None:
        self._segmenter = segmenter
        self._rules = rules

    def __call__(self, frame: EmbeddedFrame, instances: Instances) -> Parts:
        """The parts of all instances of a frame that are sure enough, with their preferences."""
        found = self._segmenter.segment(frame, instances)
        rules = self._rules
        return with_preferences(found, lambda name: rules.preference.get(name, 1.0), rules.score_threshold)


def load_part_finder(spec: str, segmenter: PromptableSegmenter) -> PartFinder:
    """The finder of METHOD:MODEL with `config/part_segmentation.yaml`.

    Raises:
        InputError: there is no such method, or the file is broken.
        ModelError: the model is missing or broken, or belongs to another segmenter.
    """
    rules = read_grasp_rules(config_dir() / "part_segmentation.yaml")
    return PartFinder(load_part_segmenter(*method_and_model(spec), segmenter), rules)


def read_grasp_rules(path: Path) -> GraspRules:
    """Read them from a parameter file of the node.

    Raises:
        InputError: it cannot be read, or is no such file.
    """
    try:
        parameters: Any = yaml.safe_load(path.read_text(encoding="utf-8"))[_NODE]["ros__parameters"]
        preference = {str(name): float(value) for name, value in parameters["grasp_preference"].items()}
        return GraspRules(float(parameters["score_threshold"]), preference)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is no parameter file of part_segmentation: {reason}") from None
