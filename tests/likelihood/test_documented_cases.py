"""The special cases in the documentation give the listed results."""

import csv
from pathlib import Path

import numpy as np
import pytest

from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.likelihood import Cash, NuisanceCash, WStat

TABLE = Path(__file__).parents[2] / "docs" / "statistics" / "likelihood_cases.csv"
QUANTITIES = ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity")
OPTIONS = FitOptions(1, 2, 5, ("errn-errp", "ul", "sensitivity"), np.array([]))


def numbers(text):
    return np.array([[float(value) for value in text.split(";")]])


def statistic(row):
    n, s = numbers(row["counts"]), numbers(row["signal"])
    if row["statistic"] == "on-off":
        pairs = [pair.split("/") for pair in row["background"].split(";")]
        m, alpha = (np.array([[float(pair[i]) for pair in pairs]]) for i in (0, 1))
        return WStat(n, s, m, alpha)
    cash = Cash.from_counts(n, s, numbers(row["background"]))
    if row["statistic"] == "cash":
        return cash
    width = row["statistic"].removeprefix("background ")
    return NuisanceCash(cash, np.inf if width == "free" else float(width))


def estimated(row):
    stat = statistic(row)
    found = solve_problems(lambda block: [stat.take(block)], 1, OPTIONS).values
    return {name: found[name].item() for name in QUANTITIES}


with TABLE.open(newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_every_cell(row):
    for name, value in estimated(row).items():
        shown = float(row[name] or np.nan)
        np.testing.assert_allclose(value, shown, rtol=6e-6, atol=1e-300, err_msg=name)


@pytest.mark.parametrize(
    ("n", "s", "b"), [(row["counts"], row["signal"], row["background"]) for row in ROWS
                      if row["statistic"] == "cash" and ";" not in row["counts"]]
)  # fmt: skip
def test_one_fine_bin_has_closed_forms(n, s, b):
    n, s, b = float(n), float(s), float(b)
    row = {"statistic": "cash", "counts": str(n), "signal": str(s), "background": str(b)}
    found = estimated(row)
    if s == 0:
        assert np.isnan(list(found.values())).all()
        return
    np.testing.assert_allclose(found["norm"], (n - b) / s, rtol=1e-12)
    error = np.sqrt(n) / s if n else 1 / (2 * s)
    np.testing.assert_allclose(found["norm_err"], error, rtol=1e-12)
    for step, level in ((found["norm_errp"], 1), (found["norm_ul"] - found["norm"], 4)):
        u = step * s
        risen = 2 * (u - (n * np.log1p(u / n) if n else 0))
        np.testing.assert_allclose(risen, level, rtol=1e-6)
