"""Synthetic sequences: one table, a moving camera, and things that happen, in the folder form of a data set.

A label is the same object in all frames and is never given to another one. Stamps and events are in sequence.json,
see `uois_sam.datasets.sequence_file` (`read_sequence(folder)`, or `FolderDataset(folder).sequence`) and
docs/datasets.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.sequence_file import FILE_NAME, SequenceEvent, SequenceInfo, sequence_json
from uois_sam.datasets.synthetic.capture import scene_rng, shows_objects, well_exposed, with_camera_noise
from uois_sam.datasets.synthetic.choreography import Choreography, plan_motions
from uois_sam.datasets.synthetic.events import EventCounts, Slot, draw_slots
from uois_sam.datasets.synthetic.families import family_table
from uois_sam.datasets.synthetic.files import FOLDERS, default_cache_dir, write_frame, write_json
from uois_sam.datasets.synthetic.image_light import image_lights
from uois_sam.datasets.synthetic.live import LIVE_SENSOR
from uois_sam.datasets.synthetic.motion import simulate
from uois_sam.datasets.synthetic.render import Backend, RenderedFrame, Renderer, View
from uois_sam.datasets.synthetic.scene import Scene, SceneRejectedError, build_scene
from uois_sam.datasets.synthetic.sensor import simulate_depth
from uois_sam.datasets.synthetic.standing import Standing, pixels, standing_objects
from uois_sam.datasets.synthetic.viewpoints import orbit, usual_camera
from uois_sam.errors import InputError
from uois_sam.types import Frame

FIRST_STAMP = 1_700_000_000_000_000_000
"""Of every synthetic sequence, nanoseconds."""
_LEAST_OBJECTS = 7
_LEAST_VISIBLE = 5  # objects in each frame in which the camera does not look away
_SHORTEST_HIDING = 0.3  # seconds
_MOST_UNSEEN = 0.6  # of the frames of an event, in which the object is out of sight
_ATTEMPTS = 300
_STYLES = ("tidy", "tidy", "tidy", "drop")  # many things have to stand by themselves to be moved
_ELEVATIONS, _SWINGS = (30, 42), (12, 22)  # degrees; low enough that things hide each other


@dataclass(frozen=True)
class SequenceOptions:
    """What a sequence is like.

    Attributes:
        frames: how many; frame_rate: of them a second.
        events: what happens.
        size: (height, width) px.
        families: "train" or "heldout".
        sensor_noise: depth as a structured-light camera would measure it, instead of the exact one.

    Raises:
        InputError: a value cannot be used.
    """

    frames: int = 60
    frame_rate: float = 10.0
    events: EventCounts = field(default_factory=EventCounts)
    size: tuple[int, int] = (480, 640)
    families: str = "train"
    sensor_noise: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise InputError(f"frames is {self.frames}; give 1 or more")
        if not 1 <= self.frame_rate <= 200:
            raise InputError(f"frame_rate is {self.frame_rate}; give 1 to 200 frames a second")
        if min(self.size) < 48 or max(self.size) > 2048:
            raise InputError(f"size is {self.size[0]}x{self.size[1]}; give a height and width of 48 to 2048")
        family_table(self.families)


@dataclass(frozen=True)
class _Take:
    """A scene and what happens in it. states: (frames, 7 * objects). events: planned ones, and what was hidden."""

    scene: Scene
    poses: list[NDArray[np.float64]]
    states: NDArray[np.float64]
    events: tuple[SequenceEvent, ...]


class SyntheticSequence:
    """The frames of a sequence, drawn one after the other when they are iterated over.

    Labels, depth and events depend on seed and options only; colours repeat to about a grey level.

    Attributes:
        camera: intrinsics of all frames.
        info: name, stamps by frame number, written like "000000", and events.

    Raises:
        InputError: there is no room for the events in that many frames. RendererError: no renderer works here.
        SceneRejectedError: the seed gives no good scene.
    """

    def __init__(
        self,
        seed: int,
        options: SequenceOptions | None = None,
        *,
        backend: Backend = "auto",
        cache_dir: Path | None = None,
    ) -> None:
        """`cache_dir`: where image lights are kept; the user's cache folder by default."""
        if seed < 0:
            raise InputError(f"seed is {seed}; give 0 or more")
        self.seed, self.options = seed, options or SequenceOptions()
        o = self.options
        draw_slots(scene_rng(seed, 0), o.events, o.frames, o.frame_rate)  # refused before the renderer starts
        self.camera = usual_camera(o.size)
        self._renderer = Renderer(o.size, backend)
        self._panoramas = (
            image_lights(cache_dir or default_cache_dir()) if self._renderer.backend == "filament" else []
        )
        self._take = self._first_good_take()
        stamps = {f"{k:06d}": FIRST_STAMP + round(k * 1e9 / o.frame_rate) for k in range(o.frames)}
        self.info = SequenceInfo(f"synthetic-{seed}", o.frame_rate, stamps, self._take.events)

    def __len__(self) -> int:
        return self.options.frames

    def __iter__(self) -> Iterator[RenderedFrame]:
        for k, (state, pose) in enumerate(zip(self._take.states, self._take.poses, strict=True)):
            rng = np.random.default_rng([self.seed, k, 1])
            self._renderer.arrange(state)
            frame = with_camera_noise(rng, self._renderer.render(self.camera, pose))
            if self.options.sensor_noise:
                frame = replace(frame, depth=simulate_depth(frame.depth, self.camera, rng, LIVE_SENSOR))
            yield frame

    def close(self) -> None:
        """Give the renderer back; no more frames after this."""
        self._renderer.close()

    def _first_good_take(self) -> _Take:
        for attempt in range(_ATTEMPTS):
            try:
                return self._draw(scene_rng(self.seed, 0, attempt))
            except SceneRejectedError:
                continue
        raise SceneRejectedError(
            f"sequence of seed {self.seed}: {_ATTEMPTS} draws gave no good one; take another seed or fewer events"
        )

    def _draw(self, rng: np.random.Generator) -> _Take:
        o = self.options
        slots = draw_slots(rng, o.events, o.frames, o.frame_rate)
        scene = build_scene(rng, family_table(o.families), self._panoramas, _LEAST_OBJECTS, _STYLES)
        objects = standing_objects(scene)
        poses = orbit(rng, scene.room, scene.focus, o.frames, elevations=_ELEVATIONS, swings=_SWINGS)
        steps = round(1 / (o.frame_rate * scene.model.opt.timestep))
        made = plan_motions(rng, slots, objects, scene.room, self.camera, poses, steps)
        states = simulate(scene, made.slides, made.carries, o.frames, steps)
        self._renderer.load(scene)
        hidden = self._watch(slots, objects, made, states)
        self._renderer.arrange(states[0])
        if not well_exposed(self._renderer.render(self.camera, made.poses[0])):
            raise SceneRejectedError("the first frame is too dark or too bright")
        events = sorted([*made.events, *hidden], key=lambda event: (event.first, event.kind, event.object or 0))
        return _Take(scene, made.poses, states, tuple(events))

    def _watch(
        self, slots: list[Slot], objects: list[Standing], made: Choreography, states: NDArray[np.float64]
    ) -> list[SequenceEvent]:
        """Look at all frames: what is hidden when.

        Raises:
            SceneRejectedError: too little is seen, or what was to be hidden is not.
        """
        turns = [slot for slot in slots if slot.kind == "turn"]
        gone = _absent(made.events, self.options.frames)
        seen: set[int] = set()
        hiders: dict[int, dict[int, int | None]] = {o.label: {} for o in objects}
        for k, (state, pose) in enumerate(zip(states, made.poses, strict=True)):
            self._renderer.arrange(state)
            view = self._renderer.look(self.camera, pose)
            aside = any(turn.meets(Slot("", k, k)) for turn in turns)
            if not aside and not shows_objects(view, _LEAST_VISIBLE):
                raise SceneRejectedError(f"frame {k} shows too few objects, or one right before the camera")
            visible = {int(label) for label in np.unique(view.label) if label}
            seen |= visible
            for o in objects:
                if o.label not in visible and k not in gone.get(o.label, range(0)):
                    hiders[o.label][k] = _hider(o, state, view)
        for event in made.events:
            if event.object is not None:
                unseen = sum(event.first <= k <= event.last for k in hiders[event.object])
                if unseen > _MOST_UNSEEN * (event.last - event.first + 1):
                    raise SceneRejectedError(
                        f"too little is seen of the event {event.kind} in frame {event.first}"
                    )
        hidden = [event for o in objects if o.label in seen for event in _runs(o.label, hiders[o.label])]
        self._check_hiding(made.events, hidden)
        return hidden

    def _check_hiding(self, planned: list[SequenceEvent], hidden: list[SequenceEvent]) -> None:
        least = max(2, round(_SHORTEST_HIDING * self.options.frame_rate))
        for event in planned:
            within = [h for h in hidden if h.first <= event.last and event.first <= h.last]
            if event.kind == "carry":
                within = [h for h in within if h.object == event.by and h.by == event.object]
            elif event.kind == "turn":
                within = [h for h in within if h.by is None]
            else:
                continue
            if not any(h.last - h.first + 1 >= least for h in within):
                raise SceneRejectedError(f"the event {event.kind} from frame {event.first} on hides nothing")


