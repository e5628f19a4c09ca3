"""Shares of photons that stay in the bins: closed forms, masks, and energies."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_wcs
from cases.psf_maps import RAD, spread_maps

from xprofile import SkyBins, bin_maps, psf_profile, share_kept
from xprofile.exceptions import MissingVariableError

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
RINGS = SkyBins.annuli(CENTER, edges=[0, 0.3, 0.6, 1.0] * u.deg)


def narrow_maps(**options):
    """Maps whose photons arrive where they come from."""
    maps = spread_maps(**options)
    point = np.where(RAD == 0, 1.0, 0.0)
    point[:2] *= 1 / (np.pi * np.radians(RAD[1]) ** 2 / 3)  # a cone of this radius
    rad = RAD * 1e-6
    psf = np.tile(point * 1e12, (maps.sizes["energy_true"], 1))
    return maps.assign(psf=(("energy_true", "rad"), psf)).assign_coords(rad=rad)


def test_without_a_spread_all_photons_stay():
    binned = bin_maps(narrow_maps(used=1.0), RINGS, psf=True)
    kept = share_kept(binned)
    assert kept.dims == ("energy", "projected_distance")
    np.testing.assert_allclose(kept, 1, rtol=1e-6)
    np.testing.assert_allclose(psf_profile(binned), [[1, 0, 0]] * 6, atol=1e-6)


def test_without_a_spread_the_used_share_of_the_exposure_stays():
    maps = narrow_maps()
    binned = bin_maps(maps, RINGS, psf=True)
    exposure = binned.exposure.transpose("energy_true", "projected_distance", "energy")
    true = binned.exposure_true.rename(projected_distance_true="projected_distance")
    flux = xr.DataArray(np.diff(-1 / np.geomspace(0.01, 1, 7)), dims="energy_true")
    seen, sent = ((flux * e * binned.edisp).sum("energy_true") for e in (exposure, true))
    expected = (seen / sent).transpose("energy", "projected_distance")
    np.testing.assert_allclose(share_kept(binned), expected, rtol=1e-5)


def test_a_point_source_is_seen_in_rings_as_the_gauss_function_says():
    maps = spread_maps(make_wcs(step=0.05, shape=(48, 48)), shape=(48, 48), used=1.0, sigma=0.2)
    binned = bin_maps(maps, RINGS, psf=True, overlap="subpixel")
    width = 0.2 * np.linspace(1.2, 0.8, 6)[:, None]
    inside = 1 - np.exp(-((np.array([0, 0.3, 0.6, 1.0]) / width) ** 2) / 2)
    np.testing.assert_allclose(psf_profile(binned), np.diff(inside), atol=5e-3)
    density = psf_profile(binned, per_solid_angle=True)
    assert density.attrs["units"] == "sr-1"
    np.testing.assert_allclose(density * binned.solid_angle, psf_profile(binned))
    in_degrees = psf_profile(binned, per_solid_angle="deg2")
    assert in_degrees.attrs["units"] == "deg-2"
    np.testing.assert_allclose(in_degrees, density * np.deg2rad(1) ** 2, rtol=1e-12)


def test_energies_with_other_masks_are_averaged_with_the_dispersion():
    binned = bin_maps(spread_maps(), RINGS, psf=True)
    assert "energy" in binned.psf_share.dims
    weight = binned.edisp / binned.edisp.sum("energy")
    expected = (binned.psf_share * weight).sum("energy")
    np.testing.assert_allclose(psf_profile(binned), expected, rtol=1e-12)


def test_a_selection_of_bins_keeps_its_shares():
    binned = bin_maps(spread_maps(), RINGS, psf=True)
    part = binned.isel(projected_distance=[2, 0])
    np.testing.assert_array_equal(share_kept(part), share_kept(binned)[:, [2, 0]])
    other = part.isel(projected_distance_true=[0, 1])
    np.testing.assert_array_equal(share_kept(other)[:, 1], share_kept(binned)[:, 0])
    assert share_kept(other)[:, 0].isnull().all()


def test_bins_off_the_map_have_no_share():
    far = SkyBins.from_regions(
        [*RINGS.to_regions(), *SkyBins.annuli(SkyCoord(50, 0, unit="deg", frame="galactic"),
                                               radius_max=1 * u.deg, nbin=1).to_regions()]
    )  # fmt: skip
    with pytest.warns(UserWarning, match="off the map"):
        binned = bin_maps(spread_maps(), far, psf=True)
    kept = share_kept(binned)
    assert kept[:, 3].isnull().all()
    assert kept[:, :3].notnull().all()


def test_accessors_are_the_functions():
    binned = bin_maps(spread_maps(), RINGS, psf=True)
    xr.testing.assert_identical(binned.profile.share_kept(), share_kept(binned))
    xr.testing.assert_identical(binned.profile.psf_profile(), psf_profile(binned))


def test_data_without_a_psf_say_how_to_make_some():
    binned = bin_maps(spread_maps(), RINGS)
    for function in (share_kept, psf_profile):
        with pytest.raises(MissingVariableError, match=r"bin\(bins, psf=True\)"):
            function(binned)
