"""The tables of `uois-sam reproduce guided-sam` for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from uois_sam.commands.tables import text_table
from uois_sam.evaluation.guided_clicks import PartClicks
from uois_sam.evaluation.guided_encode import EncodeFigures
from uois_sam.evaluation.guided_tables import PERFECT, GuidedTables, roi_columns


def guided_text(
    tables: GuidedTables,
    clicks: Sequence[PartClicks],
    corners: Mapping[str, int],
    trained_on: int,
    compared: Sequence[EncodeFigures],
) -> list[str]:
    """Every table as text.

    Args:
        tables: all that was measured on the held-out images.
        clicks: of each part, on the training images.
        corners: of the polygons of each part there.
        trained_on: number of training images.
        compared: the two ways to encode; none where they were not compared.
    """
    found = [_parts(tables), _loss(tables), _fusion(tables), _curve(tables), _clicks(clicks, corners, trained_on)]
    return [*found, _encodings(compared)] if compared else found


def _parts(tables: GuidedTables) -> str:
    found, iou = tables.as_dict(), tables.overlaps.iou()
    best = found["fusion_with_ours"]["best_variant"]
    rows = [["part", "AUC", *tables.columns, "best"]]
    for p, name in enumerate(tables.names):
        rows.append([name, *_numbers([tables.auc[p], *iou[p]]), best[name]])
    rows.append(["mean", *_numbers([found["mean_auc"], *iou.mean(0)]), ""])
    return text_table(rows)


def _loss(tables: GuidedTables) -> str:
    """Of each variant of a region: IoU as it is, with true patches, with a true region; and the differences."""
    own, true = tables.overlaps.iou().mean(0), tables.true_patches.iou().mean(0)
    perfect = own[tables.columns.index(PERFECT)]
    rows = [["guidance", "IoU", "true patches", "true region", "lost by classifiers", "by prompt", "by segmenter"]]
    for k, v in enumerate(roi_columns(tables.columns)):
        values = [own[v], true[k], perfect, true[k] - own[v], perfect - true[k], 1 - perfect]
        rows.append([tables.columns[v], *_numbers(values)])
    return text_table(rows)


def _fusion(tables: GuidedTables) -> str:
    found = tables.as_dict()
    paper, ours = found["fusion"], found["fusion_with_ours"]
    rows = [["images seen", "fused IoU", "with ours"]]
    rows.append(["lower bound", *_numbers([paper["lower"], ours["lower"]])])
    rows += [
        [str(seen), *_numbers([paper["seen"][seen]["mean"], ours["seen"][seen]["mean"]])] for seen in paper["seen"]
    ]
    rows.append(["upper bound", *_numbers([paper["upper"], ours["upper"]])])
    return text_table(rows)


def _curve(tables: GuidedTables) -> str:
    rows = [["images trained on", "AUC", *tables.curve[0].iou, "fused", "with ours"]]
    for point in tables.curve:
        values = [point.auc, *point.iou.values(), point.fused, point.fused_with_ours]
        rows.append([str(point.images), *_numbers(values)])
    return text_table(rows)


def _clicks(clicks: Sequence[PartClicks], corners: Mapping[str, int], images: int) -> str:
    rows = [["clicks per image", "prototypes", "patches", "together", "polygon corners", "times"]]
    for part in clicks:
        rows.append([part.name, *_per_image(part.prototypes, part.patches, corners[part.name], images)])
    prototypes, patches = sum(part.prototypes for part in clicks), sum(part.patches for part in clicks)
    rows.append(["all", *_per_image(prototypes, patches, sum(corners.values()), images)])
    return text_table(rows)


def _per_image(prototypes: int, patches: int, corners: int, images: int) -> list[str]:
    together = prototypes + patches
    counts = [f"{count / images:.2f}" for count in (prototypes, patches, together, corners)]
    return [*counts, f"{corners / together:.1f}" if together else "-"]


def _encodings(compared: Sequence[EncodeFigures]) -> str:
    rows = [["encode", *compared[0].iou, "seconds an image"]]
    rows += [[way.encode, *_numbers(list(way.iou.values())), f"{way.seconds:.2f}"] for way in compared]
    return text_table(rows)


def _numbers(values: Sequence[float] | Sequence[np.floating]) -> list[str]:
    return [f"{value:.3f}" for value in values]
