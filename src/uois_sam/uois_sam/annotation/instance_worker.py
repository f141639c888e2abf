"""Steps of a session in a thread of their own, so that a page stays alive while the model works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from uois_sam.annotation.instance_session import InstanceSession

T = TypeVar("T")


class InstanceWorker:
    """Runs the steps of one session one at a time, in the order in which they were asked for.

    Attributes:
        waiting: steps that are not done yet.
    """

    def __init__(self, session: InstanceSession) -> None:
        self.waiting = 0
        self._session = session
        self._thread = ThreadPoolExecutor(1, "clicks")

    async def run(self, step: Callable[[], T], image: int) -> T | None:
        """Run a step.

        Args:
            step: to run.
            image: index of the image that it is meant for.

        Returns:
            What the step gives. None where another image is open by then, because a step before it moved on: then
            it is left out.

        Raises:
            UoisSamError: as the step.
        """

        def run() -> T | None:
            return step() if self._session.view.index == image else None

        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """Run what was asked for, then let the session be finished with the object that clicks went to.

        Raises:
            InputError: it cannot be saved.
        """
        self._thread.shutdown()
        self._session.close()
