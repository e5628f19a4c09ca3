"""The examples of the documentation are tested; files that they write go to a temporary folder."""

import pytest


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
