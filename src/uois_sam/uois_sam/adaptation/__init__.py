"""Clicks of a person, and a segmenter that learns from them while it is used (Schön et al., 2024)."""
