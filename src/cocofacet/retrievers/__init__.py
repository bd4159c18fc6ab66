"""Retrievers: what turns texts and images into embeddings. Start at `loading.load`."""
