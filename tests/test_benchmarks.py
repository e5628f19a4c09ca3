"""The benchmark runs, in its smallest form."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"


def run(*arguments):
    command = [sys.executable, str(RUN), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_benchmark_times_every_case(tmp_path):
    seconds = {"line ul": 9.0, "line all": 36.0, "annuli scan": 3.0, "script": 20.0}
    seconds["five templates"] = 12.0
    for version in ("1.3", "2.1"):
        result = {"gammapy": version, "seconds": seconds}
        (tmp_path / f"gammapy-{version}.json").write_text(json.dumps(result))
    done = run("--quick", "--gammapy", tmp_path, "--out", tmp_path / "results.json")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())["cases"]
    assert len(results) >= 25
    names = {case["name"] for case in results}
    assert {"predict a cube", "fit 3 templates, 98 boxes", "fit a shape, 10 annuli"} <= names
    assert any(name.startswith("fit spectra") for name in names)
    assert len(done.stdout.splitlines()) == len(results) + 1
    for case in results:
        assert case["seconds"] > 0
        assert case["ratio"] == case["seconds"] / case["yardstick_seconds"]
    assert {case["yardstick_seconds"] for case in results if case["name"] == "line, all"} == {36.0}


@pytest.mark.slow
def test_benchmark_refuses_cases_that_it_does_not_have(tmp_path):
    done = run("--only", "huge", "--out", tmp_path / "results.json")
    assert done.returncode == 1
    assert "no group of cases ['huge']" in done.stderr
