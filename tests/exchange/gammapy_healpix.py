"""HEALPix maps between xprofile and the installed Gammapy, both ways, by file and in memory.

Not among the fast tests: ``nox -s gammapy`` runs it in environments with Gammapy 1.3 and 2.1.
"""

from itertools import product

import astropy.units as u
import healpy
import numpy as np
import pytest
import xarray as xr
from gammapy.datasets import MapDataset
from gammapy.irf import EDispKernelMap, PSFMap
from gammapy.maps import HpxGeom, HpxNDMap, Map, MapAxis

from xprofile import from_gammapy, open_map, open_maps
from xprofile.exceptions import FileFormatError
from xprofile.maps.wcs import pixel_grid

NSIDE = 16
ENERGY = MapAxis.from_energy_bounds("10 GeV", "1 TeV", nbin=3)
TRUE = MapAxis.from_energy_bounds("5 GeV", "2 TeV", nbin=5, name="energy_true")
NODES = MapAxis.from_nodes([1, 2, 5], unit="TeV", name="energy", interp="log")
DISK = "DISK(30,10,25)"
REGIONS = (None, DISK, "DISK_INC(30,10,25,4)", "HPX_PIXEL(NESTED,2,5)", "HPX_PIXEL(RING,4,50)")
SKIES = [*product((None, DISK), (True, False), ("galactic", "icrs"))]


def random_map(axes, rng, *, nest=True, region=None, frame="galactic", unit=""):
    geom = HpxGeom(nside=NSIDE, nest=nest, frame=frame, region=region, axes=axes)
    values = rng.poisson(2, geom.data_shape).astype(np.float32)
    return HpxNDMap(geom, data=values, unit=unit)


def make_dataset(nest=True, region=None, frame="galactic"):
    """A dataset whose maps are HEALPix, with responses on a plane."""
    rng, sky = np.random.default_rng(1), {"nest": nest, "region": region, "frame": frame}
    mask = random_map([ENERGY], rng, **sky)
    mask.data = mask.data > 1
    return MapDataset(
        counts=random_map([ENERGY], rng, **sky),
        background=random_map([ENERGY], rng, **sky),
        exposure=random_map([TRUE], rng, unit="cm2 s", **sky),
        mask_safe=mask,
        edisp=EDispKernelMap.from_diagonal_response(ENERGY, TRUE),
        psf=PSFMap.from_gauss(TRUE, sigma=0.3 * u.deg),
    )


def cell_values(found, maps):
    """Values of a map of Gammapy in the cells of maps, 0 where it has none."""
    scheme, cells = maps["healpix"].attrs["indexing_scheme"], maps["cell_ids"].to_numpy()
    assert found.geom.nest == (scheme == "nested")
    assert found.geom.frame == maps["healpix"].attrs["frame"]
    values = found.data.reshape(-1, found.data.shape[-1])
    if found.geom.is_allsky:
        return values[:, cells]
    place = np.asarray(found.geom.to_image().global_to_local((cells,), ravel=True)).reshape(-1)
    return np.where(place >= 0, values[:, np.maximum(place, 0)], 0)


def check(dataset, maps):
    for name, image in (
        ("counts", dataset.counts), ("background", dataset.background),
        ("exposure", dataset.exposure), ("mask", dataset.mask_safe),
    ):  # fmt: skip
        np.testing.assert_array_equal(cell_values(image, maps), maps[name], err_msg=name)
    assert dataset.exposure.unit == "cm2 s"
    edges = [*maps["energy_min"], maps["energy_max"][-1]]
    found = dataset.counts.geom.axes["energy"].edges.to_value("TeV")
    np.testing.assert_allclose(found, edges, rtol=1e-12, atol=0)
    for name, response in (("psf", dataset.psf.psf_map), ("edisp", dataset.edisp.edisp_map)):
        values = maps[name].to_numpy()
        np.testing.assert_allclose(
            response.data[..., 0, 0], values[0, 0] if values.ndim > 2 else values, rtol=1e-6, atol=0
        )


@pytest.mark.parametrize(("region", "nest", "frame"), SKIES)
def test_datasets_go_both_ways(region, nest, frame, tmp_path):
    dataset = make_dataset(nest, region, frame)
    dataset.write(tmp_path / "theirs.fits")
    maps = open_maps(tmp_path / "theirs.fits")
    assert maps.sizes["cell"] == dataset.counts.geom.npix.flat[0] if region is None else True
    check(dataset, maps)
    in_memory = from_gammapy(dataset)
    xr.testing.assert_equal(in_memory, maps)
    maps.profile.to_fits(tmp_path / "ours.fits")
    check(MapDataset.read(tmp_path / "ours.fits"), maps)


