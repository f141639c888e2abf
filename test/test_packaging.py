"""The packages: every field of the interfaces is described, and versions and executables agree."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import uois_sam

SOURCES = Path(__file__).resolve().parents[1] / "src"
INTERFACES = sorted((SOURCES / "uois_sam_msgs").glob("*/*.*"))


@pytest.mark.parametrize("path", INTERFACES, ids=lambda path: path.name)
def test_every_field_says_what_it_is(path: Path) -> None:
    fields = [
        line for line in path.read_text().splitlines() if line and line != "---" and not line.startswith("#")
    ]
    assert fields
    for field in fields:
        assert re.fullmatch(r"[\w/]+(\[\])? +[a-z]\w* +# \S.*", field), field


def test_every_interface_is_built() -> None:
    listed = re.findall(
        r'"((?:msg|srv)/\w+\.(?:msg|srv))"', (SOURCES / "uois_sam_msgs" / "CMakeLists.txt").read_text()
    )
    assert sorted(listed) == sorted(path.relative_to(SOURCES / "uois_sam_msgs").as_posix() for path in INTERFACES)


@pytest.mark.parametrize("package", ["uois_sam", "uois_sam_msgs"])
def test_versions_agree(package: str) -> None:
    manifest = ElementTree.parse(SOURCES / package / "package.xml").getroot()
    assert manifest.get("format") == "3"
    assert manifest.findtext("version") == uois_sam.__version__
    assert manifest.findtext("license") == "Apache-2.0"


def test_the_version_that_is_installed_agrees() -> None:
    setup = (SOURCES / "uois_sam" / "setup.py").read_text()
    assert f'version="{uois_sam.__version__}"' in setup


@pytest.mark.parametrize("folder", ["launch", "config", "models", "test"])
def test_folders_are_found_where_ament_looks(folder: str) -> None:
    link = SOURCES / "uois_sam" / folder
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == SOURCES.parent / folder
