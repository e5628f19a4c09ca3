"""Energy dispersion and PSF on a grid of positions, or as a density over migra."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small
from cases.bins import galactic
from scipy.stats import norm

from xprofile import open_maps
from xprofile.binned.edisp import edisp_at_centers
from xprofile.exceptions import FileFormatError

CARDS = {"CDELT1": -2.0, "CDELT2": 2.0, "CRPIX1": 2.0, "CRPIX2": 1.0}
SCALE = np.array([[1.0, 0.5, 0.25], [0.8, 0.4, 0.2]])  # of 2 x 3 positions


def image_of(name, values, axes, unit=""):
    """Make a response on a grid of positions, and the table of its axes, fastest first."""
    image = fits.ImageHDU(values, name=name)
    image.header.update({**small.WCS_CARDS, **CARDS, "BANDSHDU": f"{name}_BANDS", "BUNIT": unit})
    return [image, small.bands(name, axes)]


def replaced(name, hdus):
    def spoil(old):
        for part in (name, f"{name}_BANDS"):
            del old[part]
        old.extend(hdus)

    return spoil


def migra_axis(size=400):
    edges = np.linspace(0, 4, size + 1)
    names = ("MIGRA", "MIGRA_MIN", "MIGRA_MAX")
    return small.BandsAxis(names, ((edges[1:] + edges[:-1]) / 2, edges[:-1], edges[1:]), "", "lin")


def gaussian(width):
    """Mean density in each bin of a Gaussian migra round 1, (ntrue, nmigra)."""
    _, low, high = migra_axis().values
    density = (norm.cdf(high, 1, width) - norm.cdf(low, 1, width)) / (high - low)
    return np.broadcast_to(density, (4, density.size))


def expected_kernel(width):
    edges = small.EDGES / small.NODES_TRUE[:, None]
    return np.diff(norm.cdf(np.clip(edges, 0, 4), 1, width), axis=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


def test_kernels_on_a_grid(path):
    recipe = small.PLAIN
    values = small.EDISP[..., None, None] * SCALE
    hdus = image_of("EDISP", values, [recipe.energy(), recipe.energy_true()])
    maps = open_maps(small.write(path, spoil=replaced("EDISP", hdus)))
    assert maps["edisp"].dims == ("lat_edisp", "lon_edisp", "energy_true", "energy")
    np.testing.assert_allclose(
        maps["edisp"], SCALE[..., None, None] * small.EDISP, rtol=2e-7, atol=0
    )
    for (lon, lat), scale in {(2, 0): 1, (0, 0): 0.5, (-2, 2): 0.2, (0, 2): 0.4}.items():
        found = edisp_at_centers(maps, galactic([lon], [lat])).to_numpy()[0]
        np.testing.assert_allclose(found, scale * small.EDISP, rtol=2e-7, atol=0)


def test_migration_integrates_to_the_gaussian(path):
    """Up to the width of the bins of migra, which energy edges divide anywhere."""
    hdus = small.PLAIN.table("EDISP", gaussian(0.2), [migra_axis(), small.PLAIN.energy_true()])
    maps = open_maps(small.write(path, spoil=replaced("EDISP", hdus)))
    assert maps["edisp"].dims == ("energy_true", "energy")
    np.testing.assert_allclose(maps["edisp"], expected_kernel(0.2), rtol=0, atol=2e-4)
    assert expected_kernel(0.2).max() > 0.9
    inside = small.NODES_TRUE == 0.06  # far from all edges: nothing is lost
    np.testing.assert_allclose(maps["edisp"].sum("energy")[inside], 1, rtol=1e-4, atol=0)


def test_migration_on_a_grid(path):
    widths = np.array([[0.1, 0.2, 0.3], [0.15, 0.25, 0.35]])
    values = np.stack([[gaussian(w) for w in row] for row in widths])
    values = np.moveaxis(values, (0, 1), (-2, -1))
    hdus = image_of("EDISP", values, [migra_axis(), small.PLAIN.energy_true()])
    maps = open_maps(small.write(path, spoil=replaced("EDISP", hdus)))
    assert maps["edisp"].dims == ("lat_edisp", "lon_edisp", "energy_true", "energy")
    for index, width in np.ndenumerate(widths):
        np.testing.assert_allclose(maps["edisp"][index], expected_kernel(width), rtol=0, atol=1e-3)


def test_psf_on_a_grid(path):
    recipe = small.PLAIN
    values = small.PSF[..., None, None] * SCALE
    axes = [small.rad_axis(), small.psf_energies(recipe.unit_true)]
    hdus = image_of("PSF", values, axes, "sr-1")
    maps = open_maps(small.write(path, spoil=replaced("PSF", hdus)))
    one = open_maps(small.write(path.with_name("one.fits")))["psf"]
    assert maps["psf"].dims == ("lat_psf", "lon_psf", "energy_true", "rad")
    assert maps["psf"].attrs == one.attrs
    np.testing.assert_allclose(
        maps["psf"], SCALE[..., None, None] * one.to_numpy(), rtol=1e-6, atol=0
    )
    assert maps["wcs_psf"].attrs["CDELT2"] == 2
    netcdf = path.with_suffix(".nc")
    maps.to_netcdf(netcdf)
    xr.testing.assert_identical(xr.load_dataset(netcdf), maps)


def test_a_grid_of_another_shape_raises(path):
    recipe = small.PLAIN
    hdus = image_of("EDISP", np.ones((4, 2, 2, 3)), [recipe.energy(), recipe.energy_true()])
    with pytest.raises(
        FileFormatError, match=r"EDISP has the shape .*, expected \(4, 3\) and two axes"
    ):
        open_maps(small.write(path, spoil=replaced("EDISP", hdus)))
