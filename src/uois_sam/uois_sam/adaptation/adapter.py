"""A segmenter whose decoder learns while it is used (Schön et al., 2024, section 3.3)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.adaptation.decoders import adapted_parameters, with_decoder
from uois_sam.adaptation.interactive import InteractiveSession
from uois_sam.adaptation.loss import sparse_bce
from uois_sam.adaptation.pseudo_labels import click_labels, result_labels
from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.denormals import flush_denormals
from uois_sam.errors import InputError
from uois_sam.sam.protocol import Embedding, PromptableSegmenter


@dataclass(frozen=True)
class AdapterState:
    """All that an adapter has learned, to return to."""

    parameters: list[Tensor]
    optimizer: dict[str, Any]


class DecoderAdapter:
    """One decoder that learns from one object after the other.

    For each object: `begin`, then `InteractiveSession.add_click` and `learn_from_clicks` in turn, then `finish`.
    Objects of several classes or sites get an adapter each; what they share is the encoder.

    Attributes:
        segmenter: the segmenter with the decoder that learns; whoever holds it sees each step at once.
        settings: what is learned.
    """

    def __init__(
        self, segmenter: PromptableSegmenter, settings: AdaptationSettings, decoder: nn.Module | None = None
    ) -> None:
        """Copy a decoder; the segmenter's own stays as it is.

        Args:
            segmenter: any.
            settings: what is learned.
            decoder: to go on from, such as `DecoderStore.load` gives; None for the segmenter's own.

        Raises:
            ModelError: the decoder is not of this segmenter's kind.
        """
        self.settings = settings
        self.segmenter = with_decoder(segmenter, copy.deepcopy(segmenter.decoder if decoder is None else decoder))
        self._parameters = adapted_parameters(self.segmenter.decoder)
        self._lasting = self._optimizer()
        self._passing = self._lasting
        self._start = self.state()
        self._session: InteractiveSession | None = None

    @property
    def start(self) -> AdapterState:
        """What had been learned when the latest object was begun."""
        return self._start

    def begin(self, embedding: Embedding, initial: NDArray[np.bool_] | None = None) -> InteractiveSession:
        """The session of the next object; see `InteractiveSession`.

        What the clicks on an object before it taught in passing is forgotten, also where it was not finished.

        Raises:
            InputError: see `InteractiveSession`.
        """
        session = InteractiveSession(self.segmenter, embedding, initial)
        self._forget()
        self._session, self._start = session, self.state()
        if self.settings.click_adaptation == "reset":
            self._passing = self._optimizer()
        return session

    def learn_from_clicks(self, session: InteractiveSession) -> None:
        """CA: a step on all clicks so far; nothing where the settings are without.

        Raises:
            InputError: the session is not the one begun last, is finished, or has no click.
        """
        self._check(session)
        if self.settings.click_adaptation != "off":
            labels = click_labels(session.clicks, session.embedding.image_size)
            self._step(session, labels, self._passing)

    def finish(self, session: InteractiveSession) -> None:
        """The object is done: forget what was learned in passing, then one step on RM and CM.

        Raises:
            InputError: as `learn_from_clicks`.
        """
        self._check(session)
        self._forget()
        labels = result_labels(session.mask, session.clicks, self.settings)
        if labels is not None:
            self._step(session, labels, self._lasting)

    def state(self) -> AdapterState:
        """A copy of what has been learned so far."""
        parameters = [p.detach().clone() for p in self._parameters]
        return AdapterState(parameters, copy.deepcopy(self._lasting.state_dict()))

    def restore(self, state: AdapterState) -> None:
        """Return to a state of this adapter; an object that is not finished is given up."""
        self._session = None
        self._fill(state.parameters)
        self._lasting.load_state_dict(state.optimizer)

    def _step(self, session: InteractiveSession, labels: NDArray[np.int8], optimizer: torch.optim.Adam) -> None:
        answer = session.answers[-1]
        flush_denormals()
        with torch.enable_grad():
            candidates = self.segmenter.decode(session.embedding, answer.prompts)
            loss = sparse_bce(candidates.logits[0, answer.candidate, None], labels)
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()

    def _optimizer(self) -> torch.optim.Adam:
        return torch.optim.Adam(self._parameters, lr=self.settings.learning_rate, fused=True)

    def _forget(self) -> None:
        """End the object that is open; what its clicks taught goes, unless it is to last."""
        if self._session is not None and self.settings.click_adaptation == "reset":
            self._fill(self._start.parameters)
        self._session = None

    @torch.no_grad()
    def _fill(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)

    def _check(self, session: InteractiveSession) -> None:
        if session is not self._session:
            raise InputError("this session is finished or not the one that was begun last; begin a new one")
        if not session.clicks:
            raise InputError("the session has no click to learn from; add one first")
