"""What the local web pages have in common: their look, their keys, and how they say that something failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.events import KeyEventArguments

from uois_sam.errors import UoisSamError

STYLE = """
body { background: #f4f5f7; }
.bar { background: #24303f; color: white; }
.question { font-size: 1.5rem; font-weight: 600; line-height: 1.2; }
.quiet { color: #5b6675; }
.ask { background: white; color: #1d2733; border-bottom: 1px solid #d5dae1; }
"""


def counted(count: int, word: str) -> str:
    """`1 patch`, `2 patches`."""
    plural = "es" if word.endswith("ch") else "s"
    return f"{count} {word}" if count == 1 else f"{count} {word}{plural}"


def action_button(
    text: str, key: str, act: Callable[[], Any], props: str = "outline color=dark", enabled: bool = True
) -> None:
    """A button that names the key which does the same; marked with the first word of its text."""
    button = ui.button(f"{text} ({key})", on_click=act).props(f"no-caps {props}")
    button.mark(text.split()[0].lower()).set_enabled(enabled)


def pressed(event: KeyEventArguments) -> str | None:
    """The key that went down, in lower case, behind `ctrl ` where that is held; None for anything else."""
    if not event.action.keydown or event.modifiers.alt or event.modifiers.meta:
        return None
    return ("ctrl " if event.modifiers.ctrl else "") + str(event.key.name).lower()


def complain(error: UoisSamError) -> None:
    """Say what failed until the person has read it."""
    ui.notify(str(error), type="negative", timeout=0, close_button="OK")
