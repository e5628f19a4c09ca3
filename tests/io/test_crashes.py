"""Writers that are killed, interrupted or hindered, and races, in real processes."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cases.crash_process import FORMATS, SCENARIOS

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("form", FORMATS)
def test_the_old_file_or_the_new_one_whole(form):
    if form == "zarr":
        pytest.importorskip("zarr")
    with TemporaryDirectory() as folder:  # the folders of pytest are closed to other users
        Path(folder).chmod(0o755)
        command = [sys.executable, "-m", "cases.crash_process", form, folder, "2", "17"]
        done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {scenario: [] for scenario in SCENARIOS}, done.stderr
