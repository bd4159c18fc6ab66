"""The explorer: the page on which a reader compares what each method finds."""
