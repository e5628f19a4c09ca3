"""Signal counts of each bin in all bins: sums by hand, and the limit of no spread."""

import numpy as np
import pytest
import xarray as xr

from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.schema.axes import on_bins
from xprofile.spectrum.mixing import mixed_signal
from xprofile.spectrum.models import integral, power_law
from xprofile.spectrum.response import predicted_signal

MODEL = power_law(2.3)


def _axis(dim, edges):
    return {
        dim: (dim, np.sqrt(edges[1:] * edges[:-1]), {"units": "TeV"}),
        f"{dim}_min": (dim, edges[:-1]),
        f"{dim}_max": (dim, edges[1:]),
    }


def hand_made(*, nbin=3, edisp="", masks=False, dim="projected_distance", seed=0):
    """Binned data with a mixing that is drawn at random; dims of edisp, and of the mixing."""
    rng = np.random.default_rng(seed)
    true, energy = np.geomspace(0.01, 1, 7), np.geomspace(0.01, 1, 4)
    ntrue, nenergy = true.size - 1, energy.size - 1
    mixing = rng.dirichlet(np.ones(nbin + 1), (ntrue, nbin))[..., :-1]
    dims = ("energy_true", "projected_distance_true", "projected_distance")
    if masks:
        used = np.array([1, 1, 0.5])[:nenergy]
        mixing, dims = mixing[..., None] * used, (*dims, "energy")
    exposure = rng.uniform(1, 2, (ntrue, nbin)) * 1e11
    variables = {
        "counts": (("energy", "projected_distance"), np.ones((nenergy, nbin), int)),
        "background": (("energy", "projected_distance"), np.ones((nenergy, nbin))),
        "exposure": (("energy_true", "projected_distance"), exposure, {"units": "cm2 s"}),
        "solid_angle": (("projected_distance",), np.full(nbin, 1e-4)),
        "coverage": (("energy", "projected_distance"), np.ones((nenergy, nbin))),
        "exposure_true": (("energy_true", "projected_distance_true"), exposure * 1.1),
        "psf_mixing": (dims, mixing),
    }
    if edisp:
        of_bins = (nbin,) if edisp == "bins" else ()
        kernel = rng.dirichlet(np.ones(nenergy), (*of_bins, ntrue))
        named = ("projected_distance",) if of_bins else ()
        variables["edisp"] = ((*named, "energy_true", "energy"), kernel)
    variables = {name: xr.Variable(*value) for name, value in variables.items()}
    coords = _axis("energy", energy) | _axis("energy_true", true)
    return xr.Dataset(on_bins(variables, dim), coords)


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("edisp", ["one", "bins"])
def test_with_energy_dispersion_the_sum_by_hand(edisp, masks):
    binned = hand_made(edisp=edisp, masks=masks)
    signal = mixed_signal(binned, MODEL)
    assert signal.dims == ("energy", "projected_distance_true", "projected_distance")
    flux = integral(MODEL, np.geomspace(0.01, 1, 7))
    for k, j, i in np.ndindex(signal.shape):
        at_k = binned.isel(energy=k) if masks else binned
        kernel = (
            binned.edisp.isel(energy=k, projected_distance=j)
            if edisp == "bins"
            else (binned.edisp.isel(energy=k))
        )
        parts = (
            flux
            * binned.exposure_true.values[:, j]
            * at_k.psf_mixing.values[:, j, i]
            * kernel.values
        )
        np.testing.assert_allclose(signal.values[k, j, i], parts.sum(), rtol=1e-12)


@pytest.mark.parametrize("edisp", ["", "one", "bins"])
@pytest.mark.parametrize("masks", [False, True])
def test_without_a_spread_it_is_the_signal_of_estimate(edisp, masks):
    binned = hand_made(edisp=edisp)
    delta = np.broadcast_to(np.eye(3), (6, 3, 3))
    dims = binned.psf_mixing.dims
    if masks:
        delta, dims = np.repeat(delta[..., None], 3, axis=-1), (*dims, "energy")
    exposure = (("energy_true", "projected_distance_true"), binned.exposure.values)
    signal = mixed_signal(binned.assign(psf_mixing=(dims, delta), exposure_true=exposure), MODEL)
    expected = predicted_signal(binned, MODEL).transpose("energy", "projected_distance").values
    diagonal = np.diagonal(signal.values, axis1=1, axis2=2)
    np.testing.assert_allclose(diagonal, expected, rtol=1e-12)
    assert np.count_nonzero(signal) == expected.size


def test_without_energy_dispersion_the_product_is_interpolated():
    binned = hand_made(dim="region")
    signal = mixed_signal(binned, MODEL)
    assert signal.dims == ("energy", "region_true", "region")
    product = (binned.exposure_true * binned.psf_mixing).isel(region_true=1)
    single = binned.assign(exposure=product).drop_vars(["psf_mixing", "exposure_true"])
    expected = predicted_signal(single, MODEL).transpose("energy", "region")
    np.testing.assert_allclose(signal[:, 1], expected, rtol=1e-12)


def test_energies_in_another_unit_and_order_change_nothing():
    binned = hand_made(edisp="bins", masks=True)
    expected = mixed_signal(binned, MODEL)
    found = mixed_signal(binned.transpose(..., "energy_true"), MODEL)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    scaled = {name: binned[name] * 1e3 for name in binned.coords}
    in_gev = {name: coord.assign_attrs(units="GeV") for name, coord in scaled.items()}
    found = mixed_signal(binned.assign_coords(in_gev), MODEL)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_dim_of_data_sets_stays():
    one, two = hand_made(seed=1), hand_made(seed=2)
    joined = xr.concat([one, two], "dataset")
    np.testing.assert_allclose(
        mixed_signal(joined, MODEL).isel(dataset=1), mixed_signal(two, MODEL), rtol=1e-12
    )


def test_data_without_a_psf_say_how_to_make_some():
    binned = hand_made().drop_vars("psf_mixing")
    with pytest.raises(MissingVariableError, match=r"no psf_mixing.*bin\(bins, psf=True\)"):
        mixed_signal(binned, MODEL)


def test_exposures_in_another_unit_are_converted():
    binned = hand_made(edisp="one")
    other = binned.assign(
        exposure=(binned.exposure * 1e-4).assign_attrs(units="m2 s"),
        exposure_true=(binned.exposure_true * 1e-4).assign_attrs(units="m2 s"),
    )
    np.testing.assert_allclose(mixed_signal(other, MODEL), mixed_signal(binned, MODEL), rtol=1e-12)
    np.testing.assert_allclose(
        predicted_signal(other, MODEL), predicted_signal(binned, MODEL), rtol=1e-12
    )
    other.exposure_true.attrs["units"] = "TeV"
    with pytest.raises(InvalidDataError, match="exposure_true has units 'TeV'"):
        mixed_signal(other, MODEL)
