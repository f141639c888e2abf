"""The web page on which a person says which patches contain a part."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import PurePosixPath

from fastapi import FastAPI, Response
from nicegui import ui
from nicegui.events import KeyEventArguments

from uois_sam.annotation.part_labels import UNSAID
from uois_sam.annotation.part_session import WITH, WITHOUT, PartSession
from uois_sam.annotation.patch_pictures import PatchPictures
from uois_sam.errors import UoisSamError

_WORDS = {WITH: "with", WITHOUT: "without", UNSAID: "unsaid"}
_SIGNS = {WITH: "✓", WITHOUT: "✗", UNSAID: "?"}
_SAYS = {WITH: "contains it", WITHOUT: "does not contain it", UNSAID: "nothing said"}
_STYLE = """
body { background: #f4f5f7; }
.bar { background: #24303f; color: white; }
.question { font-size: 1.5rem; font-weight: 600; line-height: 1.2; }
.quiet { color: #5b6675; }
.ask { background: white; color: #1d2733; border-bottom: 1px solid #d5dae1; }
.patches { display: grid; grid-template-columns: repeat(auto-fill, 152px); gap: 12px; width: 100%;
           justify-content: space-between; }
.patch { position: relative; width: 152px; padding: 0; border: 4px solid #b4bcc8; border-radius: 8px;
         background: white; cursor: pointer; overflow: hidden; font-size: .75rem; color: #5b6675; }
.patch:hover { box-shadow: 0 0 0 3px #9db7e5; }
.patch img { display: block; width: 144px; height: 144px; object-fit: contain; background: #606060; }
.patch .file { padding: 2px 6px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.patch .sign, .patch .look { position: absolute; top: 4px; width: 24px; height: 24px; border-radius: 50%;
                             line-height: 24px; text-align: center; }
.patch .sign { left: 4px; color: white; font-weight: 700; background: #8a94a3; }
.patch .look { right: 4px; background: rgba(255, 255, 255, .85); color: #24303f; cursor: zoom-in; }
.patch.with { border-color: #1b8a4b; }
.patch.with .sign { background: #1b8a4b; }
.patch.without { border-color: #c0392b; }
.patch.without .sign { background: #c0392b; }
"""


class PartPage:
    """One session on a page; all windows in which it is open show the same.

    Args:
        session: what is shown and said.
        pictures: of the session's images, in their order.
        folder: that the images come from, for the person to see.
    """

    def __init__(self, session: PartSession, pictures: PatchPictures, folder: str) -> None:
        self._session = session
        self._pictures = pictures
        self._folder = folder
        self._run = secrets.token_hex(4)  # browsers keep pictures, and another run has others

    def add_pictures(self, app: FastAPI) -> None:
        """Let the page fetch crops and whole images by the row of the patch."""
        patches = self._session.patches

        def picture(make: Callable[[int, int], bytes], row: int) -> Response:
            if not 0 <= row < len(patches.image):
                return Response(status_code=404)
            content = make(int(patches.image[row]), int(patches.patch[row]))
            return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

        @app.get(f"/{self._run}/crop/{{row}}.jpg")
        def crop(row: int) -> Response:
            return picture(self._pictures.crop, row)

        @app.get(f"/{self._run}/whole/{{row}}.jpg")
        def whole(row: int) -> Response:
            return picture(self._pictures.whole, row)

    def build(self) -> None:
        """The page in one window."""
        ui.add_css(_STYLE)
        ui.keyboard(self._key, repeating=False, ignore=["input", "select", "textarea"])
        with ui.header().classes("p-0 gap-0"):
            with ui.row().classes("bar w-full items-center gap-2 px-4 py-2"):
                self._parts()
            with ui.row().classes("ask w-full px-4 py-2 items-center gap-x-6 gap-y-2"):
                self._question()
        with ui.column().classes("w-full gap-4"):
            self._prototype()

    @ui.refreshable_method
    def _parts(self) -> None:
        session = self._session
        for name, clicks in session.clicks.items():
            colours = "color=white text-color=dark" if name == session.part else "color=blue-grey-8"
            with (
                ui.button(on_click=lambda name=name: self._do(lambda: session.choose_part(name)))
                .props(f"no-caps unelevated {colours}")
                .mark(f"part-{name}")
            ):
                ui.label(name).classes("font-bold")
                ui.label(_counted(clicks.total, "click")).classes("ml-2 text-xs opacity-75")
        ui.space()
        images = _counted(len(session.patches.files), "image")
        ui.label(f"{images} of {self._folder} · saved in {session.path.name}").classes("text-sm opacity-80")

    @ui.refreshable_method
    def _question(self) -> None:
        session = self._session
        with ui.column().classes("gap-1"):
            ui.label(f"Which of these patches contain “{session.part}”?").classes("question")
            ui.label(
                "Say it of all at once, then click those that are otherwise. A patch is what lies in the frame;"
                " the rest is there to recognise it."
            ).classes("quiet")
        with ui.row().classes("items-center gap-2"):
            self._button("All contain it", "Y", session.confirm, "color=positive")
            self._button("None contains it", "N", session.reject, "color=negative")
            self._button("Undo", "U", self._undo, "outline color=dark", enabled=session.undoable > 0)
            ui.separator().props("vertical").classes("mx-2")
            self._button("Previous", "←", session.previous, "outline color=dark", enabled=not session.at_first)
            self._button("Next", "→", self._next, "outline color=dark")

    @ui.refreshable_method
    def _prototype(self) -> None:
        session = self._session
        rows, patches = session.rows, session.patches
        clicks = session.clicks[session.part]
        said = session.said()
        with ui.row().classes("quiet gap-6 text-sm").mark("counts"):
            images = _counted(len(set(patches.image[rows].tolist())), "image")
            ui.label(f"{_counted(len(rows), 'patch')} of {images}")
            ui.label(f"{session.labelled_prototypes()} of {len(patches.prototypes)} prototypes labelled")
            ui.label(
                f"{_counted(int((said == WITH).sum()), 'patch')} with, {int((said == WITHOUT).sum())} without"
            )
            ui.label(f"{_counted(clicks.total, 'click')}, {clicks.total / len(patches.files):.2f} per image")
        with ui.element("div").classes("patches"):
            for row, value in zip(rows.tolist(), session.said(rows).tolist(), strict=True):
                self._patch(row, value)

    def _patch(self, row: int, value: int) -> None:
        file = self._session.patches.files[self._session.patches.image[row]]
        with (
            ui.element("button")
            .classes(f"patch {_WORDS[value]}")
            .props(f'type=button data-row={row} aria-label="{_SAYS[value]}"')
            .on("click", lambda: self._do(lambda: self._session.correct(row)))
        ):
            ui.element("img").props(f'src="/{self._run}/crop/{row}.jpg" alt=""')
            ui.label(_SIGNS[value]).classes("sign")
            ui.label("⤢").classes("look").on("click.stop", lambda: self._look(row, file)).tooltip("whole image")
            ui.label(PurePosixPath(file).name).classes("file").tooltip(file)

    def _look(self, row: int, file: str) -> None:
        with ui.dialog() as dialog, ui.card().classes("max-w-none"):
            ui.element("img").props(f'src="/{self._run}/whole/{row}.jpg"').style(
                "max-height: 80vh; max-width: 85vw"
            )
            ui.label(file).classes("quiet text-sm")
        dialog.open()

    def _button(self, text: str, key: str, action: Callable[[], object], props: str, enabled: bool = True) -> None:
        button = ui.button(f"{text} ({key})", on_click=lambda: self._do(action)).props(f"no-caps {props}")
        button.mark(text.split()[0].lower()).set_enabled(enabled)

    def _key(self, event: KeyEventArguments) -> None:
        if not event.action.keydown or event.modifiers.alt or event.modifiers.meta:
            return
        session = self._session
        held = "ctrl " if event.modifiers.ctrl else ""
        actions: dict[str, Callable[[], object]] = {
            "y": session.confirm,
            "n": session.reject,
            "u": self._undo,
            "ctrl z": self._undo,
            "arrowleft": session.previous,
            "arrowright": self._next,
        }
        action = actions.get(held + str(event.key.name).lower())
        if action is not None:
            self._do(action)

    def _undo(self) -> None:
        if not self._session.undo():
            ui.notify("Nothing was said since the start that could be taken back.")

    def _next(self) -> None:
        if not self._session.next():
            ui.notify(f"All other prototypes are labelled for “{self._session.part}”.", type="positive")

    def _do(self, action: Callable[[], object]) -> None:
        """Act, and show what came of it in all windows."""
        shown = self._session.part, self._session.prototype
        try:
            action()
        except UoisSamError as error:
            ui.notify(str(error), type="negative", timeout=0, close_button="OK")
        if shown != (self._session.part, self._session.prototype):
            ui.run_javascript("window.scrollTo(0, 0)")
        self._parts.refresh()
        self._question.refresh()
        self._prototype.refresh()


def _counted(count: int, word: str) -> str:
    plural = "es" if word.endswith("ch") else "s"
    return f"{count} {word}" if count == 1 else f"{count} {word}{plural}"
