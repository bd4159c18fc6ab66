"""Show the repository and Colab buttons only once the project has an address.

``repository.url`` in ``_config.yml`` is the one setting. While it is empty, the theme
would still build links from it, and each of them would be dead.
"""

from sphinx.application import Sphinx
from sphinx.config import Config


def use_the_address_or_none(app: Sphinx, config: Config) -> None:
    """Switch every button that needs the repository on or off together."""
    options = config.html_theme_options
    known = bool(options.get("repository_url"))
    options["use_repository_button"] = known
    options["use_issues_button"] = known
    if not known:
        options.pop("launch_buttons", None)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, before the theme reads its options."""
    app.connect("config-inited", use_the_address_or_none, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
