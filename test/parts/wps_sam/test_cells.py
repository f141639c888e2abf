"""Proposals from the cells of the embedding: the network, what its cells should say, and its losses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from uois_sam.errors import InputError
from uois_sam.parts.wps_sam.cell_losses import cell_losses, cell_targets, centre_loss
from uois_sam.parts.wps_sam.cells import CellMaps, CellPrompter, sine_positions
from uois_sam.parts.wps_sam.matching import TrueParts
from uois_sam.parts.wps_sam.prompter import PrompterSettings

SMALL = PrompterSettings(16, 2, 8, 1, 1, 5, (1, 2), "cells")
GRID = (9, 13)


def network(grid: tuple[int, int] = GRID, settings: PrompterSettings = SMALL) -> CellPrompter:
    torch.manual_seed(0)
    return CellPrompter(settings, 3, grid, 2)


class Told(CellPrompter):
    """Says the same of every frame."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__(SMALL, 3, GRID, len(logits))
        self.told = logits

    def forward(self, features: Tensor) -> CellMaps:
        return CellMaps(self.told[None], torch.zeros(1, SMALL.width, *self.told.shape[1:]))


def truth(*parts: tuple[int, float, float, float, float]) -> TrueParts:
    """Of kind, cx, cy, w, h in cells."""
    kinds = torch.tensor([part[0] for part in parts], dtype=torch.int64)
    boxes = torch.tensor([part[1:] for part in parts], dtype=torch.float32).view(-1, 4)
    return TrueParts(kinds, boxes / torch.tensor([GRID[1], GRID[0]] * 2))


def test_cells_keep_the_stride_of_the_first_convolution() -> None:
    maps = network()(torch.randn(2, 3, *GRID))
    assert maps.logits.shape == (2, 2, *GRID)
    assert maps.cells.shape == (2, 16, *GRID)
    assert float(maps.logits.sigmoid().mean().detach()) == pytest.approx(0.01, abs=0.01)
    coarser = network(settings=PrompterSettings(16, 2, 8, 1, 1, 5, (2, 1), "cells"))
    assert coarser(torch.zeros(1, 3, *GRID)).logits.shape == (1, 2, 5, 7)


