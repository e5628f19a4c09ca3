"""Random wrong inputs to every public function: a result or an `XProfileError`, and soon.

These tests are about the whole package, so they do not mirror a folder of it. The calls run in
processes of their own, as the limit of memory holds for a whole process. To try one that failed,
paste it after ``from cases.small_inputs import *``, with the folder ``tests`` in the path.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases.few_cases import one_in
from cases.wrong_calls import check_call, random_call, targets

import xprofile

TESTS = Path(__file__).parents[1]

# one heap for all threads: glibc reserves 64 MB of addresses for each, of which little is used
ENVIRONMENT = {"MPLBACKEND": "Agg", "MALLOC_ARENA_MAX": "1"}


@pytest.mark.parametrize("seed", one_in(2, range(2)))
def test_1000_calls(tmp_path, seed):
    done = subprocess.run(
        [sys.executable, "-m", "cases.wrong_calls", str(seed), "1000"],
        cwd=tmp_path,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"


def test_each_function_is_tried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(7)
    assert [call for t in targets() if check_call(call := random_call(rng, t))] == []


def test_targets_are_all_public_names():
    names = {target.rpartition(".")[2] for target in targets()}
    functions = {n for n in xprofile.__all__ if type(getattr(xprofile, n)).__name__ == "function"}
    assert names >= functions | {"annuli", "plot_sky", "run", "to_netcdf", "sel", "rebin"}
    assert len(targets()) > 110


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("xprofile.fold(binned=binned())", None),
        ("xprofile.fold(binned=3)", None),
        ("xprofile.fold()", None),
        ("np.zeros(-1)", "ValueError"),
        ("int('x')", "ValueError: invalid literal"),
        ("np.ndarray.sort(np.array([2, 1]))", "changed 0"),
        ("maps().update({'counts': 3})", None),
    ],
)
def test_faults_are_seen(call, problem):
    found = check_call(call)
    assert found is None if problem is None else found.startswith(problem)
