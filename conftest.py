"""Examples of docstrings write their files to a temporary folder."""

import pytest


@pytest.fixture(autouse=True)
def _folder_of_examples(request):
    if isinstance(request.node, pytest.DoctestItem):
        folder = request.getfixturevalue("tmp_path")
        request.getfixturevalue("monkeypatch").chdir(folder)