def test_every_weight_of_cells_learns() -> None:
    prompter = network()
    parts = [truth((0, 4.2, 4.8, 5, 4), (1, 8.0, 2.0, 2, 2)), truth()]
    cell_losses(prompter, prompter(torch.randn(2, 3, *GRID)), parts)["loss"].backward()
    assert [name for name, p in prompter.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_cells_refuse_another_segmenter_s_embedding() -> None:
    with pytest.raises(InputError, match=r"this prompter wants \(B, 3, 9, 13\)"):
        network()(torch.zeros(1, 4, *GRID))
    with pytest.raises(InputError, match="'pixels'; wanted queries or cells"):
        PrompterSettings(proposals="pixels")


def test_a_part_s_own_cell_is_sure_and_those_around_it_less() -> None:
    targets = cell_targets(truth((1, 4.5, 4.5, 8, 4)), 2, GRID)
    assert not targets.likely[0].any()
    assert targets.likely[1, 4, 4] == 1
    assert targets.centres.tolist() == [4 * 13 + 4]
    reached = targets.likely[1].nonzero()
    assert (reached.amin(0).tolist(), reached.amax(0).tolist()) == ([3, 2], [5, 6])
    assert float(targets.weights.sum()) == pytest.approx(1)
    assert sorted(targets.places.tolist()) == sorted((reached[:, 0] * 13 + reached[:, 1]).tolist())


def test_parts_of_one_kind_share_no_cell() -> None:
    targets = cell_targets(truth((0, 3.5, 4.5, 9, 9), (0, 6.5, 4.5, 9, 9), (1, 5.5, 4.5, 9, 9)), 2, GRID)
    places = [set(targets.places[targets.parts == part].tolist()) for part in range(3)]
    middle = {y * 13 + 5 for y in range(9)}
    assert (places[0] & places[1]) <= middle  # as near to the one as to the other
    assert places[0] & places[2]
    assert [float(targets.weights[targets.parts == part].sum()) for part in range(3)] == pytest.approx([1, 1, 1])


def test_small_parts_and_parts_at_the_border_have_a_cell() -> None:
    targets = cell_targets(truth((0, 13.0, 9.0, 0.3, 0.2), (1, 0.0, 0.0, 1, 1)), 2, GRID)
    assert targets.centres.tolist() == [8 * 13 + 12, 0]
    assert targets.weights.tolist() == [1, 1]


def test_centres_count_fully_and_their_neighbours_hardly() -> None:
    likely = torch.zeros(1, 1, 1, 3)
    likely[0, 0, 0, 0], likely[0, 0, 0, 1] = 1.0, 0.5
    even = float(centre_loss(torch.zeros(1, 1, 1, 3), likely))
    assert even == pytest.approx(0.25 * math.log(2) * (1 + 0.5**4 + 1))
    assert float(centre_loss(torch.tensor([[[[9.0, -9.0, -9.0]]]]), likely)) < 1e-6


def test_right_answers_have_no_loss() -> None:
    parts = truth((0, 4.5, 4.5, 3, 3), (1, 10.5, 2.5, 3, 3))  # each has one cell
    prompter = network()
    for parameter in prompter.box_head.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        prompter.box_head[-1].bias[2:] = math.log(3 / 4)
    likely = cell_targets(parts, 2, GRID).likely
    maps = CellMaps(torch.where(likely == 1, 12.0, -12.0)[None], torch.zeros(1, 16, *GRID))
    losses = cell_losses(prompter, maps, [parts])
    assert float(losses["loss"].detach()) == pytest.approx(0, abs=1e-3)
    assert float(losses["recall"]) == 1
    swapped = cell_losses(prompter, CellMaps(maps.logits.flip(1), maps.cells), [parts])
    assert float(swapped["recall"]) == 0
    assert float(swapped["class"].detach()) > 10


def test_frames_without_parts_only_say_so() -> None:
    losses = cell_losses(network(), network()(torch.randn(2, 3, *GRID)), [truth(), truth()])
    assert float(losses["l1"].detach()) == float(losses["giou"].detach()) == 0
    assert float(losses["class"].detach()) > 0


def test_peaks_are_cells_likelier_than_their_neighbours() -> None:
    logits = torch.full((2, *GRID), -9.0)
    logits[0, 2, 3], logits[0, 2, 4], logits[1, 2, 4], logits[1, 8, 12] = 2.0, 1.0, 1.5, 0.5
    told = Told(logits)
    peaks = told.peaks(torch.zeros(1, 3, *GRID), threshold=0.5)
    assert peaks.kinds.tolist() == [0, 1, 1]
    assert peaks.scores.tolist() == pytest.approx(torch.tensor([2.0, 1.5, 0.5]).sigmoid().tolist())
    cells = peaks.boxes[:, :2] * torch.tensor([13.0, 9.0])
    torch.testing.assert_close(cells, torch.tensor([[3.5, 2.5], [4.5, 2.5], [12.5, 8.5]]), atol=1.0, rtol=0)
    assert told.peaks(torch.zeros(1, 3, *GRID), [1], 0.7).kinds.tolist() == [1]
    assert len(told.peaks(torch.zeros(1, 3, *GRID), threshold=0.95).kinds) == 0
    logits[:, 1::6, 1::5] = 3.0
    assert len(Told(logits).peaks(torch.zeros(1, 3, *GRID)).kinds) == 5  # settings.queries


def test_a_part_that_two_cells_see_is_one() -> None:
    logits = torch.full((2, *GRID), -9.0)
    logits[0, 4, 3], logits[0, 4, 5], logits[1, 4, 5] = 2.0, 3.0, 1.0
    told = Told(logits)
    for parameter in told.box_head.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        told.box_head[-1].bias[2:] = math.log(2)
    peaks = told.peaks(torch.zeros(1, 3, *GRID), threshold=0.5)
    assert peaks.kinds.tolist() == [0, 1]  # boxes of 8 cells, 2 apart: the surer of two and that of the other kind
    torch.testing.assert_close(peaks.boxes[0], torch.tensor([5.5 / 13, 4.5 / 9, 8 / 13, 8 / 9]))


def test_positions_tell_all_cells_apart() -> None:
    for width in (16, 18):
        positions = sine_positions(*GRID, width)
        assert positions.shape == (9 * 13, width)
        assert float((torch.cdist(positions, positions) + 9 * torch.eye(9 * 13)).min()) > 0.01
