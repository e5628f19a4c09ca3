"""Binned data with photons that leave their bins, and profiles with a covariance."""

import numpy as np
import xarray as xr
from scipy.special import erf

from cases.profiles import ENERGY_EDGES, by_angle, by_region, make_profile
from xprofile import estimate, power_law, unfold
from xprofile.schema.axes import axis_coords, on_bins
from xprofile.schema.names import second_dim, true_dim
from xprofile.schema.variables import BINNED, PROFILE, STATUS_FLAGS, data_array
from xprofile.spectrum.mixing import mixed_signal

OPTIONAL = {"selection_optional": ["errn-errp", "ul"]}


def leaks(size, width):
    """Shares of a row of bins seen in each other, (source, receiver), for a Gauss of this width.

    The width is in bins; 0 gives the unit matrix. What leaves the row is lost.
    """
    if not width:
        return np.eye(size)
    places = np.arange(size)[:, None] + (np.arange(40) - 19.5) / 40  # within each source
    edges = np.arange(size + 1) - 0.5
    below = (1 + erf((edges - places[..., None]) / (np.sqrt(2) * width))) / 2
    return np.diff(below.mean(axis=1), axis=-1)


def mixed(binned, width):
    """Add a mixing to binned data in a row: a Gauss that is twice as wide at the lowest energy."""
    dim = str(binned.solid_angle.dims[0])
    size, ntrue = binned.sizes[dim], binned.sizes["energy_true"]
    mixing = np.stack([leaks(size, width * w) for w in np.linspace(1, 0.5, ntrue)])
    exposure = binned.exposure.max(["energy", dim] if "energy" in binned.exposure.dims else dim)
    values = {"psf_mixing": mixing, "exposure_true": exposure.values[:, None] * np.ones(size)}
    made = on_bins({k: data_array(k, v, BINNED) for k, v in values.items()}, dim)
    labels = (true_dim(dim), binned[dim].values, binned[dim].attrs)
    return binned.assign(made).assign_coords({true_dim(dim): labels})


def row_of_bins(nbin=6, *, width=0.5, norm=1.0, background=8.0, seed=0, signal=40.0):
    """Make binned data of a row of bins with counts drawn for a norm of each bin.

    `signal` is the number of counts at norm 1 in the lowest of three energies, for a power law of
    index 2.
    """
    rng = np.random.default_rng(seed)
    edges = 0.25 * np.arange(nbin + 1)
    ntrue = 3
    flux = 1e-12 * (1 / ENERGY_EDGES[:-1] - 1 / ENERGY_EDGES[1:])
    shape = (ntrue, nbin)
    expected = np.array([[1.0], [0.4], [0.2]]) * background * np.ones(shape)
    values = {
        "counts": np.zeros(shape, int),
        "background": expected,
        "exposure": np.full(shape, signal / flux[0]),
        "edisp": np.array([[0.9, 0.1, 0], [0.05, 0.9, 0.05], [0, 0.1, 0.9]]),
        "solid_angle": np.linspace(1e-4, 2e-4, nbin),
        "coverage": np.ones(shape),
    }
    dim = "projected_distance"
    coords = axis_coords(dim, (edges[1:] + edges[:-1]) / 2, edges[:-1], edges[1:])
    centres = np.sqrt(ENERGY_EDGES[1:] * ENERGY_EDGES[:-1])
    for name in ("energy", "energy_true"):
        coords |= axis_coords(name, centres, ENERGY_EDGES[:-1], ENERGY_EDGES[1:])
    binned = xr.Dataset({k: data_array(k, v, BINNED) for k, v in values.items()}, coords)
    binned = mixed(binned, width)
    response = mixed_signal(binned, power_law())
    norms = np.broadcast_to(norm, nbin)
    seen = (response * xr.DataArray(norms, dims=true_dim(dim))).sum(true_dim(dim))
    counts = rng.poisson((seen + binned.background).transpose("energy", dim).values)
    return binned.assign(counts=(("energy", dim), counts, binned.counts.attrs))


def same_as_estimate(data, **options):
    """Compare every variable: norms and errors to 1e-8 of the errors."""
    shared = {"spectral_model": power_law(2.3), **OPTIONAL, **options}
    found, expected = unfold(data, **shared), estimate(data, **shared)
    assert set(expected) <= set(found)
    scale = expected.norm_err.values
    for name in expected:
        assert found[name].dims == expected[name].dims, name
        assert str(found[name].attrs) == str(expected[name].attrs), name
        here, there = found[name].values, expected[name].values
        if name.startswith("norm"):
            close = np.abs(here - there) <= 1e-8 * scale
            assert (close | (np.isnan(here) & np.isnan(there))).all(), (name, here, there)
        elif name == "sqrt_ts":  # the root of a small difference
            np.testing.assert_allclose(here**2, there**2, rtol=1e-7, atol=1e-9, err_msg=name)
        elif here.dtype.kind == "f":
            np.testing.assert_allclose(here, there, rtol=1e-8, atol=1e-8, err_msg=name)
        elif name == "status" and shared.get("background", "fixed") != "fixed":
            # the kinks of a single norm with an uncertain background are not known beforehand
            kink = STATUS_FLAGS["best_fit_at_boundary"]
            np.testing.assert_array_equal(here | kink, there | kink)
        else:
            np.testing.assert_array_equal(here, there, err_msg=name)
    variance = np.einsum("...gii->...ig", found.covariance.values)
    known = np.isfinite(variance)
    np.testing.assert_allclose(variance[known], scale[known] ** 2, rtol=1e-8)
    return found


def with_covariance(profile=None, seed=0):
    """Give a profile of norms a covariance and correlation, known from outer products."""
    profile = make_profile() if profile is None else profile
    dim, other = "projected_distance", second_dim("projected_distance")
    rng = np.random.default_rng(seed)
    size, ngroup = profile.sizes[dim], profile.sizes["energy"]
    root = rng.normal(size=(ngroup, size, 2 * size))
    covariance = root @ root.swapaxes(1, 2) * 1e-2
    sigma = np.sqrt(np.einsum("gii->gi", covariance))
    correlation = covariance / sigma[:, :, None] / sigma[:, None, :]
    values = {"covariance": covariance, "correlation": correlation}
    labels = (other, profile[dim].values, profile[dim].attrs)
    return profile.assign(
        {name: data_array(name, v, PROFILE) for name, v in values.items()}
    ).assign_coords({other: labels})


def on_other_axis(profile, axis):
    """Put the bins of a profile with a covariance on position angles or on regions."""
    other = second_dim(axis)
    if axis == "position_angle":
        moved = by_angle(profile).rename({"projected_distance_2": other})
    else:
        moved = by_region(profile.rename_dims(projected_distance_2=other))
        moved = moved.drop_vars("projected_distance_2")
    return moved.assign_coords({other: (other, moved[axis].values, moved[axis].attrs)})
