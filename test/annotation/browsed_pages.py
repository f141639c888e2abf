"""Local pages as the command serves them, and a headless Chromium that looks at them."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="NiceGUI, which makes the page, is not installed")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright, which drives the browser, is not installed"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
TIMEOUT = 120_000  # milliseconds; the machine may be busy
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def served(
    arguments: Sequence[object], program: Sequence[str] = ("-m", "uois_sam.cli")
) -> Iterator[tuple[str, list[str]]]:
    """The address of the page of a command line; after Ctrl-C, what it said at its end is in the list."""
    command = [sys.executable, *program, *map(str, arguments)]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found is not None
            yield found.group(), said
            process.send_signal(signal.SIGINT)
            said += process.stdout.read().splitlines()
            assert process.wait(60) == 0
        finally:
            process.kill()


@contextmanager
def window(url: str, profile: Path) -> Iterator[Any]:
    """The page in a browser that asks nobody else for anything."""
    foreign: list[str] = []
    playwright.expect.set_options(timeout=TIMEOUT)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=_FLAGS, viewport={"width": 1280, "height": 860}
        )
        page = browser.pages[0]
        page.set_default_timeout(TIMEOUT)
        page.on("request", lambda request: None if request.url.startswith(url) else foreign.append(request.url))
        page.goto(url)
        yield page
        browser.close()
    assert [address for address in foreign if not address.startswith(("data:", "blob:"))] == []
