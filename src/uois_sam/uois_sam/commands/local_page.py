"""What the commands that show a local web page have in common."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from uois_sam.commands.options import whole_number
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from socket import socket

    from fastapi import FastAPI


class Page(Protocol):
    """What can be shown."""

    def add_pictures(self, app: FastAPI) -> None:
        """Let the page fetch what it shows."""

    def build(self) -> None:
        """The page in one window."""


def add_port(parser: argparse.ArgumentParser) -> None:
    """--port."""
    parser.add_argument(
        "--port",
        type=whole_number(0),
        default=0,
        metavar="N",
        help="of the page on 127.0.0.1 (default 0: a free one)",
    )


def need_nicegui() -> None:
    """Refuse to go on without what makes the page.

    Raises:
        InputError: it is not installed.
    """
    try:
        import nicegui  # noqa: F401
    except ImportError:
        raise InputError("annotating needs NiceGUI, which is not installed; pip install nicegui") from None


def show_page(page: Page, title: str, opened: socket) -> None:
    """Say where the page is, and serve it until Ctrl-C; see `uois_sam.annotation.server`."""
    from fastapi import FastAPI

    from uois_sam.annotation.server import HOST, serve

    app = FastAPI(openapi_url=None)
    page.add_pictures(app)
    print(f"open http://{HOST}:{opened.getsockname()[1]} in a browser; Ctrl-C ends", flush=True)
    with suppress(KeyboardInterrupt):
        serve(app, page.build, title, opened)
