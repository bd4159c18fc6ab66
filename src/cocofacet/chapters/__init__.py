"""One module a chapter: what only that chapter computes and shows."""
