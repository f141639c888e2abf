"""How long PyTorch's threads wait for each other before they let others have the cores."""

from __future__ import annotations

import os

_COUNT = "GOMP_SPINCOUNT"
_POLICY = "OMP_WAIT_POLICY"
_TURNS = "20000"


def spin_briefly() -> None:
    """Let the threads of a parallel region spin for a moment at its end, and then sleep.

    libgomp lets them spin for a tenth of a second and more. As long as each has a core to itself that is fastest;
    where another process takes one, the thread that is waited for cannot run until the others have spun their
    share of the time, some hundred times a frame. What a user has set in GOMP_SPINCOUNT or OMP_WAIT_POLICY stays.

    It takes effect where PyTorch has not been imported yet, and in processes that are started from here.
    """
    if _POLICY not in os.environ:
        os.environ.setdefault(_COUNT, _TURNS)
