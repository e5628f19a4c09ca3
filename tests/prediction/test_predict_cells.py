"""Templates on planes and in HEALPix, for maps on either."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy_healpix import HEALPix
from cases.maps import make_maps, make_wcs
from cases.pixel_spread import gauss_table
from cases.sky_maps import sky_cube, source, steep

from xprofile import SkyBins, bin_image, from_arrays, predict
from xprofile.exceptions import DataWarning, InvalidDataError
from xprofile.prediction.templates import Template

MODEL = steep(2)
CENTER = SkyCoord(30, 10, unit="deg", frame="galactic")
RINGS = SkyBins.annuli(CENTER, edges=[0, 1, 2, 3] * u.deg)
SIGMA, EXPOSURE = 1.2, 1e12
TOTAL = 1e-12 * EXPOSURE  # flux times exposure


def cell_ids(nside, order="nested", frame="galactic", radius=8.0):
    """All cells within a radius in deg, by positions much finer than they are."""
    side = 0.25 * np.degrees(np.sqrt(np.pi / 3)) / nside
    offsets = np.arange(-radius, radius, side)
    lon, lat = np.meshgrid(30 + offsets / np.cos(np.radians(10)), 10 + offsets)
    sky = SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame="galactic")
    at = sky.transform_to(frame).spherical
    return np.unique(HEALPix(nside, order=order).lonlat_to_healpix(at.lon, at.lat))


def cell_maps(nside=64, order="nested", radius=6.0, **options):
    ids = cell_ids(nside, order, radius=radius)
    return from_arrays(
        np.ones((2, ids.size)), cell_ids=ids, nside=nside, indexing_scheme=order, frame="galactic",
        energy_edges=[0.01, 0.1, 1] * u.TeV,
        exposure=np.full((2, ids.size), EXPOSURE) * u.Unit("cm2 s"),
        **options,
    )  # fmt: skip


def with_psf(width=0.5):
    rad, density = gauss_table(width)
    return {"psf": np.tile(density, (2, 1)) / u.sr, "rad": rad * u.rad}


def cell_image(nside, order="ring", frame="galactic"):
    """A Gauss function whose integral over the sky is 1."""
    ids = cell_ids(nside, order, frame)
    image = from_arrays(
        np.ones((1, ids.size)), cell_ids=ids, nside=nside, indexing_scheme=order, frame=frame,
        energy_edges=[1, 3] * u.TeV, exposure=np.ones((1, ids.size)) * u.Unit("cm2 s"),
    ).counts[0].drop_vars(["energy", "energy_min", "energy_max"])  # fmt: skip
    lon, lat = HEALPix(nside, order=order).healpix_to_lonlat(ids)
    angle = SkyCoord(lon, lat, frame=frame).separation(CENTER).deg
    values = np.exp(-(angle**2) / 2 / SIGMA**2) / (2 * np.pi * np.radians(SIGMA) ** 2)
    return image.astype(float).copy(data=values).assign_attrs(units="sr-1")


def plane_maps():
    wcs = make_wcs("TAN", (30, 10), 0.25, (50, 50))
    maps = make_maps(wcs, (50, 50))
    return maps.drop_vars(["mask", "background"], errors="ignore")


def plane_image(projection, step, size):
    return source(make_wcs(projection, (30, 10), step, (size, size)), (size, size), CENTER, SIGMA)


IMAGES = {
    "the same cells": lambda: cell_image(64, "nested"),
    "other order": lambda: cell_image(64),
    "deeper": lambda: cell_image(256),
    "much deeper": lambda: cell_image(512, "nested"),
    "coarser": lambda: cell_image(32),
    "other frame": lambda: cell_image(128, frame="icrs"),
    "plane": lambda: plane_image("TAN", 0.1, 160),
    "fine plane": lambda: plane_image("SIN", 0.05, 320),
}


# sides in deg of the cells or pixels between which values are linear, at most those of the maps
SIDES = {
    "the same cells": 0.92, "other order": 0.92, "deeper": 0.23, "much deeper": 0.11,
    "coarser": 1.83, "other frame": 0.46, "plane": 0.1, "fine plane": 0.05,
}  # fmt: skip


def expected_within(radius, *blurs):
    """Counts of the source within a radius in deg, blurred by Gauss functions of some widths."""
    return TOTAL * (1 - np.exp(-(radius**2) / 2 / (SIGMA**2 + sum(w**2 for w in blurs))))


FAST = [("cells", "deeper"), ("cells", "plane"), ("pixels", "other order")]
SLOW = [(kind, name) for kind in ("cells", "pixels") for name in IMAGES if (kind, name) not in FAST]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("kind", "name"), [*FAST, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_a_source_keeps_its_counts_and_shape(kind, name):
    maps = cell_maps() if kind == "cells" else plane_maps()
    found = predict(maps, IMAGES[name](), spectral_model=MODEL)
    assert found.dims == ("energy", *(("cell",) if kind == "cells" else ("lat", "lon")))
    np.testing.assert_allclose(found.sum(), TOTAL, rtol=2e-3)
    summed = bin_image(found.sum("energy"), RINGS, overlap="subpixel").cumsum("projected_distance")
    # linear interpolation between cells, means over pixels, and even pixels make it wider
    own = {"the same cells": 0.5, "other order": 0.5, "deeper": 1, "much deeper": 1}
    apart = 0.0 if kind == "cells" and name in own else SIDES[name]
    side = 0.92 * np.sqrt(own.get(name, 1)) if kind == "cells" else 0.25
    blur = np.sqrt((apart**2 + side**2) / 6)
    expected = expected_within(np.array([1.0, 2.0, 3.0]), blur)
    np.testing.assert_allclose(summed, expected, rtol=0.06 if name == "coarser" else 0.03)


@pytest.mark.parametrize("dim", ["energy_true", "energy"])
def test_photons_come_from_beyond_the_cells_of_the_maps(dim):
    """An even sky, spread by the PSF, stays even up to the edge of the maps."""
    maps = cell_maps(radius=3, **with_psf(1.0))
    if dim == "energy":
        maps = maps.assign(psf=(("energy", "rad"), maps["psf"].values, maps["psf"].attrs))
    alone, spread = (predict(maps, None, spectral_model=MODEL, psf=psf) for psf in (False, True))
    np.testing.assert_allclose(spread, alone, rtol=3e-3)


@pytest.mark.slow
def test_the_psf_makes_a_source_wider():
    maps = cell_maps(128, **with_psf(0.8))
    found = predict(maps, cell_image(256), spectral_model=MODEL).sum("energy")
    summed = bin_image(found, RINGS, overlap="subpixel").cumsum("projected_distance")
    expected = expected_within(np.array([1.0, 2.0, 3.0]), 0.8, 0.46 / np.sqrt(6))
    np.testing.assert_allclose(summed, expected, rtol=0.01)


@pytest.mark.heavy
@pytest.mark.parametrize("psf", [False, True])
def test_chunks_of_cells_change_nothing(psf):
    maps = cell_maps(radius=4, **with_psf())
    maps["exposure"].values *= 1 + np.arange(maps.sizes["cell"]) / 1e3
    image = cell_image(32)
    lazy = predict(maps.chunk(cell=25), image, spectral_model=MODEL, psf=psf)
    assert len(lazy.chunks[1]) > 3
    expected = predict(maps, image, spectral_model=MODEL, psf=psf)
    np.testing.assert_allclose(lazy, expected, rtol=2e-3, atol=1e-6 * float(expected.max()))


def test_masked_cells_are_nan_and_parts_without_a_template_are_told():
    maps = cell_maps(radius=9)
    used = np.arange(maps.sizes["cell"]) > 20
    maps["mask"] = ("energy", "cell"), np.tile(used, (2, 1))
    with pytest.warns(DataWarning, match="does not cover"):
        found = predict(maps, cell_image(64), spectral_model=MODEL)
    assert np.isnan(found[:, ~used]).all()
    assert np.isfinite(found[:, used]).all()
    far = cell_image(64, "nested").isel(cell=slice(0, 1))
    with pytest.raises(InvalidDataError, match="covers no used pixel"):
        predict(maps.sel(cell=maps["cell_ids"] != far["cell_ids"][0]), far, spectral_model=MODEL)


def test_templates_are_fitted_to_maps_in_healpix():
    """Two templates of either kind, and one that is predicted already, give their norms back."""
    maps = cell_maps(radius=4)
    bins = SkyBins.annuli(CENTER, edges=np.arange(0, 5) * u.deg)
    parts = {"image": IMAGES["plane"](), "even": None}
    counts = {name: predict(maps, sky, spectral_model=MODEL) for name, sky in parts.items()}
    scale = 1e4
    sky = scale * (2 * counts["image"] + 3 * counts["even"])
    maps = maps.assign(counts=sky.variable, background=0 * sky.variable)
    given = {"image": (parts["image"], MODEL), "even": counts["even"]}
    fit = maps.profile.fit_templates(bins, given)
    np.testing.assert_allclose(fit["norm"].squeeze(), [2 * scale, 3 * scale], rtol=1e-4)


@pytest.mark.parametrize("kind", ["cells", "pixels"])
@pytest.mark.parametrize("dispersed", [False, True])
def test_a_cube_of_cells_predicts_as_its_image_and_spectrum(kind, dispersed):
    maps = cell_maps() if kind == "cells" else plane_maps()
    if dispersed:
        ntrue, nenergy = maps.sizes["energy_true"], maps.sizes["energy"]
        table = np.full((ntrue, nenergy), 0.3 / nenergy)
        maps["edisp"] = ("energy_true", "energy"), table
    image, edges = cell_image(64, "nested"), np.geomspace(0.005, 2, 12)
    cube = sky_cube(image, lambda energy: MODEL(energy * u.TeV).value, edges)
    found = predict(maps, cube)
    expected = predict(maps, image, spectral_model=MODEL)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-9 * float(expected.max()))


@pytest.mark.parametrize("kind", ["cells", "pixels"])
def test_a_part_of_a_large_template_predicts_the_same(kind, monkeypatch):
    maps = cell_maps(radius=2, **with_psf()) if kind == "cells" else plane_maps().isel(lat=slice(9))
    image = whole_sky_image()
    expected = predict(maps, image, spectral_model=MODEL)
    monkeypatch.setattr("xprofile.prediction.templates._SMALL", 100)
    kept = []
    near = Template.near
    monkeypatch.setattr(Template, "near", lambda *options: kept.append(near(*options)) or kept[0])
    found = predict(maps, image, spectral_model=MODEL)
    assert kept[0].values.size < image.size / 4
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def whole_sky_image():
    """A map of all cells that changes everywhere."""
    size = 12 * 64**2
    maps = from_arrays(
        np.ones((1, size)), indexing_scheme="ring", frame="icrs", energy_edges=[1, 3] * u.TeV,
        exposure=1 * u.Unit("cm2 s"),
    )  # fmt: skip
    values = np.random.default_rng(8).uniform(1, 2, size)
    image = maps.counts[0].drop_vars(["energy", "energy_min", "energy_max"]).astype(float)
    return image.copy(data=values).assign_attrs(units="sr-1")
