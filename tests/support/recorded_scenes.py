"""What the drawing decides beside the labels."""

from facetworld.drawing.render import render
from facetworld.scene import Scene


def recorded(scene: Scene) -> dict:
    chosen = {}
    render(scene, chosen=chosen)
    return chosen
