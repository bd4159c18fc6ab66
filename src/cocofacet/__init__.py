"""COCO-Facet: the benchmark, the retrievers, and every table and figure of the book.

    import cocofacet as cf

Its names are loaded when they are first used, so that the import itself is quick.
"""

from importlib import import_module

__version__ = "0.1.0"

# Where each public name lives; behind a colon, what it is called there, and nothing for
# the module itself.
PUBLIC = {
    "InputError": "io",
    "FACETS": "benchmark.facets",
    "Query": "benchmark.query",
    "Benchmark": "benchmark.dataset",
    "load": "benchmark.dataset",
    "build": "benchmark.build",
    "ROWS": "retrievers.zoo",
    "Row": "retrievers.zoo.row",
    "load_retriever": "retrievers.load:load",
    "embed_gallery": "embeddings.store",
    "rank_table": "evaluation.ranking",
    "recall_at": "evaluation.metrics",
    "averages": "evaluation.metrics",
    "interval": "evaluation.statistics",
    "paired_difference": "evaluation.statistics",
    "sign_flip": "evaluation.statistics",
    "open_workspace": "workspace",
    "use_style": "report.style",
    "made_with": "report.notebook",
    "captioned": "report.notebook",
    "folded": "report.notebook",
    "sample": "report.notebook",
    "markdown": "report.notebook",
    "prose": "report.notebook",
    "glue": "report.notebook",
    "conclude": "report.notebook",
    "does_not_apply": "report.notebook",
    "figures": "report.figures:",
    "tables": "report.tables:",
    "paper": "paper:",
    "index": "photos.make:index_folder",
    "search": "photos.search:search",
    "Wish": "photos.search:Wish",
}
__all__ = ["__version__", *PUBLIC]


def __getattr__(name: str):
    if name not in PUBLIC:
        raise AttributeError(f"module 'cocofacet' has no attribute {name!r}")
    place, colon, attribute = PUBLIC[name].partition(":")
    module = import_module(f"cocofacet.{place}")
    found = module if colon and not attribute else getattr(module, attribute or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
