"""Text, image and prompt become unit vectors."""
