"""Scores become ranks, and ranks become numbers with their intervals."""
