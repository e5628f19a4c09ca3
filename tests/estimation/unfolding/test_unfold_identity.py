"""Without a spread, `unfold` gives the numbers of `estimate`."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.unfolding import OPTIONAL, mixed, row_of_bins, same_as_estimate

from xprofile import estimate, power_law, simulate, unfold

DIM = "projected_distance"


def varied(seed=3):
    """Bins with a deficit, without counts, without any used pixel, and masked in part."""
    binned = row_of_bins(8, width=0, norm=[1, 0, 3, 0, 0.2, 1, 30, 0], seed=seed)
    counts, coverage = binned.counts.values.copy(), binned.coverage.values.copy()
    counts[:, 3] = 0
    counts[:, 7] = [1, 0, 0]
    coverage[:, 5] = 0
    coverage[2, 4] = 0
    coverage[0, 2] = 0.3
    used = np.where(coverage > 0, coverage, 0)
    binned = binned.assign(
        counts=binned.counts.copy(data=np.where(used > 0, counts, 0)),
        coverage=binned.coverage.copy(data=coverage),
        background=binned.background * used,
        exposure=(binned.exposure * xr.DataArray(used, dims=("energy", DIM))),
    )
    return identity(binned)


def identity(binned):
    """Photons stay in their bins; what is masked is not seen."""
    whole = binned.exposure_true.values
    exposure = binned.exposure.transpose("energy_true", DIM, ...)
    shares = exposure.values / whole[..., None] if exposure.ndim == 3 else exposure / whole
    mixing = np.einsum("tj...,ji->tji...", shares, np.eye(binned.sizes[DIM]))
    dims = ("energy_true", f"{DIM}_true", DIM, "energy")[: mixing.ndim]
    return binned.assign(psf_mixing=xr.Variable(dims, mixing, binned.psf_mixing.attrs))


def on_off(seed=3):
    binned = varied(seed)
    used = binned.coverage.values > 0
    rng = np.random.default_rng(seed)
    values = {
        "counts_off": rng.poisson(4 * binned.background.values) * used,
        "acceptance": used * 1.0,
        "acceptance_off": used * rng.uniform(3, 5, used.shape),
    }
    values["counts_off"][1, 0] = 0
    values["counts_off"][:, 7] = 0
    values["counts_off"][:, 3] = 0
    return binned.drop_vars("background").assign(
        {name: (("energy", DIM), v) for name, v in values.items()}
    )


EDGES = [0.01, 0.05, 1] * u.TeV
OPTIONS = {
    "one group": {},
    "groups": {"energy_edges": EDGES},
    "each energy": {"energy_edges": "fine"},
    "summed": {"energy_edges": EDGES, "sum_over_energy_groups": True},
    "other sigmas": {"n_sigma": 2, "n_sigma_ul": 3},
    "bounded": {"norm_min": 0},
    "bounded below 0": {"norm_min": -0.1},
    "uncertain": {"background": 0.1},
    "free": {"background": "free"},
    "free and bounded": {"background": "free", "norm_min": 0},
    "threshold": {"sqrt_ts_threshold_ul": 5},
    "low coverage": {"min_coverage": 0.9},
}


@pytest.mark.heavy
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_option(options):
    if options.get("n_sigma") == 2:
        data = varied()
        shared = {"spectral_model": power_law(2.3), **OPTIONAL}
        found, expected = (f(data, **shared, **options) for f in (unfold, estimate))
        for name in ("norm_err", "norm_errn", "norm_errp", "norm_ul"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-7, err_msg=name)
        return
    same_as_estimate(varied(), **options)


@pytest.mark.heavy
@pytest.mark.parametrize("options", [{}, {"norm_min": 0}, {"sum_over_energy_groups": True}])
def test_on_off_data(options):
    same_as_estimate(on_off(), **options)


@pytest.mark.heavy
@pytest.mark.parametrize("other", [varied, on_off])
@pytest.mark.parametrize("background", ["fixed", 0.2])
def test_joint_data_sets(other, background):
    found = same_as_estimate([varied(3), other(5)], background=background)
    assert found.npred.dims == ("dataset", DIM, "energy")


@pytest.mark.slow
def test_a_dim_of_data_sets_and_toys():
    same_as_estimate(xr.concat([varied(3), varied(4)], "dataset", join="exact"))
    plain = varied().drop_vars(["psf_mixing", "exposure_true"])
    toys = simulate(plain, n_toys=5, rng=0, norm=1.0)
    toys = varied().assign(counts=toys.counts)
    found = same_as_estimate(toys, energy_edges=EDGES)
    assert found.covariance.dims == ("toy", "energy", DIM, f"{DIM}_2")
    same_as_estimate(toys, background=0.3)


def test_without_energy_dispersion():
    same_as_estimate(varied().drop_vars("edisp"))


def test_a_spread_changes_the_numbers():
    binned = mixed(row_of_bins(4), 0.5)
    found, plain = unfold(binned), estimate(binned)
    assert np.nanmax(np.abs(found.norm - plain.norm)) > 0.1