def _absent(events: list[SequenceEvent], frames: int) -> dict[int, range]:
    """Frames in which an object is not in the scene, by label."""
    gone = {e.object: range(e.first) for e in events if e.kind == "add"}
    gone |= {e.object: range(e.last + 1, frames) for e in events if e.kind == "remove"}
    return {label: span for label, span in gone.items() if label is not None}


def _hider(hidden: Standing, state: NDArray[np.float64], view: View) -> int | None:
    """Label of what stands before most of an object; None where it is out of the image."""
    points = hidden.at(state[7 * hidden.index : 7 * hidden.index + 7])
    u, v = np.round(pixels(view.camera, view.pose, points)).astype(int).T
    labels = view.label[v, u]
    labels = labels[labels > 0]
    return int(np.bincount(labels).argmax()) if len(labels) else None


def _runs(label: int, hiders: dict[int, int | None]) -> list[SequenceEvent]:
    """Events of the frames in which an object is hidden, one for each run of frames with the same hider."""
    events: list[SequenceEvent] = []
    for frame, by in sorted(hiders.items()):
        if events and events[-1].last == frame - 1 and events[-1].by == by:
            events[-1] = replace(events[-1], last=frame)
        else:
            events.append(SequenceEvent("hidden", frame, frame, label, by))
    return events


