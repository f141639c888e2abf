"""Reads requirements.txt: pinned versions in sections that are headed `# [name]`."""

from __future__ import annotations

import re
from pathlib import Path

from setup_workspace.errors import SetupError

_HEADING = re.compile(r"#\s*\[([\w-]+)\]\s*$")
_COMMENT = re.compile(r"(^|\s)#.*$")


def read_sections(path: Path) -> dict[str, list[str]]:
    """The requirements of each section, in order, without comments."""
    sections: dict[str, list[str]] = {}
    name = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        heading = _HEADING.match(line)
        if heading:
            name = heading.group(1)
            sections[name] = []
            continue
        requirement = _COMMENT.sub("", line).strip()
        if not requirement:
            continue
        if name is None:
            raise SetupError(f"{path.name}:{number}: {requirement!r} stands before the first '# [section]'")
        sections[name].append(requirement)
    return sections
