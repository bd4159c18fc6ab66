"""The order of the tests."""


def pytest_collection_modifyitems(items):
    """The longest file first, so that two workers end at about the same time."""
    items.sort(key=lambda item: item.path.parts[-2:] != ("notebooks", "test_run.py"))
