"""The evaluation's questions and query templates, from the paper's released code, and
what two texts are compared by."""

import re

# GPT-written, then human-written; the last of each nine is about a facet left out here.
EVALUATION_QUESTIONS = """
Which objects are present in this image?
Which animals can be seen in this image?
What gesture are the people making in this image?
What type of location is depicted in this image?
What time of day is depicted in this image?
How many people are present in this image?
What is the weather like in this image?
What material are the objects in this image made of?
Which country is shown in this image?
What objects are in the image?
What animals are in this image?
What is the person doing in the image?
What scene is in the image?
When is the image taken?
How many people are in the image?
What is the weather in the image?
What are the objects made of in the image?
What country is the scene located in the image?
""".strip().splitlines()
EVALUATION_TEMPLATES = """
Find me an image that contains any {}.
Find me an everyday image that contains someone {}.
Find me an everyday image that shows the scene of {}.
Find me an everyday image that shows the scene {}.
Find me an everyday image that is taken during the {}.
Find me an everyday image showing one person in the picture.
Find me an everyday image showing {} in the picture.
Find me an everyday image with {} people in the picture.
Find me an everyday image with {} in the picture.
Find me an everyday image that is taken in a {} day.
Find me an everyday image showing some object or surface made of {}.
""".strip().splitlines()


def plain(text: str) -> str:
    """Its words alone, in small letters."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
