"""Annotation by a person: what was said, and the local web pages to say it on."""
