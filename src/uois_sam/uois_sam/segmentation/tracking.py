"""Instances keep their ids over the frames of a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from uois_sam.segmentation.association import Association, associate
from uois_sam.segmentation.sightings import Scene, Sightings, look
from uois_sam.segmentation.tracking_settings import TrackingSettings
from uois_sam.types import Instances

if TYPE_CHECKING:
    from uois_sam.segmentation.pipeline import EmbeddedFrame

_FRESH = 0.3
"""Share of the newest frame in how a thing is remembered to look."""

_HIDDEN = 0.5
"""A thing that shows less than this of what it showed is taken to be behind something, and keeps its shape."""
_SHRINK = np.float32(0.95)
"""By which it becomes smaller in memory, each frame: what showed before may have been too much."""

_SAME_COLOURS = 0.85
_SAME_THINGS = 0.7
"""A frame whose colours and things agree with those before by less than this is of another scene."""


class Tracker:
    """Gives the things in the frames of one stream ids that stay; see docs/tracking.md.

    Ids begin at 1 and rise; none is given to two things, whatever is forgotten meanwhile.

    Attributes:
        settings: may be replaced between frames.
    """

    def __init__(self, settings: TrackingSettings | None = None) -> None:
        """`settings`: the defaults where not given."""
        self.settings = settings or TrackingSettings()
        self._next = 1
        self.reset()

    def reset(self) -> None:
        """Forget all things; the next frame begins a new stream."""
        self._memory: Sightings | None = None
        self._ids = np.zeros(0, np.int64)
        self._unseen = np.zeros(0, np.int64)
        self._scene: Scene | None = None
        self._stamp: int | None = None
        self._newest: EmbeddedFrame | None = None
        self._frames: WeakSet[EmbeddedFrame] = WeakSet()

    def update(self, frame: EmbeddedFrame, instances: Instances, stamp: int | None = None) -> Instances:
        """The instances of the stream's next frame, with the ids of the things that they show.

        Args:
            frame: that the instances were found in.
            instances: with whatever ids.
            stamp: nanoseconds, of the frame; None where nobody knows it.
        """
        scene, seen = look(frame, instances)
        if self._interrupted(scene, stamp):
            self.reset()
        if self._memory is None:
            ids = self._new_ids(len(seen))
            self._memory, self._ids, self._unseen = seen, ids, np.zeros(len(ids), np.int64)
        else:
            pairs = associate(self._memory, self._unseen, scene, seen)
            if self._cut(scene, seen, pairs):
                self.reset()
                return self.update(frame, instances, stamp)
            ids = self._remember(seen, pairs)
        if len(seen) > 0 or self._scene is None:
            self._scene = scene
        self._stamp, self._newest = stamp, frame
        self._frames.add(frame)
        return replace(instances, id=ids)

    def learn(self, frame: EmbeddedFrame, instances: Instances, instance_id: int) -> None:
        """Take over how a person drew an instance of a frame of this stream; frames of others change nothing.

        Args:
            frame: an earlier argument of `update`.
            instances: as they are after the correction.
            instance_id: of the corrected one.
        """
        newest = frame is self._newest
        known = instance_id in self._ids
        if frame not in self._frames or self._memory is None or (known and not newest):
            return
        _, seen = look(frame, instances)
        drawn = seen[instances.id == instance_id]
        others = self._ids != instance_id
        self._memory = self._memory[others].join(drawn)
        self._ids = np.append(self._ids[others], np.full(len(drawn), instance_id))
        self._unseen = np.append(self._unseen[others], np.full(len(drawn), 0 if newest else 1))

    def new_id(self, instances: Instances) -> int:
        """An id for a further instance of a frame, which no thing of the stream has or will have."""
        new = max([self._next, *(int(number) + 1 for number in instances.id)])
        if self._next > 1:
            self._next = new + 1
        return new

    def _new_ids(self, count: int) -> NDArray[np.int64]:
        first, self._next = self._next, self._next + count
        return np.arange(first, self._next, dtype=np.int64)

    def _interrupted(self, scene: Scene, stamp: int | None) -> bool:
        """Whether the stream cannot have gone on to this frame: another size, back in time, or a long gap."""
        if self._scene is not None and scene.size != self._scene.size:
            return True
        if stamp is None or self._stamp is None:
            return False
        return not 0 <= stamp - self._stamp <= 1e9 * self.settings.max_gap

    def _cut(self, scene: Scene, seen: Sightings, pairs: Association) -> bool:
        """Whether a frame shows another scene: other colours, and hardly any thing of the last frame."""
        before = int((self._unseen == 0).sum())
        if self._scene is None or len(seen) == 0 or not len(self._ids):
            return False
        colours = float(np.einsum("b,b->", scene.colour, self._scene.colour))
        same = len(pairs.things) / max(1, min(before, len(seen)))
        return colours < _SAME_COLOURS and same < _SAME_THINGS

    def _remember(self, seen: Sightings, pairs: Association) -> NDArray[np.int64]:
        """Bring the memory to this frame; (K,) the ids of what is seen."""
        renewed = _renewed(pairs.memory[pairs.things], seen[pairs.instances])
        gone = np.ones(len(self._ids), bool)
        gone[pairs.things] = False
        gone &= self._unseen < self.settings.max_age
        new = np.ones(len(seen), bool)
        new[pairs.instances] = False
        ids = np.zeros(len(seen), np.int64)
        ids[pairs.instances] = self._ids[pairs.things]
        ids[new] = self._new_ids(int(new.sum()))
        self._memory = renewed.join(seen[new]).join(pairs.memory[gone])
        self._ids = np.concatenate([ids[pairs.instances], ids[new], self._ids[gone]])
        self._unseen = np.concatenate([np.zeros(len(seen), np.int64), self._unseen[gone] + 1])
        return ids


def _renewed(before: Sightings, now: Sightings) -> Sightings:
    """What is remembered of things that are seen again; the less of one is seen, the more stays as it was."""
    share = np.minimum(now.cells / np.maximum(before.cells, 1), 1)
    hidden = share < _HIDDEN
    keep = hidden[:, None, None]
    return Sightings(
        _blend(before.embedding, now.embedding, share),
        _blend(before.colour, now.colour, share),
        np.where(keep, before.pixels, now.pixels),
        np.where(keep, before.points, now.points),
        np.where(hidden, _SHRINK * before.cells, now.cells),
    )


def _blend(
    before: NDArray[np.float32], now: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    fresh = _FRESH * share[:, None]
    mixed = (1 - fresh) * before + fresh * now
    return np.asarray(mixed / np.maximum(np.sqrt((mixed**2).sum(1, keepdims=True)), 1e-9), np.float32)
