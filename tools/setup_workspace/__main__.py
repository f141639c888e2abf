"""Runs the set-up step by step, leaving out what is done already."""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from setup_workspace import pip, workspace
from setup_workspace.checks import check
from setup_workspace.commands import clean_environment, run
from setup_workspace.environment import install_startup
from setup_workspace.errors import SetupError
from setup_workspace.progress import Progress, Tick, spoken
from setup_workspace.requirements import read_sections
from setup_workspace.stamps import Stamps, digest, digest_files
from setup_workspace.target import Target, choose_target
from setup_workspace.wheels import repair_cmake_files

VERIFY = "import rclpy, torch, uois_sam_msgs.msg, uois_sam"
ENVIRONMENT_STEPS = ("environment", "torch", "packages")


@dataclass(frozen=True)
class Step:
    """`key` changes with all that the step depends on, `work` does it and reports to the tick it is given.

    A step of whose `made` something has gone is done again, whatever its stamp says.
    """

    name: str
    title: str
    key: str
    made: tuple[Path, ...]
    work: Callable[[Tick], None]


def main(root: Path, environ: Mapping[str, str]) -> int:
    """Builds what is missing or outdated; 0 when all stands, 1 after one line that says what is in the way."""
    progress = Progress(sys.stdout)
    started = time.monotonic()
    try:
        target = choose_target(root, environ)
        with_lock(target, progress, environ)
    except SetupError as error:
        progress.abandon()
        print(f"make setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.abandon()
        print("make setup: interrupted; run it again to go on", file=sys.stderr)
        return 1
    print(f"set-up: ready in {spoken(time.monotonic() - started)}", flush=True)
    return 0


def with_lock(target: Target, progress: Progress, environ: Mapping[str, str]) -> None:
    """Sets up when no other set-up of this folder runs, nor a program left over from one that was killed."""
    lock = os.open(target.root, os.O_RDONLY)
    try:
        os.set_inheritable(lock, True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("set-up: another one runs in this folder; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        set_up(target, progress, clean_environment(environ))
    finally:
        os.close(lock)


def set_up(target: Target, progress: Progress, environ: Mapping[str, str]) -> None:
    """Does the steps that are not done, after a look whether all that they need is there."""
    stamps = Stamps(target.stamps)
    cut_off = [name for name in stamps.unfinished() if name in ENVIRONMENT_STEPS]
    if cut_off:
        print(f"set-up: the last one was cut off ({cut_off[0]}); starting anew", flush=True)
        stamps.clear()

    def is_done(step: Step) -> bool:
        return stamps.is_done(step.name, step.key) and all(path.exists() for path in step.made)

    steps = plan(target, environ)
    if all(is_done(step) for step in steps):
        return
    check(target, environ)
    if not is_done(steps[0]):
        empty(target)
    for number, step in enumerate(steps, start=1):
        title = f"[{number}/{len(steps)}] {step.title}"
        if is_done(step):
            progress.skip(title)
            continue
        progress.begin(title)
        with stamps.working(step.name, step.key):
            step.work(progress.tick)
        progress.end()


def plan(target: Target, environ: Mapping[str, str]) -> list[Step]:
    """All steps in order. The key of each holds that of the one before, so that a change is followed up."""
    sections = read_sections(target.root / "requirements.txt")
    torch = chosen_torch(target, environ, sections["torch"])
    packages = chosen_packages(target, sections)
    here = Path(__file__).parent

    environment_key = digest([str(target.root), str(target.ros), os.path.realpath(sys.executable), sys.version])
    torch_key = digest([environment_key, *torch])
    packages_key = digest([torch_key, *packages])
    messages_key = digest([packages_key, workspace.messages_key(target)])
    package_key = digest([messages_key, workspace.package_key(target)])
    startup_key = digest([package_key, digest_files(here.glob("*.py"), here)])

    version = sys.version.split()[0]
    ros = "wheels" if target.ros is None else str(target.ros)
    return [
        Step(
            "environment",
            f".venv with Python {version}, ROS 2 from {ros}",
            environment_key,
            (target.python,),
            partial(create_environment, target, environ),
        ),
        Step(
            "torch",
            torch[0],
            torch_key,
            (),
            partial(install_torch, target, environ, torch),
        ),
        Step(
            "packages",
            f"{len(packages)} packages and what they need",
            packages_key,
            (),
            partial(install_packages, target, environ, packages),
        ),
        Step(
            workspace.MESSAGES,
            f"workspace: {workspace.MESSAGES}",
            messages_key,
            workspace.products(target, workspace.MESSAGES),
            partial(workspace.build_messages, target, environ),
        ),
        Step(
            workspace.PACKAGE,
            f"workspace: {workspace.PACKAGE}",
            package_key,
            workspace.products(target, workspace.PACKAGE),
            partial(workspace.build_package, target, environ),
        ),
        Step(
            "startup",
            "running without sourcing",
            startup_key,
            (target.venv / "bin" / "uois-sam",),
            partial(finish, target, environ),
        ),
    ]


def chosen_torch(target: Target, environ: Mapping[str, str], section: list[str]) -> list[str]:
    """What pip is told for torch: UOIS_SAM_TORCH, or what that was the last time, or the pinned version."""
    given = environ.get("UOIS_SAM_TORCH")
    kept = target.torch_choice
    if given is None and kept.is_file():
        given = kept.read_text()
    return [*(shlex.split(given or "") or section[:1]), *section[1:]]


def chosen_packages(target: Target, sections: Mapping[str, list[str]]) -> list[str]:
    """All that is installed after torch. A ROS installation brings its own part, and mostly colcon."""
    names = ["run", "render", "train", "annotate", "test"]
    if target.ros is None:
        names += ["ros", "ros-build", "colcon"]
    elif subprocess.run([sys.executable, "-c", "import colcon_ros"], capture_output=True).returncode != 0:
        names += ["colcon"]
    return [requirement for name in names for requirement in sections[name]]


def empty(target: Target) -> None:
    """Removes what an earlier set-up made, its stamps first; refuses to touch what was made otherwise."""
    if not target.venv.exists() or not any(target.venv.iterdir()):
        return
    if not target.stamps.is_dir():
        raise SetupError(f"{target.venv} was not made by make setup; move it away")
    Stamps(target.stamps).clear()
    for path in target.venv.iterdir():
        if path != target.stamps:
            workspace.remove(path)


def create_environment(target: Target, environ: Mapping[str, str], tick: Tick) -> None:
    """An empty virtual environment; where ROS is installed, one that sees the system's packages."""
    command: list[str | Path] = [sys.executable, "-m", "venv", target.venv]
    if target.ros is not None:
        command.append("--system-site-packages")
    run(
        command,
        environ=environ,
        log=target.logs / "environment.log",
        tick=tick,
        detail=lambda line: None,
        explain=lambda output: f"python -m venv failed: {last_line(output)}",
    )


def install_torch(target: Target, environ: Mapping[str, str], requirements: list[str], tick: Tick) -> None:
    """Installs torch by itself, and keeps a choice that was made for it, so that it need not be made again."""
    if "UOIS_SAM_TORCH" in environ:
        target.torch_choice.write_text(environ["UOIS_SAM_TORCH"])
    pip.install(target.python, requirements, environ=environ, log=target.logs / "torch.log", tick=tick)


def install_packages(target: Target, environ: Mapping[str, str], requirements: list[str], tick: Tick) -> None:
    """Installs all the rest, and makes the ROS wheels among it fit for building on them."""
    pip.install(target.python, requirements, environ=environ, log=target.logs / "packages.log", tick=tick)
    numpy = target.site_packages / "numpy" / "_core" / "include"
    repair_cmake_files(target.venv, Path(sysconfig.get_paths()["include"]), numpy)


def finish(target: Target, environ: Mapping[str, str], tick: Tick) -> None:
    """Makes .venv work by itself, and imports what everything else stands on to see that it does."""
    install_startup(target, environ)
    tick("importing")
    result = subprocess.run([target.python, "-c", VERIFY], env=dict(environ), capture_output=True, text=True)
    if result.returncode != 0:
        raise SetupError(
            f"{target.venv} does not work: {last_line(result.stderr)}; remove it and run make setup again"
        )


def last_line(output: str) -> str:
    return (output.strip().splitlines() or ["no reason given"])[-1]


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2], os.environ))
