"""The chapter on the linear approximation."""
