"""The web page on which a person marks objects with clicks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import cv2
from fastapi import FastAPI, Response
from nicegui import ui
from nicegui.events import KeyEventArguments, MouseEventArguments

from uois_sam.annotation.instance_drawing import css_colour, draw_objects
from uois_sam.annotation.instance_labels import MarkedObject
from uois_sam.annotation.instance_session import InstanceSession
from uois_sam.annotation.instance_view import InstanceView
from uois_sam.annotation.instance_worker import InstanceWorker
from uois_sam.annotation.page import STYLE, action_button, complain, counted, pressed
from uois_sam.datasets.image_files import read_color
from uois_sam.errors import UoisSamError

T = TypeVar("T")

_QUALITY = 92
_LEFT, _RIGHT = 0, 2
_ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0)
_MAGNIFY = {"+": 1, "=": 1, "-": -1}
_STYLE = """
.work { display: flex; gap: 16px; width: 100%; align-items: flex-start; }
.view { flex: 1 1 auto; min-width: 0; overflow: auto; max-height: calc(100vh - 186px); border-radius: 8px;
        background: #d5dae1; }
.picture { cursor: crosshair; margin: 0 auto; user-select: none; }
.side { flex: 0 0 268px; display: flex; flex-direction: column; gap: 12px; }
.card { background: white; border: 1px solid #d5dae1; border-radius: 8px; padding: 10px 12px; }
.objects { max-height: calc(100vh - 586px); min-height: 96px; overflow-y: auto; }
.entry { display: flex; align-items: center; gap: 8px; width: 100%; padding: 4px 6px; border-radius: 6px;
          border: 2px solid transparent; background: none; text-align: left; cursor: pointer; }
.entry:hover { background: #eef2f8; }
.entry.active { border-color: #1976d2; background: #e8f1fc; }
.swatch { flex: none; width: 16px; height: 16px; border-radius: 4px; border: 1px solid rgba(0, 0, 0, .35); }
.entry .what { flex: 1; font-size: .75rem; color: #5b6675; }
.counts { display: grid; grid-template-columns: 1fr auto; gap: 2px 12px; font-size: .875rem; }
.counts .number { text-align: right; font-variant-numeric: tabular-nums; font-weight: 600; }
kbd { border: 1px solid #b4bcc8; border-bottom-width: 2px; border-radius: 4px; padding: 0 5px; font-size: .75rem;
      background: #f4f5f7; }
.keys { display: grid; grid-template-columns: auto 1fr; gap: 3px 8px; font-size: .8rem; color: #3b4654; }
.card .heading { font-size: .95rem; font-weight: 600; margin-bottom: 6px; }
.picture path { vector-effect: non-scaling-stroke; fill-rule: evenodd; stroke-linejoin: round; }
.picture .halo { fill: none; stroke: white; stroke-width: 6; }
.picture text { font-family: sans-serif; font-weight: 700; fill: white; stroke: rgba(0, 0, 0, .75);
                paint-order: stroke; text-anchor: middle; dominant-baseline: central; }
.picture circle { stroke: white; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.picture .click path { stroke-width: 2; }
.late { opacity: 0; animation: late 0s .3s forwards; }
@keyframes late { to { opacity: 1; } }
"""
_KEYS = (
    ("left click", "add to the object"),
    ("right click", "take away from it"),
    ("Shift  click", "the same"),
    ("1  …  9", "choose an object"),
    ("+  −", "zoom in and out"),
)


class InstancePage:
    """One session on a page; all windows in which it is open show the same.

    Args:
        session: what is shown and marked.
        worker: takes its steps.
        source: name of the folder of images, for the person to see.
        target: name of the folder that is saved in.
    """

    def __init__(self, session: InstanceSession, worker: InstanceWorker, source: str, target: str) -> None:
        self._session = session
        self._worker = worker
        self._source = source
        self._target = target
        self._zoom = 0
        self._view = session.view
        self._pictures: list[ui.interactive_image] = []
        self._run = secrets.token_hex(4)  # browsers keep pictures, and another run has others

    def add_pictures(self, app: FastAPI) -> None:
        """Let the page fetch images by their index."""
        folder = self._session.folder

        @app.get(f"/{self._run}/image/{{index}}.jpg")
        def image(index: int) -> Response:
            if not 0 <= index < len(folder.files):
                return Response(status_code=404)
            try:
                pixels = read_color(folder.source / folder.files[index])
            except UoisSamError:
                return Response(status_code=404)
            content = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
            return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

    def build(self) -> None:
        """The page in one window."""
        ui.add_css(STYLE + _STYLE)
        ui.keyboard(self._key, repeating=False, ignore=["input", "select", "textarea"])
        with ui.header().classes("p-0 gap-0"):
            with ui.row().classes("bar w-full items-center gap-4 px-4 py-2"):
                self._progress()
            with ui.row().classes("ask w-full px-4 py-2 items-center gap-x-6 gap-y-2"):
                self._question()
        with ui.element("div").classes("work"):
            with ui.element("div").classes("view"):
                self._picture()
            with ui.element("div").classes("side"):
                self._objects()
                self._counts()
                _legend()

    @ui.refreshable_method
    def _progress(self) -> None:
        view, images = self._view, len(self._session.folder.files)
        ui.label(f"Image {view.index + 1} of {images}").classes("font-bold")
        ui.label(view.file).classes("opacity-80")
        if view.done:
            ui.badge("done", color="positive")
        ui.linear_progress(view.images_done / images, show_value=False, color="positive").props(
            "track-color=blue-grey-6 rounded size=8px"
        ).classes("w-40")
        ui.label(f"{view.images_done} done").classes("text-sm opacity-80")
        ui.space()
        if self._worker.waiting:
            ui.spinner(color="white").classes("late")
        ui.label(f"images of {self._source} · saved in {self._target}").classes("text-sm opacity-80")

    @ui.refreshable_method
    def _question(self) -> None:
        session, view = self._session, self._view
        active = view.active
        with ui.column().classes("gap-1").style("flex: 1 1 320px"):
            ui.label(_title(view)).classes("question")
            ui.label(_advice(view)).classes("quiet")
        with ui.row().classes("items-center gap-2"):
            changed = active is not None and active.changed
            action_button("Finish object", "F", self._doing(session.finish), "color=primary", active is not None)
            action_button("New object", "N", self._doing(session.begin), enabled=active is None or changed)
            action_button("Delete", "Del", self._doing(session.delete), enabled=active is not None)
            action_button("Undo", "U", self._doing(session.undo, self._after_undo), enabled=view.undoable > 0)
            action_button("Find objects", "M", self._doing(session.find, self._after_find))
            ui.separator().props("vertical").classes("mx-1")
            action_button("Previous", "←", self._doing(session.previous), enabled=view.index > 0)
            last = view.index + 1 == len(session.folder.files)
            action_button("Skip", "S", self._doing(session.skip), enabled=not last)
            action_button("Done, next image", "→", self._doing(session.next, self._after_next), "color=positive")

    @ui.refreshable_method
    def _picture(self) -> None:
        view = self._view

        async def click(event: MouseEventArguments) -> None:
            if event.button not in (_LEFT, _RIGHT):
                return
            positive = event.button == _LEFT and not (event.shift or event.ctrl)
            x, y = int(event.image_x), int(event.image_y)
            await self._do(lambda: self._session.click(x, y, positive), view.index)

        picture = ui.interactive_image(
            f"/{self._run}/image/{view.index}.jpg",
            content=draw_objects(view),
            on_mouse=click,
            events=["mousedown"],
            sanitize=False,  # only numbers come into it
        )
        picture.classes("picture").style(self._width()).props(f"data-image={view.index}")
        picture.on("contextmenu", js_handler="(event) => event.preventDefault()")
        self._pictures = [other for other in self._pictures if not other.is_deleted] + [picture]

    @ui.refreshable_method
    def _objects(self) -> None:
        view = self._view
        with ui.element("div").classes("card"):
            ui.label("Objects in this image").classes("heading")
            with ui.element("div").classes("objects"):
                for marked in view.objects:
                    self._object(view, marked)
                if view.active is not None and view.active.is_new:
                    self._row(view.active.number, f"new, {counted(len(view.active.clicks), 'click')}", active=True)
                elif not view.objects:
                    ui.label("None yet: click on one in the image.").classes("quiet text-sm")

    def _object(self, view: InstanceView, marked: MarkedObject) -> None:
        active = view.active is not None and view.active.number == marked.number
        found = "found by the model" if marked.prompt is not None else ""
        clicks = view.active.clicks if active and view.active is not None else marked.clicks
        what = ", ".join(filter(None, [found, counted(len(clicks), "click") if clicks or not found else ""]))
        self._row(marked.number, what, active)

    def _row(self, number: int, what: str, active: bool) -> None:
        with (
            ui.element("div")
            .classes("entry active" if active else "entry")
            .props(f"data-object={number}")
            .on("click", self._doing(lambda: self._session.choose(number)))
        ):
            ui.element("span").classes("swatch").style(f"background: {css_colour(number)}")
            ui.label(str(number)).classes("font-bold")
            ui.label(what).classes("what")
            ui.button(icon="delete").props(
                f'flat dense round size=sm color=grey-7 aria-label="delete {number}"'
            ).on("click.stop", self._doing(lambda: self._session.delete(number))).tooltip("delete this object")

    @ui.refreshable_method
    def _counts(self) -> None:
        view = self._view
        rows = (
            ("this object", "–" if view.active is None else str(len(view.active.clicks))),
            ("this image", str(view.clicks.total)),
            ("all images", str(view.all_clicks)),
            ("per object", f"{view.figures['clicks_per_object']:.2f}"),
            ("per image", f"{view.figures['clicks_per_image']:.2f}"),
        )
        with ui.element("div").classes("card"):
            ui.label("Clicks").classes("heading")
            with ui.element("div").classes("counts"):
                for what, number in rows:
                    ui.label(what)
                    ui.label(number).classes("number").props(f'data-count="{what}"')

    def _width(self) -> str:
        height, width = self._view.size
        fitting = f"min(100%, (100vh - 186px) * {width / height:.4f})"
        return f"width: calc({fitting} * {_ZOOMS[self._zoom]})"

    async def _key(self, event: KeyEventArguments) -> None:
        session, key = self._session, pressed(event) or ""
        actions = {
            "f": self._doing(session.finish),
            "n": self._doing(session.begin),
            "delete": self._doing(session.delete),
            "u": self._doing(session.undo, self._after_undo),
            "ctrl z": self._doing(session.undo, self._after_undo),
            "m": self._doing(session.find, self._after_find),
            "arrowleft": self._doing(session.previous),
            "arrowright": self._doing(session.next, self._after_next),
            "s": self._doing(session.skip),
        }
        if key in actions:
            await actions[key]()
        elif key.isdecimal():
            await self._do(lambda: session.choose(int(key)), self._view.index)
        elif key in _MAGNIFY:
            self._zoom = min(max(self._zoom + _MAGNIFY[key], 0), len(_ZOOMS) - 1)
            for picture in self._pictures:
                picture.style(self._width())

    def _after_undo(self, undone: bool) -> None:
        if not undone:
            ui.notify("Nothing was done in this image that could be taken back.")

    def _after_find(self, found: int) -> None:
        ui.notify(
            f"The model found {counted(found, 'more object')}." if found else "The model finds nothing more."
        )

    def _after_next(self, moved: bool) -> None:
        if not moved:
            ui.notify("All images are done.", type="positive")

    def _doing(
        self, step: Callable[[], T], after: Callable[[T], None] | None = None
    ) -> Callable[[], Awaitable[None]]:
        return lambda: self._do(step, self._view.index, after)

    async def _do(self, step: Callable[[], T], image: int, after: Callable[[T], None] | None = None) -> None:
        """Take a step that is meant for an image, and show what came of it in all windows."""
        taken = asyncio.ensure_future(self._worker.run(step, image))
        await asyncio.sleep(0)
        self._progress.refresh()
        try:
            result = await taken
            if after is not None and result is not None:
                after(result)
        except UoisSamError as error:
            complain(error)
        self._show()

    def _show(self) -> None:
        before, self._view = self._view, self._session.view
        if before.index != self._view.index:
            self._picture.refresh()
        else:
            content = draw_objects(self._view)
            for picture in self._pictures:
                picture.set_content(content)
        for shown in (self._progress, self._question, self._objects, self._counts):
            shown.refresh()


def _title(view: InstanceView) -> str:
    if view.active is None:
        return "Is every object marked, and marked right?"
    return f"New object {view.active.number}" if view.active.is_new else f"Correcting object {view.active.number}"


def _advice(view: InstanceView) -> str:
    if view.active is None:
        return "Click on an object without a colour to mark it, or on a coloured one to correct it."
    if view.active.is_new and not view.active.clicks:
        return "Left-click on the object."
    return "Left-click what is missing, right-click what does not belong to it; then finish it."


def _legend() -> None:
    with ui.element("div").classes("card"):
        ui.label("Mouse and keys").classes("heading")
        rows = "".join(f"<span>{_caps(keys)}</span><span>{what}</span>" for keys, what in _KEYS)
        ui.html(rows, sanitize=False).classes("keys")


def _caps(keys: str) -> str:
    return " ".join(f"<kbd>{key}</kbd>" for key in keys.split("  "))
