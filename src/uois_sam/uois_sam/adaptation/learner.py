"""A decoder that learns from one correction after the other while it is used, under names on disk."""

from __future__ import annotations

import copy
from pathlib import Path

from torch import nn

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.correction import Correction
from uois_sam.adaptation.rollback import CorrectionBuffer, UpdateReport, guarded_finish
from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.adaptation.store import DecoderStore
from uois_sam.sam.protocol import PromptableSegmenter


class CorrectionLearner:
    """Used by one thread at a time.

    Args:
        segmenter: as it was trained; stays as it is.
        settings: what corrections teach.
        folder: of the named decoders.
    """

    def __init__(self, segmenter: PromptableSegmenter, settings: AdaptationSettings, folder: Path) -> None:
        self.settings = settings
        self._segmenter = segmenter
        self._store = DecoderStore(folder, segmenter)
        self.reset()

    def learn(self, correction: Correction) -> UpdateReport:
        """Learn from a correction, or take back what makes earlier ones worse.

        Raises:
            InputError: the clicks do not fit the image.
        """
        session = self._adapter.begin(correction.embedding, correction.initial)
        for click in correction.clicks:
            session.add_click(click.x, click.y, click.positive)
            self._adapter.learn_from_clicks(session)
        return guarded_finish(self._adapter, session, self._buffer)

    def decoder(self) -> nn.Module:
        """A copy of the decoder as it is now."""
        decoder: nn.Module = copy.deepcopy(self._adapter.segmenter.decoder)
        return decoder.requires_grad_(False)

    def save(self, name: str) -> Path:
        """Keep the decoder under a name.

        Raises:
            InputError: the name cannot be one, or the file cannot be written.
        """
        return self._store.save(name, self._adapter.segmenter.decoder)

    def load(self, name: str) -> None:
        """Go on with the decoder of a name; what was learned since it was saved is forgotten.

        Raises:
            InputError: the name cannot be one.
            ModelError: nothing whole was saved under it for this model.
        """
        self._begin(self._store.load(name))

    def reset(self) -> None:
        """Go on with the decoder as it was trained."""
        self._begin(None)

    def _begin(self, decoder: nn.Module | None) -> None:
        self._adapter = DecoderAdapter(self._segmenter, self.settings, decoder)
        self._buffer = CorrectionBuffer(erosions=self.settings.erosions)
