"""What is built, and where."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_workspace.errors import SetupError

DEFAULT_ROS = "/opt/ros/jazzy"


@dataclass(frozen=True)
class Target:
    """The environment to build for the repository `root`.

    `ros` is the prefix of a ROS 2 installation, or None where ROS comes as wheels and .venv is the ament prefix.
    """

    root: Path
    ros: Path | None

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def stamps(self) -> Path:
        return self.venv / ".setup"

    @property
    def torch_choice(self) -> Path:
        """Holds what UOIS_SAM_TORCH was when torch was installed."""
        return self.stamps / "torch.choice"

    @property
    def site_packages(self) -> Path:
        return self.venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    @property
    def workspace(self) -> Path:
        return self.root / "ros2_ws"

    @property
    def logs(self) -> Path:
        return self.workspace / "log" / "setup"

    def prefix(self, package: str) -> Path:
        """The ament prefix that `package` of this workspace is installed to."""
        return self.venv if self.ros is None else self.workspace / "install" / package


def choose_target(root: Path, environ: Mapping[str, str]) -> Target:
    """ROS from ROS_PREFIX (default /opt/ros/jazzy) if there is one; from wheels if not, or if it is empty."""
    named = environ.get("ROS_PREFIX")
    prefix = Path(DEFAULT_ROS if named is None else named)
    if named == "" or not (prefix / "setup.bash").is_file():
        if named:
            raise SetupError(f"no ROS at ROS_PREFIX={named} (no setup.bash there); name another or unset it")
        return Target(root, None)
    return Target(root, prefix)
