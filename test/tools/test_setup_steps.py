"""Set-up can be repeated, follows changes, and survives being cut off."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from setup_workspace import __main__ as setup_main
from setup_workspace.commands import clean_environment, run
from setup_workspace.errors import InterruptedStepError, SetupError
from setup_workspace.requirements import read_sections
from setup_workspace.stamps import Stamps
from setup_workspace.target import Target, choose_target


def test_versions_are_all_pinned(repository: Path) -> None:
    sections = read_sections(repository / "requirements.txt")
    parts = {"torch", "run", "render", "train", "annotate", "test", "ros", "ros-build", "colcon", "ray"}
    assert set(sections) == parts
    assert all("==" in requirement for section in sections.values() for requirement in section)
    assert sections["torch"][0].startswith("torch==")


def test_requirements_keep_markers_and_lose_comments(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text('# words\n\n# [one]\n# words\na==1; python_version < "3.11"  # why\n# [two]\nb[c]==2\n')
    assert read_sections(path) == {"one": ['a==1; python_version < "3.11"'], "two": ["b[c]==2"]}


def test_requirement_outside_a_section_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("numpy==1\n# [run]\n")
    with pytest.raises(SetupError, match=r"requirements.txt:1: 'numpy==1' stands before"):
        read_sections(path)


def test_a_finished_step_is_done_until_its_key_changes(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "stamps")
    assert not stamps.is_done("torch", "one")
    with stamps.working("torch", "one"):
        assert stamps.unfinished() == ["torch"]
        assert not stamps.is_done("torch", "one")
    assert stamps.is_done("torch", "one")
    assert not stamps.is_done("torch", "two")
    assert stamps.unfinished() == []


@pytest.mark.parametrize(
    ("error", "unfinished"), [(SetupError, []), (InterruptedStepError, ["torch"]), (KeyboardInterrupt, ["torch"])]
)
def test_a_step_that_failed_in_order_can_go_on_and_a_killed_one_cannot(
    tmp_path: Path, error: type[BaseException], unfinished: list[str]
) -> None:
    stamps = Stamps(tmp_path)
    with stamps.working("torch", "one"):
        pass
    with pytest.raises(error), stamps.working("torch", "two"):
        raise error("stop")
    assert stamps.unfinished() == unfinished
    assert not stamps.is_done("torch", "one")


@pytest.fixture
def fake_work(small_root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the work of every step by a note of its name, and by making what it should leave."""
    worked: list[str] = []
    plan = setup_main.plan

    def noted(step: setup_main.Step) -> setup_main.Step:
        def work(tick: Callable[[str], None]) -> None:
            worked.append(step.name)
            for path in step.made:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()

        return setup_main.Step(step.name, step.title, step.key, step.made, work)

    monkeypatch.setattr(setup_main, "check", lambda target, environ: None)
    monkeypatch.setattr(
        setup_main, "plan", lambda target, environ: [noted(step) for step in plan(target, environ)]
    )
    return worked


ALL = ["environment", "torch", "packages", "uois_sam_msgs", "uois_sam", "startup"]


def set_up(root: Path, worked: list[str], **environ: str) -> list[str]:
    """The steps that one more set-up does."""
    worked.clear()
    assert setup_main.main(root, {"ROS_PREFIX": "", **environ}) == 0
    return list(worked)


def test_second_run_does_nothing(small_root: Path, fake_work: list[str]) -> None:
    assert set_up(small_root, fake_work) == ALL
    assert set_up(small_root, fake_work) == []


def change_message(root: Path) -> None:
    (root / "src" / "uois_sam_msgs" / "msg" / "Part.msg").write_text("string label\n")


def change_requirement(root: Path) -> None:
    path = root / "requirements.txt"
    path.write_text(path.read_text().replace("run-package==1.0", "run-package==1.1"))


def change_torch(root: Path) -> None:
    path = root / "requirements.txt"
    path.write_text(path.read_text().replace("torch-package==1.0", "torch-package==1.1"))


def add_config(root: Path) -> None:
    (root / "src" / "uois_sam" / "config" / "camera.yaml").touch()


def edit_launch(root: Path) -> None:
    (root / "src" / "uois_sam" / "launch" / "perception.launch.py").write_text("# two\n")


def remove_build(root: Path) -> None:
    (root / "ros2_ws" / "build" / "uois_sam_msgs" / "colcon_build.rc").unlink()


@pytest.mark.parametrize(
    ("change", "done_again"),
    [
        (change_torch, ALL[1:]),
        (change_requirement, ALL[2:]),
        (change_message, ALL[3:]),
        (add_config, ALL[4:]),
        (edit_launch, []),
        (remove_build, ALL[3:4]),
    ],
)
def test_a_change_is_followed_by_what_depends_on_it(
    small_root: Path, fake_work: list[str], change: Callable[[Path], None], done_again: list[str]
) -> None:
    set_up(small_root, fake_work)
    change(small_root)
    assert set_up(small_root, fake_work) == done_again


def test_another_torch_is_asked_for(small_root: Path, fake_work: list[str]) -> None:
    set_up(small_root, fake_work)
    assert set_up(small_root, fake_work, UOIS_SAM_TORCH="torch.whl --no-index") == ALL[1:]


