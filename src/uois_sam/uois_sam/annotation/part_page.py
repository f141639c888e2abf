"""The web page on which a person says which patches contain a part."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import PurePosixPath

from fastapi import FastAPI, Response
from nicegui import ui
from nicegui.events import KeyEventArguments

from uois_sam.annotation.page import STYLE, action_button, complain, counted, pressed
from uois_sam.annotation.part_labels import UNSAID
from uois_sam.annotation.part_session import WITH, WITHOUT, PartSession
from uois_sam.annotation.patch_pictures import PatchPictures
from uois_sam.errors import UoisSamError

_WORDS = {WITH: "with", WITHOUT: "without", UNSAID: "unsaid"}
_SIGNS = {WITH: "✓", WITHOUT: "✗", UNSAID: "?"}
_SAYS = {WITH: "contains it", WITHOUT: "does not contain it", UNSAID: "nothing said"}
_STYLE = """
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
        ui.add_css(STYLE + _STYLE)
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
                ui.label(counted(clicks.total, "click")).classes("ml-2 text-xs opacity-75")
        ui.space()
        images = counted(len(session.patches.files), "image")
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
            action_button("All contain it", "Y", self._doing(session.confirm), "color=positive")
            action_button("None contains it", "N", self._doing(session.reject), "color=negative")
            action_button("Undo", "U", self._doing(self._undo), enabled=session.undoable > 0)
            ui.separator().props("vertical").classes("mx-2")
            action_button("Previous", "←", self._doing(session.previous), enabled=not session.at_first)
            action_button("Next", "→", self._doing(self._next))

    @ui.refreshable_method
    def _prototype(self) -> None:
        session = self._session
        rows, patches = session.rows, session.patches
        clicks = session.clicks[session.part]
        said = session.said()
        with ui.row().classes("quiet gap-6 text-sm").mark("counts"):
            images = counted(len(set(patches.image[rows].tolist())), "image")
            ui.label(f"{counted(len(rows), 'patch')} of {images}")
            ui.label(f"{session.labelled_prototypes()} of {len(patches.prototypes)} prototypes labelled")
            ui.label(f"{counted(int((said == WITH).sum()), 'patch')} with, {int((said == WITHOUT).sum())} without")
            ui.label(f"{counted(clicks.total, 'click')}, {clicks.total / len(patches.files):.2f} per image")
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

    def _key(self, event: KeyEventArguments) -> None:
        session = self._session
        actions: dict[str, Callable[[], object]] = {
            "y": session.confirm,
            "n": session.reject,
            "u": self._undo,
            "ctrl z": self._undo,
            "arrowleft": session.previous,
            "arrowright": self._next,
        }
        action = actions.get(pressed(event) or "")
        if action is not None:
            self._do(action)

    def _undo(self) -> None:
        if not self._session.undo():
            ui.notify("Nothing was said since the start that could be taken back.")

    def _next(self) -> None:
        if not self._session.next():
            ui.notify(f"All other prototypes are labelled for “{self._session.part}”.", type="positive")

    def _doing(self, action: Callable[[], object]) -> Callable[[], None]:
        return lambda: self._do(action)

    def _do(self, action: Callable[[], object]) -> None:
        """Act, and show what came of it in all windows."""
        shown = self._session.part, self._session.prototype
        try:
            action()
        except UoisSamError as error:
            complain(error)
        if shown != (self._session.part, self._session.prototype):
            ui.run_javascript("window.scrollTo(0, 0)")
        self._parts.refresh()
        self._question.refresh()
        self._prototype.refresh()
