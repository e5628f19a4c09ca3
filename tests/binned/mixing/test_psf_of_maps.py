"""The PSF of maps: what is missing is continued and said, what is impossible is refused."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.psf_maps import RAD, gauss, spread_maps

from xprofile import SkyBins, bin_maps
from xprofile.binned.mixing.maps_psf import MapsPsf
from xprofile.exceptions import (
    DataWarning,
    InvalidBinsError,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)

RINGS = SkyBins.annuli(SkyCoord(0, 0, unit="deg", frame="galactic"), radius_max=1 * u.deg, nbin=2)


def with_psf(values, dims=("energy_true", "rad")):
    return spread_maps(used=1.0).drop_vars("psf").assign(psf=(dims, values))


def test_maps_without_a_psf_say_how_to_get_one():
    with pytest.raises(MissingVariableError, match=r"no psf.*open_maps\(\.\.\., psf="):
        bin_maps(spread_maps().drop_vars("psf"), RINGS, psf=True)
    with pytest.raises(MissingVariableError, match="no coordinate rad"):
        bin_maps(spread_maps().drop_vars("rad"), RINGS, psf=True)


@pytest.mark.parametrize("faint", [0.0, 1e-3])
def test_energies_without_a_psf_have_that_of_the_nearest_and_history_says_so(faint):
    values = np.stack([gauss(s) for s in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35)])
    known = values.copy()
    known[[0, 4, 5]] *= faint
    found = bin_maps(with_psf(known), RINGS, psf=True)
    expected = bin_maps(with_psf(values[[1, 1, 2, 3, 3, 3]]), RINGS, psf=True)
    np.testing.assert_array_equal(found.psf_mixing, expected.psf_mixing)
    assert found.attrs["history"].endswith("psf=True, psf continued to 3 energies without one")


def test_positions_without_a_psf_have_that_of_another_one():
    maps = spread_maps(positions=(1, 3))
    psf = maps.psf.copy()
    psf[0, 2] = 0
    found = MapsPsf.from_maps(maps.assign(psf=psf))
    np.testing.assert_array_equal(found.spread.density[2], found.spread.density[1])
    assert not found.continued


def test_a_row_of_positions_may_be_selected():
    maps = spread_maps(positions=(2, 3))
    row = maps.isel(lat_psf=0)
    found = bin_maps(row, RINGS, psf=True)
    expected = bin_maps(maps.isel(lat_psf=[0]), RINGS, psf=True)
    np.testing.assert_array_equal(found.psf_mixing, expected.psf_mixing)


def test_a_psf_that_is_not_finite_is_refused():
    maps = spread_maps()
    values = maps.psf.where(maps.rad != maps.rad[1])
    with pytest.raises(InvalidDataError, match="psf is not finite"):
        MapsPsf.from_maps(maps.assign(psf=values))


def test_a_psf_of_zeros_is_refused():
    with pytest.raises(InvalidDataError, match="integral of nearly 0 everywhere"):
        bin_maps(with_psf(np.zeros((6, RAD.size))), RINGS, psf=True)


def test_a_table_that_ends_early_loses_photons_and_warns():
    whole = with_psf(np.tile(gauss(0.3), (6, 1)))
    cut = whole.isel(rad=slice(51))
    with pytest.warns(DataWarning, match="missing photons count as lost"):
        found = bin_maps(cut, RINGS, psf=True)
    lost = np.exp(-((0.5 / 0.3) ** 2) / 2)
    inner = found.psf_mixing[0, 0].sum()
    assert 1 - lost - 0.02 < inner < 1 - lost + 0.001


@pytest.mark.parametrize(
    ("rad", "text"),
    [(-RAD, "from 0 on"), (np.where(RAD == 0, np.nan, RAD), "not finite")],
)
def test_impossible_angles_are_refused(rad, text):
    with pytest.raises(InvalidDataError, match=text):
        bin_maps(spread_maps().assign_coords(rad=rad), RINGS, psf=True)


def test_units_that_are_not_angles_are_refused():
    maps = spread_maps()
    maps.rad.attrs["units"] = "TeV"
    with pytest.raises(InvalidDataError, match="rad is in 'TeV', expected 'deg'"):
        bin_maps(maps, RINGS, psf=True)


def test_options_are_checked():
    maps = spread_maps()
    with pytest.raises(InvalidOptionError, match="psf must be True or False, found 1"):
        bin_maps(maps, RINGS, psf=1)
    with pytest.raises(InvalidOptionError, match="margin is for psf=True alone"):
        bin_maps(maps, RINGS, margin=1 * u.deg)
    with pytest.raises(InvalidBinsError, match="margin must be one angle"):
        bin_maps(maps, RINGS, psf=True, margin=-1 * u.deg)
    with pytest.warns(DataWarning, match="margin has no pixels of the map"):
        none = bin_maps(maps, RINGS, psf=True, margin=1e-9 * u.deg)
    assert not none.margin.any()
    planar = SkyBins.sectors(
        SkyCoord(0, 0, unit="deg", frame="galactic"), radius_max=1 * u.deg, nbin=2, planar=True
    )
    with pytest.raises(InvalidOptionError, match="leave out planar=True, or margin"):
        bin_maps(maps, planar, psf=True, margin=1 * u.deg)
    assert bin_maps(maps, planar, psf=True).psf_mixing.any()


@pytest.mark.parametrize("kind", ["annuli", "grid"])
def test_planar_bins_have_margins(kind):
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    if kind == "annuli":
        bins = SkyBins.annuli(center, radius_max=0.6 * u.deg, nbin=2, planar=True)
    else:
        size = 0.8 * u.deg
        bins = SkyBins.grid(center, width=size, height=size, nbin=(2, 1), planar=True)
    plain, wide = (
        bin_maps(spread_maps(), bins, psf=True, **m) for m in ({}, {"margin": "0.3 deg"})
    )
    dim = bins.dim
    inner = wide.isel({dim: ~wide.margin.values, f"{dim}_true": ~wide.margin.values})
    assert wide.margin.any()
    for name in ("counts", "n_pixels", "psf_mixing", "exposure_true", "solid_angle"):
        np.testing.assert_allclose(inner[name], plain[name], atol=1e-12, err_msg=name)
    np.testing.assert_allclose(wide.margin.sum() + 2, wide.sizes[dim])
