"""The processes of one run: one alone, or as many as `torchrun` started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn


@dataclass(frozen=True)
class Ranks:
    """This process among `count`; the defaults are one process alone.

    Attributes:
        rank: 0 .. count - 1.
        count: of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process keeps the books."""
        return self.rank == 0

    @classmethod
    def of_torchrun(cls, device: torch.device) -> Ranks:
        """Join the processes that `torchrun` started, over NCCL on GPUs and Gloo on CPUs; alone without it."""
        if "WORLD_SIZE" not in os.environ or not dist.is_available():
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    def share(self, model: nn.Module) -> None:
        """Give all processes the first one's weights."""
        if self.count > 1:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, 0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the processes."""
        if self.count > 1:
            for parameter in parameters:
                if parameter.grad is not None:
                    dist.all_reduce(parameter.grad)
                    parameter.grad /= self.count

    def wait(self) -> None:
        """Until all processes have come as far."""
        if self.count > 1:
            dist.barrier()


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process where `torchrun` started several; else the device itself."""
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device
