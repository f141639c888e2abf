"""Parts outside ROS, by the rules of the node's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.parts.finder import GraspRules, PartFinder, read_grasp_rules
from uois_sam.paths import config_dir
from uois_sam.types import Instances, Part, Parts

FILE = """\
/**/part_segmentation:
  ros__parameters:
    score_threshold: 0.4
    grasp_preference: {handle: 1.0, blade: 0}
"""


class Knives:
    """Finds a handle, a blade and a hole in every frame, and knows how sure it is."""

    def segment(self, frame: Any, instances: Instances) -> Parts:
        mask = np.ones((2, 2), bool)
        scores = {"handle": 0.9, "blade": 0.8, "hole": 0.5, "rim": 0.3}
        return Parts(8, 8, [Part(1, name, score, (0, 0, 2, 2), mask) for name, score in scores.items()])


def test_parts_are_those_that_are_sure_with_the_preference_of_their_name(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(FILE)
    rules = read_grasp_rules(tmp_path / "rules.yaml")
    assert rules == GraspRules(0.4, {"handle": 1.0, "blade": 0.0})
    finder: Any = PartFinder(Knives(), rules)  # type: ignore[arg-type]
    found = finder(None, Instances.empty(8, 8))
    assert [(p.name, p.graspable, p.preference) for p in found] == [
        ("handle", True, 1.0),
        ("blade", False, 0.0),
        ("hole", True, 1.0),
    ]


def test_the_rules_of_the_package_are_those_of_the_node() -> None:
    rules = read_grasp_rules(config_dir() / "part_segmentation.yaml")
    assert rules.score_threshold == 0.3
    assert rules.preference["blade"] == 0.0
    assert all(0 <= value <= 1 for value in rules.preference.values())


@pytest.mark.parametrize("content", ["", "a: [", "[]", "/**/part_segmentation:\n  ros__parameters: 3\n"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rules.yaml").write_text(content)
    with pytest.raises(InputError, match="is no parameter file of part_segmentation"):
        read_grasp_rules(tmp_path / "rules.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml cannot be read: No such file"):
        read_grasp_rules(tmp_path / "none.yaml")
