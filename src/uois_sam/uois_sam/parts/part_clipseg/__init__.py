"""PartCLIPSeg (Choi et al., NeurIPS 2024): parts by words, on CLIPSeg."""
