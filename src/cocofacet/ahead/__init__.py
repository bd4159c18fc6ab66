"""All that a run's notebooks need embedded, embedded before the first of them."""
