"""Profiles of on-off data, against Gammapy on the same file and against brute force."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table
from cases.gammapy import RINGS, column, moving_energies
from cases.maps import make_onoff
from scipy.optimize import minimize_scalar

from xprofile import bin_maps, estimate, open_maps, power_law
from xprofile.spectrum.response import predicted_signal

EDGES = [10, 100, 500] * u.GeV
# the innermost ring has a fine bin with one on count and no off counts, which Gammapy ignores
LOST = np.zeros((10, 2), bool)
LOST[0, 1] = True


@pytest.fixture(scope="module")
def binned(gammapy_data):
    return bin_maps(open_maps(gammapy_data / "onoff-sim" / "onoff-sim.fits.gz"), RINGS)


@pytest.fixture(scope="module")
def table(reference):
    return Table.read(reference / "gammapy21_onoff_radial10_likelihood.ecsv")


@pytest.fixture(scope="module")
def profile(binned):
    settings = {"energy_edges": EDGES, "selection_optional": "all"}
    with moving_energies("100 to 84.4716 GeV"):
        return estimate(binned, spectral_model=power_law(2.3), **settings)


class TestGammapy:
    def test_counts_are_exact(self, profile, table):
        np.testing.assert_array_equal(profile.counts, column(table, "counts"))

    def test_best_fits(self, profile, table):
        norm, error = column(table, "norm"), column(table, "norm_err")
        assert np.all(np.abs(profile.norm.to_numpy() - norm)[~LOST] < 0.02 * error[~LOST])
        np.testing.assert_allclose(profile.norm_err.to_numpy()[~LOST], error[~LOST], rtol=3e-3)
        stat = column(table, "stat")
        excess = profile.stat.to_numpy() - stat
        assert np.all((excess < 1e-5 + 1e-7 * np.abs(stat))[~LOST])
        null = column(table, "stat_null")
        np.testing.assert_allclose(profile.stat_null.to_numpy()[~LOST], null[~LOST], rtol=1e-12)
        ts = column(table, "ts")
        np.testing.assert_allclose(profile.ts.to_numpy()[~LOST], ts[~LOST], rtol=0, atol=5e-4)

    def test_interval_ends(self, profile, table):
        error = column(table, "norm_err")
        for name, tolerance in {"norm_ul": 1e-5, "norm_errn": 1e-4, "norm_errp": 1e-4}.items():
            theirs = column(table, name)
            difference = np.abs(profile[name].to_numpy() - theirs)
            difference /= np.maximum(np.abs(theirs), error)
            assert difference[~LOST].max() < tolerance, name

    def test_npred(self, profile, table):
        """At our best fit, which agrees with that of Minuit to 1 % of the error."""
        for name in ("npred", "npred_excess"):
            theirs = column(table, name)
            scale = np.maximum(np.abs(theirs), 1)
            assert np.all((np.abs(profile[name] - theirs) < 2e-3 * scale).to_numpy()[~LOST])

    def test_the_lost_fine_bin(self, binned, profile, table):
        """Without it we agree with Gammapy; with it, with the statistic by brute force."""
        fine = binned.counts.isel(projected_distance=0).to_numpy()
        off = binned.counts_off.isel(projected_distance=0).to_numpy()
        lost = binned.assign(coverage=binned.coverage.copy(deep=True))
        assert (fine[-1], off[-1]) == (1, 0)
        lost.coverage[-1, 0] = 0
        settings = {"energy_edges": EDGES, "selection_optional": "all"}
        with moving_energies("100 to 84.4716 GeV"):
            without = estimate(lost, spectral_model=power_law(2.3), **settings)
        np.testing.assert_allclose(without.stat_null[0, 1], table["stat_null"][0][1], rtol=1e-12)
        np.testing.assert_allclose(without.norm_ul[0, 1], table["norm_ul"][0][1], rtol=1e-5)
        here = profile.isel(projected_distance=0, energy=1)
        signal = predicted_signal(binned, power_law(2.3)).isel(projected_distance=0).to_numpy()
        group = slice(6, 11)
        for norm, stat in [(0, here.stat_null), (here.norm.item(), here.stat)]:
            total = sum(
                least(n, norm * s, m, 0.2)
                for n, s, m in zip(fine[group], signal[group], off[group], strict=True)
            )
            np.testing.assert_allclose(total, stat, rtol=1e-6)


def least(n, s, m, alpha):
    """Minimum over the background of the statistic of one fine bin, by brute force."""

    def stat(b):
        mu = s + alpha * b
        value = mu - n + b - m
        value += n * np.log(n / mu) if n else 0
        return 2 * (value + (m * np.log(m / b) if m else 0))

    low = max(-s / alpha, 0) + 1e-12
    return minimize_scalar(stat, bounds=(low, 3 * (n / alpha + m) + 5), method="bounded",
                           options={"xatol": 1e-10}).fun  # fmt: skip


def test_many_off_counts_are_a_known_background():
    maps = make_onoff(alpha=1e-7, off=1e7)
    known = maps.assign(background=maps.counts_off * 1e-7)
    known = known.drop_vars(["counts_off", "acceptance", "acceptance_off"])
    ours, theirs = (estimate(bin_maps(m, RINGS), selection_optional="all") for m in (maps, known))
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity"):
        scale = theirs.norm_err.to_numpy()
        assert np.all(np.abs(ours[name] - theirs[name]) < 1e-3 * scale), name


def test_summed_groups_have_the_summed_background(binned):
    profile = estimate(binned, sum_over_energy_groups=True).isel(energy=0)
    signal = predicted_signal(binned, power_law()).sum("energy").to_numpy()
    on, off = (binned[name].sum("energy").to_numpy() for name in ("counts", "counts_off"))
    np.testing.assert_allclose(profile.norm, (on - 0.2 * off) / signal, rtol=1e-9)
