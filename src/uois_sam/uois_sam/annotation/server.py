"""Serves a local web page, to this machine alone."""

from __future__ import annotations

import errno
import socket
import warnings
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from uois_sam.errors import InputError

HOST = "127.0.0.1"


def open_port(port: int) -> socket.socket:
    """A socket of this machine that listens; 0 takes a free port.

    Raises:
        InputError: the port is taken or not allowed.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((HOST, port))
        opened.listen()
    except (OSError, OverflowError) as error:
        opened.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "it is taken" if taken else str(error)
        raise InputError(f"cannot use port {port}: {reason}; give another --port, or 0 for a free one") from None
    return opened


def serve(app: FastAPI, page: Callable[[], None], title: str, opened: socket.socket) -> None:
    """Serve until Ctrl-C.

    Args:
        app: with what the page asks for beside itself, such as pictures.
        page: builds the page for a browser that opens it.
        title: of the browser's window.
        opened: see `open_port`.

    Raises:
        KeyboardInterrupt: on Ctrl-C.
    """
    # Another site's page that makes its own name point here is refused by the name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    ui.run_with(app, root=page, title=title, show_welcome_message=False)
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
    with warnings.catch_warnings():  # NiceGUI looks at all objects, and torch has deprecated ones among them
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"nicegui\.")
        uvicorn.Server(config).run(sockets=[opened])
