"""The rendered world: scenes whose every facet is known, and the tiny models' training.

It imports nothing of ``cocofacet`` and is never imported by it. The two meet only
through annotation files, image files and checkpoint folders.
"""
