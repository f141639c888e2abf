from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from uois_sam.denormals import flush_denormals

SMALLEST = torch.finfo(torch.float32).tiny


def half_the_smallest() -> float:
    return float(torch.full((4,), SMALLEST).mul(0.5).max())


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot flush denormals")
def test_numbers_near_zero_are_zero_from_then_on_in_new_threads_too() -> None:
    try:
        assert half_the_smallest() > 0
        flush_denormals()
        assert half_the_smallest() == 0
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(half_the_smallest).result() == 0
    finally:
        torch.set_flush_denormal(False)