def generate_sequence(
    out: Path | str,
    seed: int,
    options: SequenceOptions | None = None,
    *,
    backend: Backend = "auto",
    cache_dir: Path | None = None,
) -> Path:
    """Write a sequence to a folder and return it; see `SyntheticSequence` and `write_sequence`."""
    sequence = SyntheticSequence(seed, options, backend=backend, cache_dir=cache_dir)
    write_sequence(sequence, Path(out))
    sequence.close()
    return Path(out)


def write_sequence(
    sequence: SyntheticSequence,
    out: Path | None,
    *,
    record: Callable[[Frame], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a sequence to the folder `out`, which gets the form of `generate`, and sequence.json.

    Args:
        out: None writes none.
        record: called with each frame, stamped.
        progress: called with (frames done, frames in all).

    Raises:
        InputError: the folder holds frames already.
    """
    if out is not None:
        check_empty(out)
        for name in FOLDERS:
            (out / name).mkdir(parents=True, exist_ok=True)
        write_json(out / FILE_NAME, sequence_json(sequence.info))
    for k, ((name, stamp), frame) in enumerate(zip(sequence.info.stamps.items(), sequence, strict=True)):
        if out is not None:
            write_frame(out, name, frame, frame.depth, {"seed": sequence.seed})
        if record is not None:
            record(Frame(frame.color, frame.depth, frame.camera, stamp, name, frame.label))
        if progress is not None:
            progress(k + 1, len(sequence))


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds frames already.

    Raises:
        InputError: it does.
    """
    if (folder / "color").is_dir() and any((folder / "color").iterdir()):
        raise InputError(f"{folder} holds frames already; give an empty folder")
