"""COCO-Facet: the benchmark, the retrievers, and every table and figure of the book."""

__version__ = "0.1.0"
