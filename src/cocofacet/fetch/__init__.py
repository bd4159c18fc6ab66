"""The official files, brought into one folder."""
