"""What pip and colcon are told, and what a Python of the environment gets without sourcing anything."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from setup_workspace import __main__ as setup_main
from setup_workspace import environment, pip, startup, workspace
from setup_workspace.errors import SetupError
from setup_workspace.requirements import read_sections
from setup_workspace.target import Target
from setup_workspace.wheels import repair_cmake_files

OURS = "/repo/.venv"
LISTS = {"AMENT_PREFIX_PATH": [OURS], "LD_LIBRARY_PATH": [f"{OURS}/lib", f"{OURS}/libs"]}
VALUES = {"ROS_DISTRO": "jazzy", "FASTRTPS_DEFAULT_PROFILES_FILE": f"{OURS}/shm.xml"}


def ignore(detail: str) -> None:
    pass


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "WARNING: Retrying ... NewConnectionError\nERROR: No matching distribution found for torch==2",
            "no network",
        ),
        ("ERROR: No matching distribution found for torch==2.13.0", "package not found: torch==2.13.0"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "no disk space left"),
        ("ERROR: ResolutionImpossible: for help visit", "contradict each other"),
        ("noise\nERROR: something else", "pip failed: something else"),
        ("", "pip failed: no reason given"),
    ],
)
def test_why_pip_failed(output: str, said: str) -> None:
    explained = pip.explain(output)
    assert said in explained
    assert "\n" not in explained


def test_pip_without_network(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens: a connection is refused
        environ = {
            "PATH": os.environ["PATH"],
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"http://127.0.0.1:{closed.getsockname()[1]}/simple",
            "PIP_RETRIES": "1",
        }
        with pytest.raises(
            SetupError, match="no network: the package index cannot be reached for nothing-there==1"
        ):
            pip.install(
                Path(sys.executable), ["nothing-there==1"], environ=environ, log=tmp_path / "log", tick=ignore
            )


def test_pip_without_the_package(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
    with pytest.raises(SetupError, match="package not found: nothing-there==1"):
        pip.install(Path(sys.executable), ["nothing-there==1"], environ=environ, log=tmp_path / "log", tick=ignore)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Collecting numpy==2.4.6", "looking up numpy==2.4.6"),
        ("Downloading numpy-2.4.6-cp311-cp311-manylinux.whl (16.6 MB)", "fetching numpy (16.6 MB)"),
        ("Using cached ros_rclpy-7.1.6-cp311.whl (2.6 MB)", "fetching ros_rclpy (2.6 MB)"),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("Looking in links: wheels", None),
    ],
)
def test_what_pip_is_at(line: str, said: str | None) -> None:
    assert pip.describe(line) == said


def test_wheels_are_pointed_to_this_python(tmp_path: Path) -> None:
    path = tmp_path / "share" / "std_msgs" / "cmake" / "export.cmake"
    path.parent.mkdir(parents=True)
    built = "/opt/python/cp311-cp311"
    path.write_text(f'"{built}/include/python3.11;{built}/lib/python3.11/site-packages/numpy/_core/include"')
    assert repair_cmake_files(tmp_path, Path("/mine/include"), Path("/mine/numpy")) == 1
    assert path.read_text() == '"/mine/include;/mine/numpy"'
    assert repair_cmake_files(tmp_path, Path("/mine/include"), Path("/mine/numpy")) == 0


def test_why_the_workspace_did_not_build() -> None:
    output = "Starting >>> uois_sam_msgs\nCMake Error at CMakeLists.txt:4 (find_package):\n  more\n"
    said = "the workspace did not build: CMake Error at CMakeLists.txt:4 (find_package):"
    assert workspace.explain(output) == said


def test_a_bare_environment_gets_everything() -> None:
    changed = startup.changes({}, LISTS, VALUES)
    assert changed["AMENT_PREFIX_PATH"] == OURS
    assert changed["LD_LIBRARY_PATH"] == f"{OURS}/lib{os.pathsep}{OURS}/libs"
    assert changed["ROS_DISTRO"] == "jazzy"
    assert changed["FASTRTPS_DEFAULT_PROFILES_FILE"] == f"{OURS}/shm.xml"


def test_what_is_there_already_is_not_changed() -> None:
    once = {name: value for name, value in startup.changes({}, LISTS, VALUES).items() if value is not None}
    assert startup.changes(once, LISTS, VALUES) == {}


def test_what_the_user_has_set_stays() -> None:
    environ = {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml", "LD_LIBRARY_PATH": "/cuda"}
    changed = startup.changes(environ, LISTS, VALUES)
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" not in changed
    assert changed["LD_LIBRARY_PATH"] == os.pathsep.join([f"{OURS}/lib", f"{OURS}/libs", "/cuda"])


def test_an_overlay_on_ours_stays() -> None:
    environ = {"AMENT_PREFIX_PATH": f"/my_ws{os.pathsep}{OURS}", "PYTHONPATH": "/my_ws/lib"}
    changed = startup.changes(environ, LISTS, VALUES)
    assert not changed.keys() & {"AMENT_PREFIX_PATH", "PYTHONPATH"}


def test_another_ros_that_was_sourced_is_taken_out() -> None:
    environ = {
        "AMENT_PREFIX_PATH": "/opt/ros/humble",
        "PYTHONPATH": f"/opt/ros/humble/lib/python3.10/site-packages{os.pathsep}/mine",
        "LD_LIBRARY_PATH": f"/opt/ros/humble/lib{os.pathsep}/opt/ros/humble2",
        "ROS_DISTRO": "humble",
        "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp",
    }
    changed = startup.changes(environ, LISTS, VALUES)
    assert changed["AMENT_PREFIX_PATH"] == OURS
    assert changed["PYTHONPATH"] == "/mine"
    assert changed["LD_LIBRARY_PATH"] == os.pathsep.join([f"{OURS}/lib", f"{OURS}/libs", "/opt/ros/humble2"])
    assert changed["ROS_DISTRO"] == "jazzy"
    assert changed["RMW_IMPLEMENTATION"] is None


@pytest.mark.parametrize("library_path", [None, "/opt/other"])
def test_python_starts_anew_once_and_keeps_its_arguments(repository: Path, library_path: str | None) -> None:
    names = ("LD_LIBRARY_PATH", "AMENT_PREFIX_PATH", "ROS_DISTRO")
    code = (
        "import os, sys; from setup_workspace import startup\n"
        "print('start', flush=True)\n"
        "lists = {'AMENT_PREFIX_PATH': ['/ours'], 'LD_LIBRARY_PATH': ['/ours/lib']}\n"
        "startup.prepare(lists, {'ROS_DISTRO': 'jazzy'})\n"
        f"print(*(os.environ[name] for name in {names}), sys.argv[1:])"
    )
    environ = {name: value for name, value in os.environ.items() if name not in names}
    environ["PYTHONPATH"] = str(repository / "tools")
    if library_path:
        environ["LD_LIBRARY_PATH"] = library_path
    result = subprocess.run(
        [sys.executable, "-S", "-c", code, "two words"], env=environ, capture_output=True, text=True, check=True
    )
    libraries = os.pathsep.join(["/ours/lib", *([library_path] if library_path else [])])
    assert result.stdout.splitlines() == ["start", "start", f"{libraries} /ours jazzy ['two words']"]


@pytest.fixture
def ros_target(small_root: Path, tmp_path: Path) -> Target:
    """A repository on a machine with a ROS installation, whose workspace is built."""
    ros = tmp_path / "jazzy"
    install = small_root / "ros2_ws" / "install"
    for folder, text in (
        (ros, f'export AMENT_PREFIX_PATH={ros} ROS_DISTRO=jazzy\nexport PATH="{ros}/bin:$PATH"\n'),
        (install, f"export AMENT_PREFIX_PATH={install}/uois_sam:$AMENT_PREFIX_PATH PYTHONPATH={install}/lib\n"),
    ):
        folder.mkdir(parents=True)
        (folder / "setup.bash").write_text(text)
    return Target(small_root, ros)


def test_with_ros_the_set_up_files_are_the_source(ros_target: Target) -> None:
    lists, values = environment.runtime_environment(ros_target, os.environ)
    install = ros_target.workspace / "install"
    assert lists["AMENT_PREFIX_PATH"] == [f"{install}/uois_sam", str(ros_target.ros)]
    assert lists["PYTHONPATH"] == [f"{install}/lib"]
    assert lists["PATH"] == [f"{ros_target.ros}/bin"]
    assert values["ROS_DISTRO"] == "jazzy"
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" not in values


def test_a_set_up_file_that_fails_is_named(ros_target: Target) -> None:
    assert ros_target.ros is not None
    script = ros_target.ros / "setup.bash"
    script.write_text("echo broken >&2\nreturn 1\n")
    with pytest.raises(SetupError, match=f"cannot source {script}: broken"):
        environment.sourced_variables([script], os.environ)


def test_without_ros_the_environment_is_the_prefix(small_root: Path) -> None:
    target = Target(small_root, None)
    (target.site_packages / "ros_rcl.libs").mkdir(parents=True)
    lists, values = environment.runtime_environment(target, {})
    assert lists["AMENT_PREFIX_PATH"] == [str(target.venv)]
    assert lists["LD_LIBRARY_PATH"] == [str(target.venv / "lib"), str(target.site_packages / "ros_rcl.libs")]
    profile = target.venv / "share" / "uois_sam" / "config" / "fastdds_shm.xml"
    assert values["FASTRTPS_DEFAULT_PROFILES_FILE"] == str(profile)


def test_with_ros_no_wheels_of_it_are_installed(ros_target: Target) -> None:
    sections = read_sections(ros_target.root / "requirements.txt")
    chosen = setup_main.chosen_packages(ros_target, sections)
    assert not {"ros-package==1.0", "ros-build-package==1.0"} & set(chosen)
    assert {"run-package==1.0", "test-package==1.0"} <= set(chosen)
    assert "ray-package==1.0" not in chosen
    assert "ros-package==1.0" in setup_main.chosen_packages(Target(ros_target.root, None), sections)


def built_with(target: Target) -> str:
    """The arguments and the AMENT_PREFIX_PATH that colcon gets."""
    target.python.parent.mkdir(parents=True)
    target.python.write_text('#!/bin/sh\necho "$@"\necho "AMENT_PREFIX_PATH=$AMENT_PREFIX_PATH"\n')
    target.python.chmod(0o755)
    target.workspace.mkdir(exist_ok=True)
    workspace.build_package(target, {"PATH": os.environ["PATH"]}, ignore)
    return (target.logs / "uois_sam.log").read_text()


def test_with_ros_the_workspace_is_built_on_it(ros_target: Target) -> None:
    told = built_with(ros_target)
    assert told.startswith("-m colcon build --symlink-install --packages-select uois_sam ")
    assert "--merge-install" not in told
    assert f"AMENT_PREFIX_PATH={ros_target.ros}\n" in told


def test_without_ros_the_workspace_is_installed_into_the_environment(small_root: Path) -> None:
    target = Target(small_root, None)
    told = built_with(target)
    assert f"--merge-install --install-base {target.venv}" in told
    assert f"AMENT_PREFIX_PATH={target.venv}\n" in told


@pytest.mark.parametrize("ros", [False, True])
def test_the_command_and_the_module_are_linked(small_root: Path, ros_target: Target, ros: bool) -> None:
    target = ros_target if ros else Target(small_root, None)
    for path in (target.site_packages, target.venv / "bin"):
        path.mkdir(parents=True)
    module = small_root / "src" / "uois_sam" / "uois_sam"
    module.mkdir()
    script = target.prefix("uois_sam") / "lib" / "uois_sam" / "uois-sam"
    script.parent.mkdir(parents=True)
    script.touch()
    for _ in range(2):
        environment.install_startup(target, os.environ)
    assert (target.site_packages / "uois_sam").resolve() == module
    assert (target.venv / "bin" / "uois-sam").resolve() == script
    started = subprocess.run(
        [sys.executable, "-S", "-c", f"import site; site.addsitedir({str(target.site_packages)!r}); import os\n"
         "print(os.environ['AMENT_PREFIX_PATH'])"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert started.stdout.startswith(str(target.prefix("uois_sam")))
