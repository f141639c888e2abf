"""How the processor treats numbers near zero."""

from __future__ import annotations

import torch


def flush_denormals() -> None:
    """Take numbers below 1.2e-38 for zero in this thread and in those that it starts.

    A mask that is sure has gradients of that size all over the image, and x86 processors take many times longer
    over them: a backward pass through the bundled decoder took 42 ms, 17 ms without them. Does nothing where the
    processor cannot.
    """
    torch.set_flush_denormal(True)
