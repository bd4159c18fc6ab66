"""What stands between a wish and a ranking: which question, in what order."""
