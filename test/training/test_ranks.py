"""Two processes that train one model, as `torchrun` starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from uois_sam.training.ranks import Ranks, own_device

PROGRAM = """
import sys, torch
from torch import nn
from uois_sam.training.ranks import Ranks
ranks = Ranks.of_torchrun(torch.device("cpu"))
torch.manual_seed(ranks.rank)
model = nn.Linear(2, 1)
ranks.share(model)
(model(torch.full((1, 2), 1.0 + ranks.rank))).sum().backward()
ranks.average_gradients(model.parameters())
ranks.wait()
torch.save({"weight": model.weight.detach(), "grad": model.weight.grad, "first": torch.tensor(ranks.first)},
           f"{sys.argv[1]}/{ranks.rank}.pt")
"""


def test_weights_are_shared_and_gradients_averaged(tmp_path: Path) -> None:
    store = tmp_path / "store.py"
    store.write_text(PROGRAM)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [*launcher, str(store), str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one, two = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert torch.equal(one["weight"], two["weight"])
    assert torch.equal(one["grad"], torch.full((1, 2), 1.5))
    assert torch.equal(two["grad"], one["grad"])
    assert [bool(one["first"]), bool(two["first"])] == [True, False]


def test_one_process_alone_needs_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    ranks = Ranks.of_torchrun(torch.device("cpu"))
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    ranks.share(model)
    ranks.average_gradients(model.parameters())
    ranks.wait()
    assert (ranks.first, ranks.count) == (True, 1)
    assert model.weight.grad is not None
    assert torch.equal(model.weight.grad, torch.ones(1, 2))


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert own_device(torch.device("cuda")) == torch.device("cuda", 3)
    assert own_device(torch.device("cuda:1")) == torch.device("cuda", 1)
    assert own_device(torch.device("cpu")) == torch.device("cpu")
