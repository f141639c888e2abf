"""The set-up program is no installed package: it runs before there is an environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools"))


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def small_root(tmp_path: Path) -> Path:
    """A repository with all that the set-up reads, and nothing else."""
    root = tmp_path / "root"
    messages = root / "src" / "uois_sam_msgs"
    package = root / "src" / "uois_sam"
    (messages / "msg").mkdir(parents=True)
    (messages / "msg" / "Part.msg").write_text("string name\n")
    for folder in ("launch", "config", "models"):
        (package / folder).mkdir(parents=True)
    (package / "launch" / "perception.launch.py").write_text("# one\n")
    for name in ("package.xml", "setup.cfg", "setup.py"):
        (package / name).write_text(name)
    names = ("torch", "run", "render", "train", "annotate", "test", "ros", "ros-build", "colcon", "ray")
    (root / "requirements.txt").write_text("".join(f"# [{name}]\n{name}-package==1.0\n" for name in names))
    return root
