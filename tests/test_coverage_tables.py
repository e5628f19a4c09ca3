"""The tables of the page on coverage are those of the code, and show what it promises."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"


def load(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setitem(sys.modules, "coverage", load("coverage"))  # not the package of this name
    return load("coverage_methods")


def test_they_are_those_of_the_code(script):
    table = np.genfromtxt(DOCS / "methods_scan.csv", delimiter=",", names=True)
    for background in (0.1, 10):
        some = table[table["background"] == background][::20]
        found = script.exact(background, some["signal"])
        for row, written in zip(found, some, strict=True):
            for name in table.dtype.names:
                digits = 3 if name.startswith("median") else 2
                assert abs(row[name] - written[name]) < 0.51 * 10**-digits, (name, row["signal"])


def test_exact_limits_hold_in_95_percent_and_unified_intervals_in_68_27():
    table = np.genfromtxt(DOCS / "methods_scan.csv", delimiter=",", names=True)
    for name in ("cls_exact", "bayes", "feldman_cousins"):
        assert table[name].min() >= 95, name
    assert table["interval_feldman_cousins"].min() >= 68.27
