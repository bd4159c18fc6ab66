"""The full scale rehearsed with tiny checkpoints under the official names."""
