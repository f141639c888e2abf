"""A small PartCLIPSeg from nothing: random weights, and a tokenizer that knows the words of one data set."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Tokenizer, normalizers, processors
from tokenizers.models import WordLevel
from torch import nn
from transformers import CLIPSegConfig, PreTrainedTokenizerFast

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.network import PartClipSegNetwork

HYPERNYM = "object"
_START, _END = "<start>", "<end>"
_DECODER_LAYERS = 3


@dataclass(frozen=True)
class SmallClipSeg:
    """Sizes of a CLIPSeg that learns from nothing.

    Attributes:
        input_size: side of the square of pixels.
        patch: side of a token, pixels; a multiple of 4.
        width, depth, heads: of the image encoder.
        reduce: width of the decoder.
        word_width, word_depth: of the text encoder.
    """

    input_size: int = 112
    patch: int = 8
    width: int = 96
    depth: int = 4
    heads: int = 4
    reduce: int = 48
    word_width: int = 64
    word_depth: int = 1

    def __post_init__(self) -> None:
        if min(self.input_size, self.patch, self.width, self.heads, self.word_width, self.word_depth) < 1:
            raise InputError("a size of the small CLIPSeg is below 1; give whole numbers from 1 on")
        if self.input_size % self.patch or self.patch % 4 or self.depth < _DECODER_LAYERS:
            raise InputError(
                f"input_size={self.input_size}, patch={self.patch}, depth={self.depth}; wanted a multiple of the "
                f"patch, a patch that is a multiple of 4, and at least {_DECODER_LAYERS} layers"
            )
        for name, width in (("width", self.width), ("reduce", self.reduce), ("word_width", self.word_width)):
            if width % self.heads or width < 4:
                raise InputError(f"{name} is {width}; wanted a multiple of the {self.heads} heads, at least 4")


def small_part_clipseg(vocabulary: PartVocabulary, sizes: SmallClipSeg) -> PartClipSegModel:
    """A model with random weights for the words of a vocabulary.

    Every name is one token. A name that is none of them reads as "object", which training teaches to be any
    object: without CLIP's embeddings nothing else can be said of an unseen one.
    """
    names = sorted({*vocabulary.objects, *vocabulary.parts} - {HYPERNYM})
    tokens = [_START, _END, HYPERNYM, *(name.lower() for name in names)]
    ids = {token: k for k, token in enumerate(dict.fromkeys(tokens))}
    words = Tokenizer(WordLevel(ids, unk_token=HYPERNYM))
    words.normalizer = normalizers.Lowercase()
    words.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A {_END}", special_tokens=[(t, ids[t]) for t in (_START, _END)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token=_START, eos_token=_END, pad_token=_END, unk_token=HYPERNYM
    )
    layers = list(range(sizes.depth - _DECODER_LAYERS, sizes.depth))
    config = CLIPSegConfig(
        vision_config={
            "image_size": sizes.input_size,
            "patch_size": sizes.patch,
            "hidden_size": sizes.width,
            "intermediate_size": 2 * sizes.width,
            "num_hidden_layers": sizes.depth,
            "num_attention_heads": sizes.heads,
        },
        text_config={
            "vocab_size": len(ids),
            "hidden_size": sizes.word_width,
            "intermediate_size": 2 * sizes.word_width,
            "num_hidden_layers": sizes.word_depth,
            "num_attention_heads": sizes.heads,
            "max_position_embeddings": 8,
            "bos_token_id": ids[_START],
            "eos_token_id": ids[_END],
            "pad_token_id": ids[_END],
        },
        projection_dim=sizes.word_width,
        extract_layers=layers,
        reduce_dim=sizes.reduce,
        decoder_num_attention_heads=sizes.heads,
        decoder_intermediate_size=2 * sizes.reduce,
        use_complex_transposed_convolution=True,
    )
    network = PartClipSegNetwork(config)
    for (
        module
    ) in network.decoder.modules():  # transformers' own is made to be overwritten: its logits are hundreds
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            module.reset_parameters()
    network.start_from_clipseg()
    return PartClipSegModel(network, tokenizer, sizes.input_size, vocabulary.objects, vocabulary.parts, HYPERNYM)
