"""How the tiny checkpoints were made. Not installed: `python -m training`."""
