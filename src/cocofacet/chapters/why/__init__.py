"""The chapter on why some facets are not found."""
