"""Show the repository and Colab buttons only once the project has an address.

``repository.url`` in ``_config.yml`` is the one setting. While it is empty, the theme
would still build links from it, and each of them would be dead. With it, each notebook
has a link to Colab beside its parameters.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

GITHUB = "https://github.com/"
PARAMETERS = '<div class="cell tag_parameters'
BADGE = (
    '<p class="colab"><a href="{address}">Open in Colab</a>, where the profile '
    "<code>mini</code> needs nothing more, <code>colab</code> a T4 and 7 GB to fetch, "
    "and <code>full</code> a GPU of 80 GB and 230 GB to fetch.</p>\n"
)


def use_the_address_or_none(app: Sphinx, config: Config) -> None:
    """Switch every button that needs the repository on or off together."""
    options = config.html_theme_options
    known = bool(options.get("repository_url"))
    options["use_repository_button"] = known
    options["use_issues_button"] = known
    if not known:
        options.pop("launch_buttons", None)


def add_the_badge(
    app: Sphinx, page: str, _: str, context: dict, doctree: nodes.document | None
) -> None:
    """Above a notebook's cell of parameters, a link that opens the notebook in Colab,
    and what each profile needs there."""
    options = app.config.html_theme_options
    url = options.get("repository_url", "")
    if doctree is None or not url.startswith(GITHUB):
        return
    where = f"blob/{options['repository_branch']}/{page}.ipynb"
    project = url.removeprefix(GITHUB)
    address = f"https://colab.research.google.com/github/{project}/{where}"
    badge = BADGE.format(address=address)
    context["body"] = context["body"].replace(PARAMETERS, badge + PARAMETERS, 1)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, before the theme reads its options."""
    app.connect("config-inited", use_the_address_or_none, priority=100)
    app.connect("html-page-context", add_the_badge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