@pytest.mark.parametrize("nest", [True, False])
def test_some_cells_are_read_as_a_whole_sky(nest, tmp_path):
    make_dataset(nest).write(tmp_path / "theirs.fits")
    maps = open_maps(tmp_path / "theirs.fits").isel(cell=slice(40, 1000, 7))
    maps.profile.to_fits(tmp_path / "ours.fits")
    found = MapDataset.read(tmp_path / "ours.fits")
    check(found, maps)
    assert found.counts.data.sum() == maps["counts"].sum()
    assert found.exposure.data.sum(dtype=float) == maps["exposure"].astype(float).sum()


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("axes", [[ENERGY], [TRUE], [NODES], []])
def test_single_maps_of_all_formats(region, axes, tmp_path):
    rng, path, written = np.random.default_rng(3), tmp_path / "map.fits", 0
    options = product((True, False), ("galactic", "icrs"), ("gadf", "fgst-ccube", "fgst-template"))
    for (nest, frame, name), sparse in product(options, (False, True)):
        expected = random_map(axes, rng, nest=nest, region=region, frame=frame)
        try:
            expected.write(path, format=name, sparse=sparse, overwrite=True)
        except ValueError:  # of Gammapy, for formats that do not have such axes
            continue
        written += 1
        if sparse and region is not None and region.startswith("DISK_INC"):
            with pytest.raises(FileFormatError, match="does not list its cells"):
                open_map(path)
            continue
        found = open_map(path)
        values = cell_values(expected, found)
        np.testing.assert_array_equal(values, found.to_numpy().reshape(values.shape))
        assert expected.data.sum() == found.sum()
        lon, lat = healpy.pix2ang(NSIDE, found["cell_ids"], nest=nest, lonlat=True)
        sky = found.profile.skycoord
        sky = sky() if callable(sky) else sky
        np.testing.assert_allclose(sky.spherical.lat.deg, lat, rtol=0, atol=1e-9)
        np.testing.assert_allclose(np.cos(np.radians(sky.spherical.lon.deg - lon)), 1, atol=1e-12)
    assert written >= 8


def test_lists_of_cells_that_gammapy_does_not_write(tmp_path):
    cells = (np.array([5, 3, 100]),)
    image = HpxNDMap(HpxGeom(nside=NSIDE, frame="galactic", region=cells, axes=[ENERGY]))
    image.write(tmp_path / "map.fits")
    with pytest.raises(FileFormatError, match="HPX_REG 'explicit'"):
        open_map(tmp_path / "map.fits")
    with pytest.raises(ValueError, match="explicit"):
        Map.read(tmp_path / "map.fits")


def on_cells(response):
    """A response that is the same at all HEALPix positions."""
    axes = [axis for axis in response.geom.axes if axis.name not in ("lon", "lat")]
    geom = HpxGeom(nside=4, frame="galactic").to_cube(axes)
    values = np.broadcast_to(response.data[..., 0, 0][..., None], geom.data_shape).copy()
    return HpxNDMap(geom, data=values, unit=response.unit)


def test_responses_at_healpix_positions(tmp_path):
    dataset = make_dataset()
    dataset.psf = PSFMap(on_cells(dataset.psf.psf_map))
    dataset.edisp = EDispKernelMap(on_cells(dataset.edisp.edisp_map))
    dataset.write(tmp_path / "maps.fits")
    for found in (open_maps(tmp_path / "maps.fits"), from_gammapy(dataset)):
        expected = from_gammapy(make_dataset())
        for name in ("psf", "edisp"):
            one = expected[name].isel({f"lat_{name}": 0, f"lon_{name}": 0})
            np.testing.assert_allclose(found[name], one, rtol=1e-6, atol=0)
    image = dataset.psf.psf_map
    image.data *= np.random.default_rng(1).uniform(0.5, 2, image.data.shape)
    found = from_gammapy(dataset)
    grid = pixel_grid(found, "psf")
    lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    cell = healpy.ang2pix(4, lon % 360, lat, nest=True, lonlat=True)
    expected = np.moveaxis(image.data[..., cell], (2, 3), (0, 1)) * image.unit.to("sr-1")
    np.testing.assert_allclose(found["psf"], expected, rtol=1e-6, atol=0)
