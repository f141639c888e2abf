"""Makes .venv work without sourcing anything: the start-up file, and links to the module and the command."""

from __future__ import annotations

import os
import pprint
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from setup_workspace import startup
from setup_workspace.errors import SetupError
from setup_workspace.target import Target

_SHELL = {"_", "OLDPWD", "PWD", "SHLVL"}
_MODULE = "_uois_sam_startup"  # its .pth sorts before that of the ROS wheels, which starts Python anew as well


def sourced_variables(scripts: list[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that sourcing `scripts` in bash, one after the other, sets or changes."""
    commands = " && ".join(f'source "{script}" >/dev/null' for script in scripts)
    bare = {name: environ[name] for name in ("HOME", "PATH") if name in environ}
    result = subprocess.run(
        ["bash", "-c", f"{commands} && env -0"], env=bare, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SetupError(f"cannot source {scripts[-1]}: {reason}")
    variables = dict(line.split("=", 1) for line in result.stdout.split("\0") if "=" in line)
    return {name: value for name, value in variables.items() if name not in _SHELL and bare.get(name) != value}


def runtime_environment(target: Target, environ: Mapping[str, str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What the start-up file provides: paths to put first, and values to set where there are none."""
    if target.ros is None:
        libraries = [target.venv / "lib", *sorted(target.site_packages.glob("ros_*.libs"))]
        profile = target.prefix("uois_sam") / "share" / "uois_sam" / "config" / "fastdds_shm.xml"
        lists = {"AMENT_PREFIX_PATH": [str(target.venv)], "LD_LIBRARY_PATH": [str(path) for path in libraries]}
        return lists, {
            "ROS_DISTRO": "jazzy",
            "FASTRTPS_DEFAULT_PROFILES_FILE": str(profile),
            "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",  # what the wheels' own start-up file would do is done
        }
    scripts = [target.ros / "setup.bash", target.workspace / "install" / "setup.bash"]
    variables = sourced_variables(scripts, environ)
    lists, values = {}, {}
    for name, value in variables.items():
        if name.endswith("PATH"):
            known = environ.get(name, "").split(os.pathsep) if name == "PATH" else []
            lists[name] = [path for path in value.split(os.pathsep) if path and path not in known]
        else:
            values[name] = value
    return lists, values


def install_startup(target: Target, environ: Mapping[str, str]) -> None:
    """Writes the start-up file, and links uois_sam and its command into .venv, so that edits are live."""
    lists, values = runtime_environment(target, environ)
    shutil.copyfile(startup.__file__, target.site_packages / f"{_MODULE}.py")
    call = pprint.pformat((lists, values), width=10**6, compact=True, sort_dicts=False)
    (target.site_packages / f"{_MODULE}.pth").write_text(f"import {_MODULE}; {_MODULE}.prepare(*{call})\n")

    built = target.workspace / "build" / "uois_sam" / "uois_sam.egg-info"
    link(target.site_packages / "uois_sam", target.root / "src" / "uois_sam" / "uois_sam")
    link(target.site_packages / "uois_sam.egg-info", built)
    link(target.venv / "bin" / "uois-sam", target.prefix("uois_sam") / "lib" / "uois_sam" / "uois-sam")


def link(path: Path, to: Path) -> None:
    """Makes `path` a relative symbolic link to `to`, whatever it was."""
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(to, path.parent))
