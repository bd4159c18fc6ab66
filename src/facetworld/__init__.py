"""The rendered world: scenes with a label for every facet, drawn and annotated.

``facetworld`` and ``cocofacet`` never import each other; they share only files.
"""
