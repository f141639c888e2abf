"""Domains of one's own, and child processes that end with us."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from uois_sam.commands import domain as domain_module
from uois_sam.commands import stack as stack_module
from uois_sam.commands.domain import free_domain, middleware_environment, own_domain
from uois_sam.commands.stack import Stack
from uois_sam.errors import UoisSamError


def test_domains_in_use_are_not_given_again() -> None:
    with free_domain() as one, free_domain() as other:
        assert one != other
        assert {one, other} <= set(range(1, 101))


@pytest.mark.parametrize(("suffix", "way"), [("el", fcntl.LOCK_EX), ("sl", fcntl.LOCK_SH)])
def test_ports_that_killed_processes_left_are_free(suffix: str, way: int) -> None:
    lock = Path(f"/dev/shm/fastrtps_port{7400 + 250 * 232}_{suffix}")  # of no domain that a test gets
    with lock.open("w") as owner:
        try:
            fcntl.flock(owner, way)
            assert 7400 + 250 * 232 in domain_module._ports_in_use()
            fcntl.flock(owner, fcntl.LOCK_UN)
            assert 7400 + 250 * 232 not in domain_module._ports_in_use()
        finally:
            lock.unlink()


def test_all_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uois_sam.commands.domain._ports_in_use", lambda: set(range(7400, 35000)))
    with pytest.raises(UoisSamError, match="every ROS domain"), free_domain():
        pass


def test_environment_of_the_middleware(tmp_path: Path) -> None:
    environ = middleware_environment(
        {"A": "b", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "ROS_DOMAIN_ID": "3"}, 9
    )
    assert environ["ROS_DOMAIN_ID"] == "9"
    assert environ["A"] == "b"
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in environ
    assert Path(environ["FASTRTPS_DEFAULT_PROFILES_FILE"]).name == "fastdds_shm.xml"
    assert Path(environ["FASTRTPS_DEFAULT_PROFILES_FILE"]).is_file()
    own = {"FASTRTPS_DEFAULT_PROFILES_FILE": "mine.xml"}
    assert middleware_environment(own, 9)["FASTRTPS_DEFAULT_PROFILES_FILE"] == "mine.xml"


def test_own_domain_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", "1")
    before = dict(os.environ)
    with own_domain() as domain:
        assert os.environ["ROS_DOMAIN_ID"] == str(domain)
        assert "ROS_LOCALHOST_ONLY" not in os.environ
    assert dict(os.environ) == before


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `Stack` runs in place of a node: Python code that a test puts in."""
    code: list[str] = []
    real = subprocess.Popen

    def popen(command: list[str], **kwargs: object) -> subprocess.Popen[bytes]:
        assert command[0] == sys.executable
        return real([command[0], "-c", code[-1], *command[3:]], **kwargs)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(stack_module.subprocess, "Popen", popen)
    return code


def wait_for(stack: Stack, name: str, text: str) -> None:
    """Until a process has said something."""
    while text not in stack.last_line(name):
        assert stack.running(name)
        threading.Event().wait(0.02)


def wait_for_end(stack: Stack, name: str) -> None:
    """Until a process has ended, or `running` has refused."""
    while stack.running(name):
        threading.Event().wait(0.02)


def test_parameters_and_logs(tmp_path: Path, program: list[str]) -> None:
    program.append("import sys; print(sys.argv[1:]); print('  last  '); print()")
    with Stack(tmp_path / "log") as stack:
        stack.start("camera", {"source": "folder:a b", "loop": True, "rate": 2.5})
        wait_for_end(stack, "camera")
        assert stack.last_line("camera") == "last"
    said = (tmp_path / "log" / "camera.log").read_text().splitlines()[0]
    wanted = [
        "--ros-args",
        "--disable-external-lib-logs",
        "-p",
        'source:="folder:a b"',
        "-p",
        "loop:=true",
        "-p",
        "rate:=2.5",
    ]
    assert said == str(wanted)


def test_a_process_that_dies_is_told_by_its_last_line(tmp_path: Path, program: list[str]) -> None:
    program.append("import sys; print('all well'); sys.exit('the disk is full')")
    with Stack(tmp_path) as stack:
        stack.start("perception", {})
        with pytest.raises(UoisSamError, match="perception ended with exit code 1: the disk is full"):
            wait_for_end(stack, "perception")


def test_a_killed_process(tmp_path: Path, program: list[str]) -> None:
    program.append("import signal; print('up', flush=True); signal.pause()")
    with Stack(tmp_path) as stack:
        stack.start("perception", {})
        wait_for(stack, "perception", "up")
        os.kill(stack.pid("perception"), signal.SIGKILL)
        with pytest.raises(UoisSamError, match="ended with signal 9: up"):
            wait_for_end(stack, "perception")


def test_all_end_whatever_happens(tmp_path: Path, program: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_module, "_SECONDS_TO_END", 0.2)
    obeys = "import signal\ntry:\n print('up', flush=True); signal.pause()\nexcept KeyboardInterrupt: print('bye')"
    ignores = (
        "import signal; signal.signal(2, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
    )
    with Stack(tmp_path) as stack:
        for name, code in (("obeys", obeys), ("ignores", ignores)):
            program.append(code)
            stack.start(name, {})
            wait_for(stack, name, "up")
        processes = [psutil.Process(stack.pid(name)) for name in ("obeys", "ignores")]
    assert not any(process.is_running() for process in processes)
    assert stack.last_line("obeys") == "bye"


def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    parent = (
        "import sys, subprocess, signal; from uois_sam.commands.stack import _end_with_parent\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], "
        "preexec_fn=_end_with_parent, start_new_session=True)\n"
        "print(child.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()
    child.wait(timeout=60)
