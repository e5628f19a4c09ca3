"""Energy dispersion that varies over the map, from files to the estimate."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import mapdataset_files as small
from cases.maps import make_maps, make_wcs
from scipy.stats import norm

from xprofile import SkyBins, bin_maps, estimate, open_maps
from xprofile.binned.edisp import edisp_of_bins
from xprofile.exceptions import FileFormatError
from xprofile.maps.wcs import encode_wcs

GRID = (3, 5)  # positions of 2 deg: latitudes -2, 0, 2 and longitudes 4 to -4


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def with_edisp(maps, seed=2):
    """Add another kernel at every position."""
    values = np.random.default_rng(seed).dirichlet(np.ones(4), (*GRID, 6))
    maps = maps.assign_coords(wcs_edisp=encode_wcs(make_wcs(step=2.0, shape=GRID)))
    dims = ("lat_edisp", "lon_edisp", "energy_true", "energy")
    return maps.assign(edisp=(dims, values, {"long_name": "edisp"}))


def circle_at(lon, lat):
    return SkyBins.annuli(galactic(lon, lat), radius_max=0.5 * u.deg, nbin=1)


@pytest.mark.parametrize(
    ("lon", "lat", "row", "column"),
    [
        (0, 0, 1, 2),
        (0.9, 0.9, 1, 2),
        (1.1, -1.1, 0, 1),
        (-3.9, 1.9, 2, 4),
        (1, 0, 1, 1),  # half-way between columns 1 and 2
        (0, 1, 1, 2),  # half-way between rows 1 and 2
        (-1, -1, 0, 2),
        (12, 0, 1, 0),
        (0, -40, 0, 2),
        (-30, 30, 2, 4),
    ],
)
def test_the_nearest_position_counts_and_the_lower_of_two(lon, lat, row, column):
    maps = with_edisp(make_maps())
    found = edisp_of_bins(maps, circle_at(lon, lat).center)
    assert found.dims == ("projected_distance", "energy_true", "energy")
    np.testing.assert_array_equal(found[0], maps["edisp"][row, column])


def test_one_kernel_is_that_of_all_bins():
    maps = with_edisp(make_maps())
    maps = maps.assign(edisp=maps["edisp"][1, 2].drop_vars("wcs_edisp"))
    xr.testing.assert_identical(edisp_of_bins(maps, circle_at(2, 0).center), maps["edisp"].variable)


SECTORS = SkyBins.sectors(
    galactic(0.1, 0.1), radius_min=1.5 * u.deg, radius_max=2.5 * u.deg, nbin=4
)


def line():
    return SkyBins.along_line(galactic(3.5, 0.1), galactic(-3.5, 0.1), height=3 * u.deg, nbin=7)


@pytest.mark.parametrize(
    ("bins", "dim"),
    [
        (line(), "projected_distance"),
        (SECTORS, "position_angle"),
        (SkyBins.grid(galactic(0.1, 0), width=4 * u.deg, height=4 * u.deg, nbin=(2, 2)), "region"),
    ],
)
def test_the_estimate_is_that_of_each_bin_with_its_kernel(bins, dim):
    maps = with_edisp(make_maps())
    before = maps.copy(deep=True)
    binned = bin_maps(maps, bins)
    xr.testing.assert_identical(maps, before)
    assert set(binned["edisp"].dims) == {dim, "energy_true", "energy"}
    together = estimate(binned, selection_optional="all")
    kernels = edisp_of_bins(maps, bins.center)
    assert len(np.unique(kernels.to_numpy()[:, 0, 0])) > 1
    for i in range(len(bins)):
        one = maps.drop_vars(["edisp", "wcs_edisp"])
        one = one.assign(edisp=(("energy_true", "energy"), kernels.to_numpy()[i]))
        alone = estimate(bin_maps(one, bins), selection_optional="all")
        for name in ("norm", "norm_err", "sqrt_ts", "norm_ul", "npred"):
            np.testing.assert_allclose(
                together[name][i], alone[name][i], rtol=1e-6, atol=0, err_msg=name
            )


# from files

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
    """Density over migra round 1, (ntrue, nmigra), each bin's mean."""
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
        found = edisp_of_bins(maps, circle_at(lon, lat).center).to_numpy()[0]
        np.testing.assert_allclose(found, scale * small.EDISP, rtol=2e-7, atol=0)


def test_migration_integrates_to_the_gaussian(path):
    """Up to the density's bins, in which the edges of energy fall anywhere."""
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


def test_a_grid_of_another_shape_is_refused(path):
    recipe = small.PLAIN
    hdus = image_of("EDISP", np.ones((4, 2, 2, 3)), [recipe.energy(), recipe.energy_true()])
    with pytest.raises(FileFormatError, match=r"EDISP has the shape .*, its axes \(4, 3\)"):
        open_maps(small.write(path, spoil=replaced("EDISP", hdus)))
