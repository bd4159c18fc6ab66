"""Annotations become queries, each with a pool of 100 pictures."""
