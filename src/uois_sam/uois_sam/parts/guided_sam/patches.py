"""The patches of an image that are classified as containing a part or not (Guided SAM, sections 1 and 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.errors import InputError


@dataclass(frozen=True)
class PatchGrid:
    """Square patches of cells of a `cells` x `cells` grid over the whole image, whatever its aspect ratio.

    The paper gives a patch about 1/14 of the image's width and height, and groups patches "that overlap"
    (section 3.3), but not their distance. With 28 cells and patches of 2 x 2 of them, they overlap by half;
    patches side by side would never overlap, and no group would have more than one.

    Attributes:
        cells: of a row and a column.
        span: cells of a patch's side.

    Raises:
        InputError: a patch is smaller than a cell or larger than the image.
    """

    cells: int = 28
    span: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.span <= self.cells:
            raise InputError(f"patches of {self.span} of {self.cells} cells; give 1 to {self.cells}")

    @property
    def side(self) -> int:
        """Patches of a row and a column."""
        return self.cells - self.span + 1

    def __len__(self) -> int:
        return self.side**2

    def places(self) -> NDArray[np.int64]:
        """(P, 2) int64, row and column of each patch's first cell; all patches are numbered row by row."""
        return np.stack(np.divmod(np.arange(len(self)), self.side), 1)

    def boxes(self, area: tuple[int, int, int, int]) -> NDArray[np.float32]:
        """(P, 4) float32, edges x0, y0, x1, y1 in pixels of the patches of an area (x, y, w, h) of an image.

        Edges, unlike pixel centres, run from 0 to the image's width.
        """
        x, y, width, height = area
        rows, columns = self.places().T
        cells = np.stack([columns, rows, columns + self.span, rows + self.span], 1)
        unit = np.array([width, height, width, height]) / self.cells
        return (cells * unit + (x, y, x, y)).astype(np.float32)

    def coverage(self, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(P,) float32, which share of each patch lies on the mask, (H, W) bool."""
        rows, columns = (self._shares(size) for size in mask.shape)
        shares: NDArray[np.float32] = (rows @ mask.astype(np.float32) @ columns.T).reshape(-1)
        return shares

    def pool(self, maps: Tensor) -> Tensor:
        """(B, P, C) means of (B, C, cells, cells) feature maps over the cells of each patch."""
        if maps.shape[-2:] != (self.cells, self.cells):
            raise InputError(f"maps are {tuple(maps.shape[-2:])}; the grid has {self.cells} x {self.cells} cells")
        return F.avg_pool2d(maps, self.span, 1).flatten(2).transpose(1, 2)

    def to_cells(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """(cells, cells) float32, the mean of (P,) values over the patches that hold each cell."""
        total, count = (np.zeros((self.cells, self.cells), np.float32) for _ in range(2))
        for row, column in np.ndindex(self.span, self.span):
            window = slice(row, row + self.side), slice(column, column + self.side)
            total[window] += values.reshape(self.side, self.side)
            count[window] += 1
        return total / count

    def _shares(self, size: int) -> NDArray[np.float32]:
        """(side, size) which share of each patch's side lies in each of `size` pixels."""
        low = np.arange(self.side)[:, None] * size / self.cells
        high = low + self.span * size / self.cells
        pixel = np.arange(size)[None]
        within = np.clip(np.minimum(pixel + 1, high) - np.maximum(pixel, low), 0, None)
        return (within / (high - low)).astype(np.float32)
