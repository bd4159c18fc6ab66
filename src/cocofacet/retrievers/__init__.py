"""Retrievers: what turns texts and images into embeddings. Start at `zoo.load`."""
