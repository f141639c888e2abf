from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from uois_sam.errors import InputError, ModelError
from uois_sam.training.batches import Batch
from uois_sam.training.loop import CHECKPOINT, LoopSettings, ParameterGroup, learning_rate, train

SETTINGS = LoopSettings(steps=12, checkpoint_every=4, warmup=2, learning_rate=0.05, threads=1)


def make_batches(first: int, last: int) -> Iterator[Batch]:
    for step in range(first, last):
        generator = torch.Generator().manual_seed(step)
        x = torch.rand(8, 3, generator=generator)
        nothing = torch.zeros(0)
        yield Batch(x, x @ torch.tensor([1.0, -2, 3]), *[nothing] * 8)


def compute(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    loss = (model(batch.colour)[:, 0] - batch.geometry).square().mean()
    return {"loss": loss, "half": loss / 2}


def fresh() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def run(folder: Path, settings: LoopSettings = SETTINGS, batches=make_batches) -> nn.Module:
    model = fresh()
    return train(model, [ParameterGroup(list(model.parameters()))], compute, batches, folder, settings, {"a": 1})


def rows(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_learns_and_keeps_a_record(tmp_path: Path) -> None:
    run(tmp_path / "r", LoopSettings(steps=100, learning_rate=0.1, warmup=5, threads=1))
    first, last = rows(tmp_path / "r")
    assert (first["step"], last["step"]) == (50, 100)
    assert last["loss"] < first["loss"]
    assert last["half"] == pytest.approx(last["loss"] / 2, abs=1e-4)
    assert json.loads((tmp_path / "r" / "config.json").read_text())["loop"]["steps"] == 100
    assert (tmp_path / "r" / "revision.txt").read_text()


def test_killed_and_resumed_is_the_same_run(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")

    def killed(first: int, last: int) -> Iterator[Batch]:
        for step, batch in enumerate(make_batches(first, last), start=first):
            if step == 6:
                raise KeyboardInterrupt
            yield batch

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", batches=killed)
    resumed = run(tmp_path / "cut")
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = run(tmp_path / "r")
    count = len(rows(tmp_path / "r"))
    again = run(tmp_path / "r")
    assert torch.equal(first.state_dict()["weight"], again.state_dict()["weight"])
    assert len(rows(tmp_path / "r")) == count


def test_refuses_the_directory_of_another_run(tmp_path: Path) -> None:
    run(tmp_path / "r")
    with pytest.raises(InputError, match="another configuration"):
        run(tmp_path / "r", replace(SETTINGS, learning_rate=0.1))


def test_a_run_may_be_prolonged(tmp_path: Path) -> None:
    run(tmp_path / "r")
    run(tmp_path / "r", replace(SETTINGS, steps=20))
    assert rows(tmp_path / "r")[-1]["step"] == 20
    config = json.loads((tmp_path / "r" / "config.json").read_text())
    assert config["loop"]["steps"] == 20
    assert config["earlier_steps"] == [12]


def test_refuses_a_broken_checkpoint(tmp_path: Path) -> None:
    run(tmp_path / "r")
    path = tmp_path / "r" / CHECKPOINT
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="checkpoint"):
        run(tmp_path / "r")


def test_rate_rises_and_falls() -> None:
    settings = LoopSettings(steps=100, warmup=10, learning_rate=1.0)
    rates = [learning_rate(k, settings) for k in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1, abs=0.05)
    assert rates[-1] == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize("bad", [{"precision": "float64"}, {"steps": 0}, {"checkpoint_every": 0}])
def test_refuses_settings_that_make_no_run(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        LoopSettings(**bad)  # type: ignore[arg-type]
