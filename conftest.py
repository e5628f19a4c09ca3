"""Examples of docstrings write their files to a temporary folder, and their figures are closed."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _folder_of_examples(request):
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    folder = request.getfixturevalue("tmp_path")
    request.getfixturevalue("monkeypatch").chdir(folder)
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
