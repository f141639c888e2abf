"""What HDNet may read beside the decoder's tokens: a mask's shape, the depth under it, and what other prompts say.

A mask that ends where the depth has its edge, that stands above the table inside and not outside, of which the
decoder is sure, and which the other prompts that lie on it answer with too, is more likely whole than one that
ends in the middle of a smooth face. The paper's HDNet reads tokens alone (UOIS-SAM, eq. 5); this is ours.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from uois_sam.sam.geometry import GEOMETRY_CHANNELS
from uois_sam.sam.protocol import Embedding, MaskCandidates

_CELLS = 80
"""Cells along the longer side of the image that masks and geometry are compared on."""
_OUTER = 2
_INNER = 1
"""Cells that a mask grows and shrinks by for its borders."""
_UNSURE = 0.4
_MANY = 10

_SHAPE_CHANNELS = 5
_RELATION_CHANNELS = 12
EVIDENCE_CHANNELS = 3 * GEOMETRY_CHANNELS + _SHAPE_CHANNELS + _RELATION_CHANNELS
"""Geometry inside, along the inner and along the outer border; shape; relations."""


def gather_evidence(candidates: MaskCandidates, points: Tensor, embedding: Embedding) -> Tensor:
    """Evidence about every candidate mask of one frame: `geometry_and_shape`, then `relations`.

    Args:
        candidates: of M prompts, all that were asked for on this frame.
        points: (M, 2) x, y in pixels of the image, the first point of each prompt.
        embedding: of the frame.

    Returns:
        (M, 4, `EVIDENCE_CHANNELS`) float32.
    """
    rows, columns = candidates.logits.shape[-2:]
    scale = _CELLS / max(rows, columns)
    size = (max(1, round(rows * scale)), max(1, round(columns * scale)))
    coarse = F.interpolate(candidates.logits, size=size, mode="nearest-exact").flatten(0, 1).sigmoid()
    height, width = embedding.image_size
    shares = (points.to(coarse) + 0.5) / coarse.new_tensor([width, height])
    evidence = torch.cat(
        [geometry_and_shape(coarse, embedding.geometry), relations(coarse, candidates.scores, shares)], 1
    )
    return evidence.unflatten(0, candidates.scores.shape)


def geometry_and_shape(probability: Tensor, geometry: Tensor | None) -> Tensor:
    """What the mask's own cells say.

    Args:
        probability: (K, h, w) of the masks.
        geometry: (1, 7, h', w') `geometry_channels` of the same image, or None without depth.

    Returns:
        (K, 26): mean geometry under the mask, its inner and its outer border (zeros without depth, and for a
        border that has no cell); the square root of the area as a share of the image's, the mean probability
        inside, how much is unsure (probability 0.1 to 0.9) as a share of the area, at most 5, the inner border's
        share of the area, and the share of the mask that touches the image's border.
    """
    size = (probability.shape[-2], probability.shape[-1])
    solid = probability > 0.5
    borders = (solid & _grown(~solid, _INNER), _grown(solid, _OUTER) & ~solid)
    mask, inner, outer, probability = (x.flatten(1).float() for x in (solid, *borders, probability))
    area = mask.sum(1)
    inside = area.clamp(min=1)
    at_image_border = torch.ones(size, device=mask.device)
    at_image_border[1:-1, 1:-1] = 0
    shape = [
        (area / mask.shape[1]).sqrt(),
        (probability * mask).sum(1) / inside,
        (((probability - 0.5).abs() < _UNSURE).sum(1) / inside).clamp(max=5),
        inner.sum(1) / inside,
        (mask * at_image_border.flatten()).sum(1) / inside,
    ]
    if geometry is None:
        means = [mask.new_zeros(len(mask), GEOMETRY_CHANNELS)] * 3
    else:
        cells = F.interpolate(geometry, size=size, mode="area")[0].flatten(1).T
        means = [part @ cells / part.sum(1, keepdim=True).clamp(min=1) for part in (mask, inner, outer)]
    return torch.cat([*means, torch.stack(shape, 1)], 1)


def relations(probability: Tensor, scores: Tensor, points: Tensor) -> Tensor:
    """What the other prompts, and the other candidates of the same prompt, say about a mask.

    Args:
        probability: (4 M, h, w) of the candidates, prompt by prompt.
        scores: (M, 4) the segmenter's own.
        points: (M, 2) x, y as shares of the image's width and height.

    Returns:
        (4 M, 12). Of the other prompts whose point lies on the mask: their number, a tenth for each, at most 1;
        whether there are any; the mean over them of the best score times IoU among their candidates, of the IoU
        with their best candidate, of the share of the mask that it covers, of the share of it that lies in the
        mask, and of its score (own score and ones where there are none). Of the own prompt's candidates: the three
        highest IoU with them, itself included; the area as a share of the largest; and the score less the highest.
    """
    count, (h, w) = len(scores), probability.shape[-2:]
    mask = (probability > 0.5).flatten(1).float()
    area = mask.sum(1).clamp(min=1)
    shared = mask @ mask.T
    iou = shared / (area[:, None] + area[None] - shared).clamp(min=1)
    column = (points[:, 0] * w).long().clamp(0, w - 1)
    row = (points[:, 1] * h).long().clamp(0, h - 1)
    other = 1 - torch.eye(count, device=mask.device).repeat_interleave(4, 0)
    hits = mask[:, row * w + column] * other
    number = hits.sum(1)
    alone = number == 0
    own, ones = scores.flatten(), torch.ones_like(number)
    best, highest = scores.argmax(1), scores.max(1).values
    chosen = torch.arange(count, device=mask.device) * 4 + best

    def mean(values: Tensor, default: Tensor) -> Tensor:
        return torch.where(alone, default, (values * hits).sum(1) / number.clamp(min=1))

    agreed = (iou * own[None]).unflatten(1, (count, 4)).amax(2) if count else iou
    siblings = iou.view(count, 4, count, 4).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
    areas = area.view(count, 4)
    return torch.cat(
        [
            torch.stack(
                [
                    number.clamp(max=_MANY) / _MANY,
                    (~alone).float(),
                    mean(agreed, own),
                    mean(iou[:, chosen], ones),
                    mean(shared[:, chosen] / area[:, None], ones),
                    mean(shared[:, chosen] / area[None, chosen], ones),
                    mean(highest[None].expand(4 * count, count), own),
                ],
                1,
            ),
            siblings.sort(-1, descending=True).values[..., :3].flatten(0, 1),
            (areas / areas.amax(1, keepdim=True)).flatten()[:, None],
            (scores - highest[:, None]).flatten()[:, None],
        ],
        1,
    )


def _grown(mask: Tensor, cells: int) -> Tensor:
    """(K, h, w) bool masks grown by a square of `cells` to each side; some ten times faster than pooling here."""
    h, w = mask.shape[1:]
    padded = F.pad(mask, (cells, cells, cells, cells))
    wide = padded[:, :, :w].clone()
    for shift in range(1, 2 * cells + 1):
        wide |= padded[:, :, shift : shift + w]
    grown = wide[:, :h].clone()
    for shift in range(1, 2 * cells + 1):
        grown |= wide[:, shift : shift + h]
    return grown
