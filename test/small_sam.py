"""The configuration of a SAM of 128 x 128 input and 8 x 8 embedding, for weights from nothing."""

from __future__ import annotations

SMALL_SAM = {
    "vision_config": {
        "hidden_size": 32,
        "output_channels": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "image_size": 128,
        "window_size": 3,
        "global_attn_indexes": [1],
        "num_pos_feats": 16,
        "mlp_dim": 48,
    },
    "prompt_encoder_config": {"hidden_size": 32, "image_size": 128, "mask_input_channels": 8},
    "mask_decoder_config": {"hidden_size": 32, "mlp_dim": 40, "num_attention_heads": 8, "iou_head_hidden_dim": 24},
}
