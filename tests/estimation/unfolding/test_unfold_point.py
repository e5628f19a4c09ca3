"""With a PSF far narrower than a pixel, `unfold` gives the numbers of `estimate`, from maps on."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.maps import make_onoff, make_wcs, uneven_maps
from cases.unfolding import same_as_estimate

from xprofile import SkyBins, bin_maps, open_maps, skycoord, unfold
from xprofile.schema.variables import COORDS, MAPS, data_array

RINGS = SkyBins.annuli(galactic(0, 0), edges=[0, 0.3, 0.6, 1.2, 1.8] * u.deg)
ENDS = galactic([3, -3], [0.2, -0.2])
BOXES = SkyBins.along_line(*ENDS, height=1.5 * u.deg, nbin=8)
SECTORS = SkyBins.sectors(galactic(0.1, 0), radius_max=1.5 * u.deg, nbin=5)


def narrowed(maps):
    """Give maps a PSF of 1e-9 deg."""
    width = 1e-9
    rad = np.linspace(0, 6, 50) * width
    density = np.exp(-((rad / width) ** 2) / 2) / (2 * np.pi * np.radians(width) ** 2)
    maps = maps.drop_vars(["psf", "rad", "lon_psf", "lat_psf", "wcs_psf"], errors="ignore")
    maps = maps.assign_coords(rad=data_array("rad", rad, COORDS))
    psf = np.broadcast_to(density, (maps.sizes["energy_true"], rad.size))
    return maps.assign(psf=(("energy_true", "rad"), psf.copy(), MAPS["psf"].attrs))


def on_off_maps():
    """On-off maps with a mask that depends on energy."""
    maps = make_onoff()
    used = np.random.default_rng(0).uniform(size=maps["counts"].shape) < 0.7
    return maps.assign(mask=maps["mask"] & used)


MAPS_OF = {
    "CAR": uneven_maps,
    "TAN": lambda: uneven_maps(make_wcs("TAN", (0.1, -0.1))),
    "on-off": on_off_maps,
}


@pytest.mark.heavy
@pytest.mark.parametrize("bins", [RINGS, BOXES, SECTORS], ids=["rings", "boxes", "sectors"])
@pytest.mark.parametrize("make", MAPS_OF.values(), ids=MAPS_OF)
def test_maps_with_a_mask_for_each_energy(make, bins):
    binned = bin_maps(narrowed(make()), bins, psf=True)
    assert "energy" in binned["psf_mixing"].dims
    same_as_estimate(binned)


def test_a_joint_fit_of_maps():
    pair = [bin_maps(narrowed(make()), RINGS, psf=True) for make in (uneven_maps, on_off_maps)]
    same_as_estimate(pair, background=0.2)


def test_a_margin_changes_nothing():
    maps = narrowed(uneven_maps())
    wide = bin_maps(maps, RINGS, psf=True, margin=0.4 * u.deg)
    found, plain = (
        unfold(b, selection_optional="all") for b in (wide, bin_maps(maps, RINGS, psf=True))
    )
    np.testing.assert_allclose(found["norm_ul"], plain["norm_ul"], rtol=1e-8)
    assert found.sizes == plain.sizes


EDGES = [10, 59.2, 500] * u.GeV
OPTIONS = {
    "one group": {},
    "groups": {"energy_edges": EDGES},
    "each energy": {"energy_edges": "fine", "norm_min": 0},
    "summed": {"energy_edges": EDGES, "sum_over_energy_groups": True},
    "uncertain": {"energy_edges": EDGES, "background": 0.1, "norm_min": 0},
    "free": {"background": "free"},
}


@pytest.mark.heavy
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_real_cube(real_maps, options):
    same_as_estimate(bin_maps(narrowed(real_maps), RINGS, psf=True), **options)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, OPTIONS["each energy"]], ids=["one group", "each energy"])
def test_a_line_on_the_real_cube(real_maps, line51, options):
    same_as_estimate(bin_maps(narrowed(real_maps), line51, psf=True), **options)


@pytest.mark.heavy
@pytest.mark.parametrize("options", [{}, {"norm_min": 0}, {"energy_edges": 3}])
def test_simulated_on_off_data(gammapy_data, options):
    maps = narrowed(open_maps(gammapy_data / "onoff-sim" / "onoff-sim.fits.gz"))
    rings = SkyBins.annuli(skycoord(maps)[50, 50], edges=np.linspace(0, 1, 6) * u.deg)
    binned = bin_maps(maps, rings, psf=True)
    same_as_estimate(binned, **options)
    same_as_estimate([binned, binned], **options)
