"""Clicks of a person on the objects of a folder of images, one image and one object at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click, InteractiveSession
from uois_sam.annotation.instance_folder import InstanceClicks, InstanceFolder
from uois_sam.annotation.instance_labels import MarkedImage, MarkedObject, draw_labels, mark_object
from uois_sam.annotation.instance_view import ActiveObject, InstanceView
from uois_sam.datasets.coco_rle import encode_rle
from uois_sam.datasets.image_files import read_color
from uois_sam.errors import InputError
from uois_sam.segmentation.pipeline import Pipeline

_REMNANT = 0.1
"""Of an object's pixels: when another takes all but so many, what is left is no object but the other's rim."""
_FREE = 0.5
"""Of an object's pixels that the model finds: so many must be nobody's for it to be another object."""


@dataclass(frozen=True)
class _Active:
    """The object that clicks go to.

    Attributes:
        number: of the object.
        marked: the object as it was when it was chosen; None for a new one.
        session: decodes its clicks.
        clicks: since it was chosen.
    """

    number: int
    marked: MarkedObject | None
    session: InteractiveSession
    clicks: tuple[Click, ...] = ()


@dataclass(frozen=True)
class _State:
    objects: tuple[MarkedObject, ...] = ()
    active: _Active | None = None


class InstanceSession:
    """Marks objects, one click after the other; saved with each object that a person is finished with.

    Clicks go to the object that is chosen. Where none is, a click on an object chooses it, and one beside all
    objects begins a new one. What an object takes from others is cut from them when it is finished, so that no
    pixel belongs to two.

    Not to be used from two threads at once, except for `view`.

    Attributes:
        folder: what is saved.
        view: what is to be shown.
    """

    def __init__(self, folder: InstanceFolder, pipeline: Pipeline, propose: bool) -> None:
        """Open the first image that is not done, or the first where all are.

        Args:
            folder: of images, and to save in.
            pipeline: finds objects, and its segmenter decodes clicks.
            propose: whether an image of which nothing is saved begins with what the pipeline finds.

        Raises:
            InputError: the image cannot be read.
        """
        self.folder = folder
        self._pipeline = pipeline
        self._propose = propose
        self._open(next((k for k in range(len(folder.files)) if not self._is_done(k)), 0))

    def click(self, x: int, y: int, positive: bool) -> None:
        """Click on a pixel.

        Args:
            x, y: of the pixel.
            positive: whether it is on the object, or is to be taken from it.

        Raises:
            InputError: it is outside the image, or takes away from no object; or the click cannot be saved.
        """
        active = self._state.active
        if active is None:
            touched = self._object_at(x, y)
            if touched is not None and positive:
                self.choose(touched.number)
                return
            if touched is None and not positive:
                raise InputError("nothing is marked here; click on an object's colour to take away from it")
            active = self._begin(touched)
        active.session.add_click(x, y, positive)
        clicks = (*active.clicks, Click(x, y, positive))
        self._step(replace(self._state, active=replace(active, clicks=clicks)))
        self._count("on" if positive else "off")

    def choose(self, number: int) -> None:
        """Finish with the object that clicks go to, and let them go to another.

        Raises:
            InputError: there is no such object; see also `finish`.
        """
        if self._state.active is not None and self._state.active.number == number:
            return
        self.finish()
        self._show(replace(self._state, active=self._begin(self._object(number))))

    def begin(self) -> None:
        """Finish with the object that clicks go to, and let them go to a new one.

        Raises:
            InputError: see `finish`.
        """
        self.finish()
        self._show(replace(self._state, active=self._begin(None)))

    def finish(self) -> bool:
        """Be finished with the object that clicks go to, and save it; False where nothing has changed.

        Raises:
            InputError: the object has no pixel, or cannot be saved; then it is kept, and saved with the next.
        """
        active = self._state.active
        if active is None or not active.clicks:
            self._show(replace(self._state, active=None))
            return False
        earlier = active.marked
        finished = mark_object(
            active.number,
            active.session.mask,
            (*(() if earlier is None else earlier.clicks), *active.clicks),
            None if earlier is None else earlier.prompt,
        )
        self._step(_State(_laid_on(self._state.objects, finished, active.session.mask)))
        self._save()
        return True

    def delete(self, number: int | None = None) -> bool:
        """Delete an object, the one that clicks go to where none is named; False where there is none.

        Raises:
            InputError: there is no such object, or the rest cannot be saved; see `finish`.
        """
        active = self._state.active
        if number is None or (active is not None and number == active.number):
            if active is None:
                return False
            number = active.number
            if active.marked is None and not active.clicks:
                return self.finish()
        else:
            self._object(number)
            self.finish()
        left = tuple(marked for marked in self._state.objects if marked.number != number)
        changed = left != self._state.objects
        self._step(_State(left))
        self._count("deleted")
        if changed:
            self._save()
        return True

    def find(self) -> int:
        """Mark what the model finds where nothing is marked yet; how many objects that is.

        Raises:
            InputError: see `finish`.
        """
        self.finish()
        found = self._found(self._state.objects)
        if found:
            self._step(_State((*self._state.objects, *found)))
            self._save_again()
        return len(found)

    def undo(self) -> bool:
        """Take the latest step back; False where there is none since the image was opened.

        Raises:
            InputError: see `finish`.
        """
        if not self._steps:
            return False
        state = self._steps.pop()
        if state.active is not None:
            since = len(state.active.clicks)
            while len(state.active.session.answers) > since:
                state.active.session.undo()
        self._show(state)
        self._count("undone")
        self._save_again()
        return True

    def next(self) -> bool:
        """Be done with the image, and open the next one, after the last the first that is not done.

        Returns:
            False where all images are done.

        Raises:
            InputError: see `finish`; or the next image cannot be read.
        """
        self.finish()
        self._save(done=True)
        following = [*range(self._index + 1, len(self.folder.files))][:1]
        left = following or [k for k in range(len(self.folder.files)) if not self._is_done(k)]
        return self._open_first(left)

    def skip(self) -> bool:
        """Open the next image without being done with this one; False where this is the last.

        Raises:
            InputError: see `next`.
        """
        self.finish()
        return self._open_first([*range(self._index + 1, len(self.folder.files))])

    def previous(self) -> bool:
        """Open the image before; False where this is the first.

        Raises:
            InputError: see `next`.
        """
        self.finish()
        return self._open_first([*range(self._index)][::-1])

    def close(self) -> None:
        """Be finished with the object that clicks go to, if it has a pixel.

        Raises:
            InputError: it cannot be saved.
        """
        if self._state.active is not None and self._state.active.session.mask.any():
            self.finish()

    def _open_first(self, indices: Sequence[int]) -> bool:
        if indices:
            self._open(indices[0])
        return bool(indices)

    def _open(self, index: int) -> None:
        file = self.folder.files[index]
        image = read_color(self.folder.source / file)
        frame = self._pipeline.encode(image)
        self._index, self._frame = index, frame
        self._steps: list[_State] = []
        known = self.folder.images.get(file)
        objects: tuple[MarkedObject, ...] = ()
        if known is not None:
            objects = known.objects
        elif self._propose:
            objects = self._found(())
        self._show(_State(objects))

    def _is_done(self, index: int) -> bool:
        saved = self.folder.images.get(self.folder.files[index])
        return saved is not None and saved.done

    @property
    def _file(self) -> str:
        return self.folder.files[self._index]

    @property
    def _size(self) -> tuple[int, int]:
        return self._frame.embedding.image_size

    def _found(self, objects: tuple[MarkedObject, ...]) -> tuple[MarkedObject, ...]:
        """Objects that the model finds beside those that are marked."""
        instances = self._pipeline.segment(self._frame)
        free = draw_labels(objects, self._size) == 0
        number = self._next_number(objects)
        found: list[MarkedObject] = []
        for instance in instances:
            mask = instances.mask(instance.label) & free
            if mask.sum() > _FREE * instance.area:
                x, y = (round(value) for value in instance.prompt)
                prompt = (min(x, mask.shape[1] - 1), min(y, mask.shape[0] - 1))
                found.append(mark_object(number + len(found), mask, prompt=prompt))
        return tuple(found)

    def _begin(self, marked: MarkedObject | None) -> _Active:
        segmenter, embedding = self._pipeline.segmenter, self._frame.embedding
        if marked is None:
            number = self._next_number(self._state.objects)
            return _Active(number, None, InteractiveSession(segmenter, embedding))
        mask = marked.mask
        return _Active(
            marked.number, marked, InteractiveSession(segmenter, embedding, mask, _earlier_clicks(marked, mask))
        )

    def _next_number(self, objects: tuple[MarkedObject, ...]) -> int:
        return max((marked.number for marked in objects), default=0) + 1

    def _object(self, number: int) -> MarkedObject:
        for marked in self._state.objects:
            if marked.number == number:
                return marked
        raise InputError(f"there is no object {number} in {self._file}; choose one that is marked")

    def _object_at(self, x: int, y: int) -> MarkedObject | None:
        height, width = self._size
        if not (0 <= x < width and 0 <= y < height):
            return None
        label = int(draw_labels(self._state.objects, self._size)[y, x])
        return self._state.objects[label - 1] if label else None

    def _count(self, kind: str) -> None:
        try:
            self.folder.count(self._file, kind)
        finally:
            self._show(self._state)

    def _save_again(self) -> None:
        if self._file in self.folder.images:
            self._save()

    def _save(self, done: bool = False) -> None:
        saved = self.folder.images.get(self._file)
        image = MarkedImage(self._size, self._state.objects, done or (saved is not None and saved.done))
        try:
            self.folder.save(self._file, image)
        finally:
            self._show(self._state)

    def _step(self, state: _State) -> None:
        self._steps.append(self._state)
        self._show(state)

    def _show(self, state: _State) -> None:
        self._state = state
        clicks = self.folder.clicks
        self.view = InstanceView(
            index=self._index,
            file=self._file,
            size=self._size,
            objects=state.objects,
            active=None if state.active is None else _shown(state.active),
            done=self._is_done(self._index),
            undoable=len(self._steps),
            clicks=clicks.get(self._file, InstanceClicks()),
            images_done=sum(image.done for image in self.folder.images.values()),
            all_clicks=sum(of_image.total for of_image in clicks.values()),
            figures=self.folder.figures,
        )


def _shown(active: _Active) -> ActiveObject:
    earlier = () if active.marked is None else active.marked.clicks
    return ActiveObject(
        active.number,
        active.marked is None,
        encode_rle(active.session.mask)["counts"],
        (*earlier, *active.clicks),
        bool(active.clicks),
    )


def _earlier_clicks(marked: MarkedObject, mask: NDArray[np.bool_]) -> list[Click]:
    """What an object's mask follows from, without what it contradicts: a click where another object is now."""
    clicks = [*marked.clicks]
    if marked.prompt is not None:
        clicks.insert(0, Click(*marked.prompt, positive=True))
    return [click for click in clicks if mask[int(click.y), int(click.x)] == click.positive]


def _laid_on(
    objects: tuple[MarkedObject, ...], finished: MarkedObject, mask: NDArray[np.bool_]
) -> tuple[MarkedObject, ...]:
    """The objects with one of them redrawn, or added, on top of the others."""
    left: list[MarkedObject] = []
    for marked in objects:
        if marked.number == finished.number:
            left.append(finished)
            continue
        free = marked.mask & ~mask
        area = int(free.sum())
        if area == marked.area:
            left.append(marked)
        elif area > _REMNANT * marked.area:
            left.append(mark_object(marked.number, free, marked.clicks, marked.prompt))
    return tuple(left) if finished in left else (*left, finished)
