"""The images: what can be said of them without a Docker daemon."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from uois_sam.paths import config_dir

REPOSITORY = Path(__file__).resolve().parents[1]
DOCKERFILES = sorted((REPOSITORY / "docker").glob("*.Dockerfile"))
COMPOSE = sorted((REPOSITORY / "docker").glob("compose*.yaml"))


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Instruction and arguments, with continued lines joined."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def copied(dockerfile: Path) -> list[str]:
    """What is copied from the repository."""
    arguments = [words.split() for name, words in instructions(dockerfile) if name == "COPY"]
    return [source for words in arguments if not words[0].startswith("--from") for source in words[:-1]]


def test_there_is_an_image_for_cpu_and_one_for_cuda() -> None:
    assert [path.name for path in DOCKERFILES] == ["cpu.Dockerfile", "cuda.Dockerfile"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_has_no_complaint(dockerfile: Path) -> None:
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("no hadolint on this machine")
    result = subprocess.run(
        [hadolint, "--config", REPOSITORY / ".hadolint.yaml", dockerfile], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_runs_has_no_compiler_no_root_and_a_healthcheck(dockerfile: Path) -> None:
    found = instructions(dockerfile)
    names = [name for name, _ in found]
    stages = [words for name, words in found if name == "FROM"]
    assert len(stages) == 2
    last = found[len(names) - names[::-1].index("FROM") :]
    user = [words for name, words in last if name == "USER"]
    assert user
    assert user[-1] not in ("0", "root")
    assert [words for name, words in last if name == "VOLUME"] == ['["/models"]']
    assert "health_check" in next(words for name, words in last if name == "HEALTHCHECK")
    assert not [words for name, words in last if name == "RUN" and "g++" in words]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_is_there_and_not_ignored(dockerfile: Path) -> None:
    rules = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    assert "*" in rules
    for source in copied(dockerfile):
        assert (REPOSITORY / source).exists(), source
        assert any(
            fnmatch(source, rule) or source.startswith(f"{rule}/") or rule.startswith(f"{source}/")
            for rule in kept
        )


def test_the_images_differ_in_the_gpu_alone() -> None:
    cpu, cuda = (instructions(path) for path in DOCKERFILES)
    assert [one for one in cpu if one not in cuda] == []
    assert [words for name, words in cuda if (name, words) not in cpu] == [
        "NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility"
    ]


def test_paths_inside_the_image_are_those_of_the_package() -> None:
    variables = " ".join(words for name, words in instructions(DOCKERFILES[0]) if name == "ENV")
    profile = re.search(r"FASTRTPS_DEFAULT_PROFILES_FILE=\S+/share/uois_sam/config/(\S+)", variables)
    assert profile is not None
    assert (config_dir() / profile[1]).is_file()


@pytest.mark.parametrize("script", ["build.sh", "entrypoint.sh"])
def test_scripts_can_be_run(script: str) -> None:
    path = REPOSITORY / "docker" / script
    assert path.stat().st_mode & 0o111 == 0o111
    assert subprocess.run(["bash", "-n", path]).returncode == 0


def test_the_build_script_refuses_other_words() -> None:
    result = subprocess.run([REPOSITORY / "docker" / "build.sh", "all"], capture_output=True, text=True)
    assert result.returncode == 2
    assert "wanted environment or workspace, not 'all'" in result.stderr


def services(path: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(path.read_text())["services"]


def test_camera_perception_and_foxglove_are_composed() -> None:
    composed = services(REPOSITORY / "docker" / "compose.yaml")
    assert set(composed) == {"camera", "perception", "foxglove"}
    for name, service in composed.items():
        assert (REPOSITORY / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        own = service.get("healthcheck", {"test": []})["test"]
        assert own or name == "perception"  # which has the image's own
    assert "models:/models" in composed["perception"]["volumes"]


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_every_image_that_is_composed_has_a_dockerfile(path: Path) -> None:
    for service in services(path).values():
        assert (REPOSITORY / service["build"]["dockerfile"]).is_file()
        kind = service["image"].partition(":")[2]
        assert service["build"]["dockerfile"] == f"docker/{kind}.Dockerfile"
