"""How numbers look and read."""
