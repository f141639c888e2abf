"""Synthetic tables: physically settled clutter with exact colour, depth, instance and part images."""
