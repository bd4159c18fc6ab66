"""The order of the tests, and the browser that some of them open."""

import pytest


def pytest_collection_modifyitems(items):
    """The longest file first, so that two workers end at about the same time."""
    items.sort(key=lambda item: item.path.parts[-2:] != ("notebooks", "test_run.py"))


@pytest.fixture(scope="module")
def chromium():
    """A browser; a test that wants one is skipped where there is none."""
    import browser

    if browser.find_chromium() is None:
        pytest.skip("no Chromium: no page was opened")
    with browser.chromium() as found:
        yield found
