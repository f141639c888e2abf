"""The `uois-sam` command as a whole: help, version, errors, interruption."""

from __future__ import annotations

import subprocess
import sys

import pytest

from uois_sam import __version__, cli
from uois_sam.errors import InputError

COMMANDS = ("demo", "segment", "evaluate", "reproduce", "datasets", "synth", "annotate", "train", "bench")


def say(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line."""
    try:
        code = cli.main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = say(["--help"], capsys)
    assert (code, err) == (0, "")
    for name in COMMANDS:
        assert f"\n    {name} " in out
    assert "examples:" in out


@pytest.mark.parametrize(
    "words",
    [
        *([name] for name in COMMANDS),
        *(["train", kind] for kind in ("segmenter", "hpg", "hdnet", "guided-sam", "part-clipseg", "wps-sam")),
        ["datasets", "list"],
        ["annotate", "parts"],
        *(
            ["reproduce", table]
            for table in ("table4", "table5", "depth", "guided-sam", "part-clipseg", "wps-sam", "adaptation")
        ),
    ],
)
def test_each_command_explains_itself_with_an_example(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = say([*words, "--help"], capsys)
    assert code == 0
    assert f"usage: uois-sam {' '.join(words)}" in out
    assert "uois-sam " + words[0] in out.split("\n\n", 1)[1]
    assert max(map(len, out.splitlines())) <= 100


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert say(["--version"], capsys) == (0, f"uois-sam {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["segment"], "required: INPUT, --out"),
        (["segment", "a", "--out", "b", "--fast"], "unrecognized arguments: --fast"),
        (["train"], "required: KIND"),
        (["synth", "--out", "x", "--count", "0", "--seed", "1"], "'0' is no whole number from 1 on"),
        (["synth", "--out", "x", "--count", "many", "--seed", "1"], "'many' is no whole number"),
        (["bench", "--frames", "-3"], "'-3' is no whole number from 1 on"),
        (["evaluate", "--dataset", "folder:x", "--json", "y", "--boundary", "soft"], "invalid choice: 'soft'"),
        (
            ["evaluate", "--dataset", "folder:x", "--json", "y", "--workers", "0"],
            "'0' is no whole number from 1 on",
        ),
        (["evaluate", "--dataset", "folder:x", "--json", "y", "--frames", "-1"], "'-1' is no whole number"),
        (["reproduce"], "required: TABLE"),
        (["reproduce", "table9"], "invalid choice: 'table9'"),
        (["reproduce", "table4", "--dataset", "folder:x"], "required: --json"),
        (["evaluate", "--dataset", "folder:x", "--json", "y", "--ignore", "some"], "'some' is no whole number"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = say(arguments, capsys)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
    assert err.endswith("--help\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InputError("this is\n  no image"), "uois-sam: this is no image\n"),
        (PermissionError(13, "Permission denied", "/x/y"), "uois-sam: /x/y: Permission denied\n"),
        (OSError("the disk is gone"), "uois-sam: the disk is gone\n"),
    ],
)
def test_errors_of_a_command_are_one_line(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("uois_sam.sources.source.open_source", fail)
    assert say(["segment", "x", "--out", "y"], capsys) == (2, "", line)


def test_ctrl_c_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("uois_sam.sources.source.open_source", interrupt)
    assert say(["segment", "x", "--out", "y"], capsys) == (130, "", "\nuois-sam: interrupted\n")


def test_ctrl_c_in_code_that_was_made_by_exec_is_130_too() -> None:
    code = (
        "import sys; from uois_sam import cli; import uois_sam.sources.source as source\n"
        "source.open_source = lambda *_, **__: exec('raise KeyboardInterrupt')\n"
        "sys.exit(cli.main(['segment', 'x', '--out', 'y']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "\nuois-sam: interrupted\n")


def test_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("uois_sam.sources.source.open_source", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["segment", "x", "--out", "y"])


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from uois_sam.cli import make_parser; make_parser().format_help();"
        "heavy = ('torch', 'numpy', 'cv2', 'rclpy', 'transformers', 'scipy', 'sklearn', 'nicegui');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uois_sam.cli", "segment", "/no/such/file", "--out", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("uois-sam: there is nothing at '/no/such/file'")
    assert done.stderr.count("\n") == 1
