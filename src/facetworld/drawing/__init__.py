"""A scene becomes a picture: one module for each kind of thing drawn."""