def test_the_choice_of_a_torch_is_kept(small_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(setup_main.pip, "install", lambda python, arguments, **rest: told.append(arguments))
    target = Target(small_root, None)
    section = ["torch==2", "setuptools==79"]
    target.stamps.mkdir(parents=True)
    for environ, wanted in (
        ({"UOIS_SAM_TORCH": "torch.whl --no-index"}, ["torch.whl", "--no-index", "setuptools==79"]),
        ({}, ["torch.whl", "--no-index", "setuptools==79"]),
        ({"UOIS_SAM_TORCH": ""}, section),
        ({}, section),
    ):
        chosen = setup_main.chosen_torch(target, environ, section)
        setup_main.install_torch(target, environ, chosen, lambda detail: None)
        assert told.pop() == wanted
        Stamps(target.stamps).clear()


@pytest.mark.parametrize("step", ["environment", "torch", "packages"])
def test_an_environment_that_was_cut_off_is_made_anew(
    small_root: Path, fake_work: list[str], step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(small_root, fake_work)
    half = small_root / ".venv" / "half-written"
    half.touch()
    (small_root / ".venv" / ".setup" / f"{step}.unfinished").touch()
    assert set_up(small_root, fake_work) == ALL
    assert not half.exists()
    assert f"the last one was cut off ({step}); starting anew" in capsys.readouterr().out


def test_a_build_that_was_cut_off_is_done_again(small_root: Path, fake_work: list[str]) -> None:
    set_up(small_root, fake_work)
    stamps = small_root / ".venv" / ".setup"
    (stamps / "uois_sam_msgs").rename(stamps / "uois_sam_msgs.unfinished")
    assert set_up(small_root, fake_work) == ["uois_sam_msgs"]


def test_a_venv_of_someone_else_is_left_alone(
    small_root: Path, fake_work: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = small_root / ".venv" / "pyvenv.cfg"
    theirs.parent.mkdir()
    theirs.touch()
    assert setup_main.main(small_root, {"ROS_PREFIX": ""}) == 1
    assert "was not made by make setup; move it away" in capsys.readouterr().err
    assert theirs.exists()


def test_ctrl_c_ends_with_one_line(
    small_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(target: Target, environ: dict[str, str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup_main, "check", interrupted)
    assert setup_main.main(small_root, {"ROS_PREFIX": ""}) == 1
    assert capsys.readouterr().err == "make setup: interrupted; run it again to go on\n"


def test_two_set_ups_of_one_folder_follow_each_other(small_root: Path, repository: Path) -> None:
    lock = os.open(small_root, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    call = "main(pathlib.Path(sys.argv[1]), {'PATH': ''})"
    code = f"import pathlib, sys; from setup_workspace.__main__ import main; {call}"
    environ = os.environ | {"PYTHONPATH": str(repository / "tools")}
    other = subprocess.Popen(
        [sys.executable, "-c", code, small_root],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert "waiting for it" in other.stdout.readline()
    os.close(lock)
    assert "make setup: missing" in other.communicate(timeout=60)[1]


def fake_ros(folder: Path) -> Path:
    (folder / "jazzy").mkdir()
    (folder / "jazzy" / "setup.bash").touch()
    return folder / "jazzy"


def test_a_ros_installation_is_used_where_there_is_one(tmp_path: Path) -> None:
    ros = fake_ros(tmp_path)
    assert choose_target(tmp_path, {"ROS_PREFIX": str(ros)}).ros == ros
    assert choose_target(tmp_path, {"ROS_PREFIX": ""}).ros is None


def test_a_ros_installation_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no ROS at ROS_PREFIX="):
        choose_target(tmp_path, {"ROS_PREFIX": str(tmp_path / "nowhere")})


def test_a_command_that_fails_is_explained(tmp_path: Path) -> None:
    shown: list[str] = []
    with pytest.raises(SetupError, match=r"^exit of lines (.*) \(whole output: .*log\)$") as caught:
        run(
            ["sh", "-c", "echo one; echo two >&2; exit 3"],
            environ=os.environ,
            log=tmp_path / "logs" / "log",
            tick=shown.append,
            detail=lambda line: line if line == "one" else None,
            explain=lambda output: f"exit of lines {output.split()}",
        )
    assert "['one', 'two']" in str(caught.value)
    assert set(shown) <= {"starting", "one"}


def test_a_command_that_is_killed_leaves_its_step_unfinished(tmp_path: Path) -> None:
    with pytest.raises(InterruptedStepError, match=f"sh was killed by signal {signal.SIGKILL.value}"):
        run(
            ["sh", "-c", "kill -9 $$"],
            environ=os.environ,
            log=tmp_path / "log",
            tick=lambda detail: None,
            detail=lambda line: None,
            explain=lambda output: "",
        )


def test_another_python_or_ros_does_not_leak_in() -> None:
    environ = {"PYTHONPATH": "/other", "AMENT_PREFIX_PATH": "/opt/ros/humble", "HOME": "mine", "PIP_USER": "1"}
    assert clean_environment(environ) == {"HOME": "mine", "PYTHONUNBUFFERED": "1"}
