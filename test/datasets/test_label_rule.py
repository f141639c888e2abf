"""Which labels are objects."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError

LABEL = np.array([[0, 1, 2], [3, 255, 2]], np.uint16)


@pytest.mark.parametrize(
    ("rule", "objects", "ignored"),
    [
        (LabelRule(), [[0, 1, 2], [3, 255, 2]], [[0, 0, 0], [0, 0, 0]]),
        (LabelRule(first_object=2, ignore=0), [[0, 0, 2], [3, 255, 2]], [[1, 0, 0], [0, 0, 0]]),
        (LabelRule(ignore=255), [[0, 1, 2], [3, 0, 2]], [[0, 0, 0], [0, 1, 0]]),
    ],
)
def test_rules(rule: LabelRule, objects: list, ignored: list) -> None:
    np.testing.assert_array_equal(rule.objects(LABEL), objects)
    assert rule.objects(LABEL).dtype == np.uint16
    np.testing.assert_array_equal(rule.ignored(LABEL), np.array(ignored, bool))


@pytest.mark.parametrize("bad", [{"first_object": 0}, {"ignore": -1}])
def test_bad_rules_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(InputError, match="wanted"):
        LabelRule(**bad)
