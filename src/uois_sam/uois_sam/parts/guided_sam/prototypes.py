"""Groups of patches that look alike, to be labelled together, and which of them to show first (section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid


@dataclass(frozen=True)
class PrototypeSettings:
    """How patches are grouped.

    Attributes:
        patches: wanted in a prototype, on average. The paper gives no number. Small prototypes are pure and want a
            click each, large ones are mixed and want corrections: with features of the bundled encoder, of 6, 12,
            24 and 48 patches, 24 took the fewest clicks until half of a part's patches were found, and 48 was no
            more than a twentieth better until nine in ten were.
        most: patches of one prototype at most; larger ones are split, since all that is said of must be seen.
        components: principal components of the standardised features that distances are taken in.
        seed: of the clustering.

    Raises:
        InputError: a value is out of range.
    """

    patches: int = 24
    most: int = 60
    components: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.patches <= self.most or self.components < 1:
            raise InputError(
                f"prototypes of {self.patches} patches, at most {self.most}, over {self.components} components;"
                " wanted 1 or more, no fewer than that, and 1 or more"
            )


class PrototypeOrder(Protocol):
    """Says which prototypes are worth a look."""

    def __call__(self, part: int, said: NDArray[np.int8]) -> NDArray[np.float64]:
        """(R,) float64 of all prototypes for a part, the highest to be shown first.

        `said` is (M,) int8 over all patches that are grouped: 1 contains the part, 0 does not, -1 nobody said.
        """


def side_by_side(grid: PatchGrid) -> NDArray[np.int64]:
    """(T,) int64, rising numbers of patches that cover the image with as little overlap as there can be.

    A person who judged every patch of a grid whose patches overlap by half would judge each place four times.
    """
    first = np.unique(np.append(np.arange(0, grid.side, grid.span), grid.side - 1))
    return (first[:, None] * grid.side + first).reshape(-1)


def reduce_features(features: NDArray[np.floating], settings: PrototypeSettings) -> NDArray[np.float32]:
    """(M, D) float32 principal components of (M, C) standardised features; D is at most M and C.

    Raises:
        InputError: scikit-learn is not installed.
    """
    _need_sklearn()
    from sklearn.decomposition import PCA

    wide = features.astype(np.float32)
    standard = (wide - wide.mean(0)) / (wide.std(0) + 1e-6)
    count = min(settings.components, *standard.shape)
    reduced: NDArray[np.float32] = PCA(count, svd_solver="randomized", random_state=settings.seed).fit_transform(
        standard
    )
    return reduced.astype(np.float32, copy=False)


def find_prototypes(points: NDArray[np.float32], settings: PrototypeSettings) -> list[NDArray[np.int64]]:
    """Group (M, D) points by k-means.

    Returns:
        Per prototype the rows of its members, the most typical first. Each point is in one prototype.

    Raises:
        InputError: there are no points, or scikit-learn is not installed.
    """
    _need_sklearn()
    if not len(points):
        raise InputError("there are no patches to group; give images")
    waiting = [np.arange(len(points))]
    found = []
    while waiting:
        rows = waiting.pop()
        if len(rows) <= (settings.patches if len(rows) == len(points) else settings.most):
            found.append(_typical_first(points, rows))
            continue
        count = max(2, round(len(rows) / settings.patches))
        groups = _cluster(points[rows], count, settings.seed)
        if groups.max() == 0:  # equal points cannot be told apart
            found += np.array_split(rows, -(-len(rows) // settings.patches))
            continue
        waiting += [rows[groups == k] for k in range(groups.max(), -1, -1)]
    return found


class UncertaintyOrder:
    """Shows first what a logistic regression on the labels so far is least sure of; before, the largest.

    Args:
        points: (M, D) of all patches, as `find_prototypes` had them.
        prototypes: as it found them.
    """

    def __init__(self, points: NDArray[np.float32], prototypes: Sequence[NDArray[np.int64]]) -> None:
        self._points = points
        self._prototypes = prototypes

    def __call__(self, part: int, said: NDArray[np.int8]) -> NDArray[np.float64]:
        """See `PrototypeOrder`."""
        known = np.flatnonzero(said >= 0)
        if len(np.unique(said[known])) < 2:
            return np.array([len(rows) for rows in self._prototypes], np.float64)
        from sklearn.linear_model import LogisticRegression

        scale = self._points[:, 0].std() + 1e-6
        learner = LogisticRegression(class_weight="balanced", max_iter=300)
        learner.fit(self._points[known] / scale, said[known])
        doubt = 1 - np.abs(2 * learner.predict_proba(self._points / scale)[:, 1] - 1)
        return mean_scores(self._prototypes, doubt)


class SimilarityOrder:
    """Shows first what is most like a part's name (section 3.1: "ranked by descending CLIP score").

    Args:
        scores: (R, K) of R prototypes and K parts.
    """

    def __init__(self, scores: NDArray[np.floating]) -> None:
        self._scores = scores.astype(np.float64)

    def __call__(self, part: int, said: NDArray[np.int8]) -> NDArray[np.float64]:
        """See `PrototypeOrder`."""
        return self._scores[:, part]


def mean_scores(prototypes: Sequence[NDArray[np.int64]], scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """(R, ...) means of (M, ...) scores of patches over each prototype (section 4.2)."""
    return np.stack([scores[rows].mean(0, dtype=np.float64) for rows in prototypes])


def _cluster(points: NDArray[np.float32], count: int, seed: int) -> NDArray[np.int64]:
    """(M,) numbers from 0 on without gaps."""
    from sklearn.cluster import MiniBatchKMeans

    means = MiniBatchKMeans(count, batch_size=max(1024, 3 * count), n_init=1, random_state=seed)
    groups: NDArray[np.int64] = np.unique(means.fit_predict(points), return_inverse=True)[1]
    return groups


def _typical_first(points: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    own = points[rows]
    return rows[np.argsort(np.square(own - own.mean(0)).sum(1), kind="stable")]


def _need_sklearn() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise InputError(
            "grouping patches needs scikit-learn, which is not installed; pip install scikit-learn"
        ) from None
