"""A small PartCLIPSeg without CLIP: image features of ImageNet, random weights, the words of one data set."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Tokenizer, normalizers, processors
from tokenizers.models import WordLevel
from torch import nn
from transformers import CLIPSegConfig, PreTrainedTokenizerFast

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.conv_vision import LAYERS
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.network import PartClipSegNetwork
from uois_sam.sam.tiny.imagenet import imagenet_weights

HYPERNYM = "object"
_START, _END = "<start>", "<end>"


@dataclass(frozen=True)
class SmallClipSeg:
    """Sizes of a CLIPSeg that learns without CLIP's weights.

    Attributes:
        input_size: side of the square of pixels that the image encoder sees.
        tokens: along a side.
        patch: pixels of the answer along a token's side, a multiple of 4.
        width: of a token of the image.
        reduce, heads: of the decoder.
        word_width, word_depth: of the text encoder.
        imagenet: whether the image features are those that ImageNet taught; random ones teach nothing but tests.
    """

    input_size: int = 160
    tokens: int = 8
    patch: int = 8
    width: int = 96
    reduce: int = 48
    heads: int = 4
    word_width: int = 64
    word_depth: int = 1
    imagenet: bool = True

    def __post_init__(self) -> None:
        for name, least in {"heads": 1, "word_depth": 1, "input_size": 32, "width": 4}.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; wanted at least {least}")
        if self.tokens < 2 or self.patch < 4 or self.patch % 4:
            raise InputError(
                f"tokens={self.tokens}, patch={self.patch}; wanted at least 2 tokens and a multiple of 4 as patch"
            )
        for name, width in (("reduce", self.reduce), ("word_width", self.word_width)):
            if width % self.heads or width < 4:
                raise InputError(f"{name} is {width}; wanted a multiple of the {self.heads} heads, at least 4")


def small_part_clipseg(vocabulary: PartVocabulary, sizes: SmallClipSeg) -> PartClipSegModel:
    """A model for the words of a vocabulary, random but for its image features.

    Every name is one token. A name that is none of them reads as "object", which training teaches to be any
    object: without CLIP's embeddings nothing else can be said of an unseen one.

    Raises:
        ModelError: the package of the ImageNet weights is not installed.
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
    config = CLIPSegConfig(
        vision_config={
            "image_size": sizes.tokens * sizes.patch,
            "patch_size": sizes.patch,
            "hidden_size": sizes.width,
            "intermediate_size": sizes.width,  # CLIP's own, which is replaced at once
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
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
        extract_layers=list(range(LAYERS)),
        reduce_dim=sizes.reduce,
        decoder_num_attention_heads=sizes.heads,
        decoder_intermediate_size=2 * sizes.reduce,
        use_complex_transposed_convolution=True,
    )
    network = PartClipSegNetwork(config, convolutional=True)
    if sizes.imagenet:
        network.clip.vision_model.colour.load_imagenet(imagenet_weights())
    # transformers' own beginning is made to be overwritten: its logits are hundreds
    for module in network.decoder.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            module.reset_parameters()
    network.start_from_clipseg()
    return PartClipSegModel(network, tokenizer, sizes.input_size, vocabulary.objects, vocabulary.parts, HYPERNYM)
