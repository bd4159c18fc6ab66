"""The chapter on one's own pictures: what a search finds, and where its list ends."""
