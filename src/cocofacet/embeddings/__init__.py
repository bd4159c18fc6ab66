"""Every picture of a benchmark embedded once, and kept on disk."""
