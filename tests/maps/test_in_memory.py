"""Maps from arrays: the same as from files, in any projection; and what is refused."""

import copy

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS
from cases import mapdataset_files as small
from cases.in_memory import CM2S, EDGES, SHAPE, arrays, header, made
from cases.mapdataset_files import Recipe, write
from cases.maps import make_wcs
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile import SkyBins, from_arrays, open_maps
from xprofile.exceptions import (
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.maps.positions import skycoord
from xprofile.schema.checks import check_maps


def test_arrays_are_the_maps_of_a_file(tmp_path):
    found = made(psf=None, rad=None)
    file = write(tmp_path / "maps.fits", Recipe(unit="TeV", unit_true="TeV", node_true=False))
    expected = open_maps(file, drop_variables=["psf"])
    xr.testing.assert_allclose(found, expected, rtol=2e-7, atol=0)
    assert {n: (v.dtype, v.attrs) for n, v in found.variables.items()} == {
        n: (v.dtype, v.attrs) for n, v in expected.variables.items()
    }


def test_what_is_made_can_be_binned_and_written(tmp_path):
    maps = made()
    check_maps(maps)
    bins = SkyBins.annuli(skycoord(maps)[3, 4], edges=[0, 1, 2] * u.deg)
    profile = maps.profile.estimate(bins)
    assert np.isfinite(profile["norm"]).all()
    maps.profile.to_fits(tmp_path / "maps.fits")
    xr.testing.assert_identical(open_maps(tmp_path / "maps.fits").assign_attrs(maps.attrs), maps)


def test_history_says_where_it_comes_from():
    assert made().attrs["history"] == "from_arrays"


def test_arguments_stay_as_they_were():
    given = arrays()
    before = copy.deepcopy(given)
    maps = from_arrays(**given)
    for name, value in given.items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert not np.shares_memory(maps["counts"].to_numpy(), given["counts"])


@pytest.mark.parametrize("unit", ["m2 s", "cm2 s", "km2 h"])
@pytest.mark.parametrize("kind", ["f4", "f8", "i8"])
def test_exposure_is_converted(unit, kind):
    values = small.EXPOSURE.astype(kind)
    maps = made(exposure=u.Quantity(values, unit, dtype=kind))
    assert maps["exposure"].dtype == (kind if kind != "i8" else "f8")
    expected = values * u.Unit(unit).to("cm2 s")
    np.testing.assert_allclose(maps["exposure"], expected, rtol=2e-7, atol=0)
    bare = made(exposure=values, exposure_unit=unit)
    np.testing.assert_array_equal(bare["exposure"], maps["exposure"])


@pytest.mark.parametrize(
    ("name", "value", "cube"),
    [
        ("background", 0.5, 0.5),
        ("background", [1, 2, 3], np.reshape([1, 2, 3], (3, 1, 1))),
        ("mask", small.MASK_SAFE[0], small.MASK_SAFE[0]),
        ("mask", [True, False, True], np.reshape([True, False, True], (3, 1, 1))),
        ("mask", small.MASK_SAFE.astype(int) * 3, small.MASK_SAFE),
        ("exposure", 1e11 * u.Unit("m2 s"), 1e15),
        ("exposure", [1, 2, 3, 4] * CM2S, np.reshape([1, 2, 3, 4], (4, 1, 1))),
        ("exposure", small.EXPOSURE[1] * CM2S, small.EXPOSURE[1]),
    ],
)
def test_less_than_a_cube_is_broadcast(name, value, cube):
    maps = made(**{name: value})
    shape = (4 if name == "exposure" else 3, *SHAPE[1:])
    assert maps[name].shape == shape
    np.testing.assert_allclose(maps[name], np.broadcast_to(cube, shape), rtol=1e-15, atol=0)
    maps[name][0, 0, 0] = 0  # values of its own


def test_images_make_maps_of_one_energy():
    maps = made(
        counts=small.COUNTS[0],
        background=small.BACKGROUND[0],
        energy_edges=[1, 10] * u.TeV,
        energy_true_edges=None,
        exposure=small.EXPOSURE[0] * CM2S,
        mask=small.MASK_SAFE[0],
        edisp=None,
        psf=np.ones(5),
    )
    assert maps["counts"].shape == maps["exposure"].shape == (1, 6, 8)
    np.testing.assert_array_equal(maps["counts"][0], small.COUNTS[0])


def test_acceptances_may_be_images_and_off_counts_are_cubes():
    maps = made(
        background=None,
        counts_off=small.COUNTS_OFF,
        acceptance=1,
        acceptance_off=small.ACCEPTANCE_OFF[0],
    )
    check_maps(maps)
    assert "background" not in maps
    np.testing.assert_array_equal(maps["counts_off"], small.COUNTS_OFF)
    np.testing.assert_array_equal(maps["acceptance_off"][2], small.ACCEPTANCE_OFF[0])


def test_one_psf_is_that_of_all_energies():
    maps = made(psf=[5, 4, 3, 2, 1] / u.deg**2)
    per_sr = (1 / u.deg**2).to_value("sr-1")
    np.testing.assert_allclose(maps["psf"], np.tile([5, 4, 3, 2, 1], (4, 1)) * per_sr, rtol=1e-12)
    assert maps["psf"].attrs["units"] == "sr-1"
    np.testing.assert_allclose(
        made(rad=small.RAD * 60 * u.arcmin)["rad"], small.RAD, rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("energy_unit", ["TeV", "GeV", "keV"])
def test_energies_of_any_unit(energy_unit):
    maps = made(energy_edges=EDGES.to("MeV"), energy_unit=energy_unit)
    scale = u.TeV.to(energy_unit)
    edges, true = small.EDGES * scale, small.EDGES_TRUE * scale
    np.testing.assert_allclose(maps["energy_min"], edges[:-1], rtol=1e-12, atol=0)
    np.testing.assert_allclose(maps["energy"] ** 2, edges[:-1] * edges[1:], rtol=1e-12, atol=0)
    np.testing.assert_allclose(maps["energy_true_max"], true[1:], rtol=1e-12, atol=0)
    assert maps["energy"].attrs["units"] == maps["energy_true"].attrs["units"] == energy_unit


def test_true_energies_are_nodes_edges_or_those_of_the_counts():
    nodes = made(energy_true_edges=None, energy_true=small.NODES_TRUE * u.TeV)
    np.testing.assert_array_equal(nodes["energy_true"], small.NODES_TRUE)
    middle = np.sqrt(small.NODES_TRUE[1:] * small.NODES_TRUE[:-1])
    np.testing.assert_allclose(nodes["energy_true_min"][1:], middle, rtol=1e-12, atol=0)
    exposure = small.EXPOSURE[:3] * CM2S
    same = made(energy_true_edges=None, exposure=exposure, edisp=np.eye(3), psf=np.ones(5))
    np.testing.assert_array_equal(same["energy_true_max"], same["energy_max"])


@pytest.mark.parametrize("projection", ["CAR", "TAN", "AIT"])
@pytest.mark.parametrize("extra", [False, True])
def test_wcs_of_any_projection_and_number_of_axes(projection, extra):
    plane = make_wcs(projection, (30.0, 20.0), shape=SHAPE[1:])
    wcs = plane
    if extra:
        cards = plane.to_header()
        cards.update(WCSAXES=3, CTYPE3="ENERGY", CRVAL3=1.0, CDELT3=1.0, CRPIX3=1.0)
        wcs = WCS(cards)
    maps, again = made(wcs=wcs), made(wcs=wcs.to_header())
    expected = plane.pixel_to_world(*np.meshgrid(np.arange(8), np.arange(6)))
    assert skycoord(maps).separation(expected).deg.max() < 1e-9
    xr.testing.assert_identical(maps, again)
    assert "lon" not in maps.coords


def test_header_of_a_cube_is_that_of_its_pixels():
    cube = fits.ImageHDU(small.COUNTS, header())
    maps = made(wcs=cube.header)
    xr.testing.assert_identical(maps, made())
    with pytest.raises(InvalidDataError, match=r"counts .*\(3, 5, 8\), expected \(3, 6, 8\)"):
        made(wcs=cube.header, counts=small.COUNTS[:, :5])


@pytest.mark.slow
@given(
    kind=st.sampled_from(["u1", "i2", "i4", "i8", "f4", "f8"]),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 100),
)
@settings(max_examples=6, deadline=None)
def test_shapes_and_types_stay(kind, shape, seed, tmp_path_factory):
    rng = np.random.default_rng(seed)
    counts = (1 + rng.poisson(2, shape)).astype(kind)
    maps = from_arrays(
        counts,
        wcs=make_wcs("TAN", (83, 22), shape=shape[1:], frame="icrs"),
        energy_edges=np.geomspace(1, 10, shape[0] + 1) * u.TeV,
        background=rng.uniform(0, 1, shape).astype("f4"),
        exposure=rng.uniform(1, 2, shape) * CM2S,
    )
    assert maps["counts"].dtype == kind
    np.testing.assert_array_equal(maps["counts"], counts)
    path = tmp_path_factory.mktemp("maps") / "maps.fits"
    maps.profile.to_fits(path)
    xr.testing.assert_identical(open_maps(path).assign_attrs(maps.attrs), maps)


def test_dask_arrays_stay_lazy():
    da = pytest.importorskip("dask.array")
    lazy = {
        name: da.from_array(values, chunks=(1, 6, 8))
        for name, values in (("counts", small.COUNTS), ("background", small.BACKGROUND))
    }
    exposure = da.from_array(small.EXPOSURE, chunks=(1, 6, 8))
    mask = da.from_array(small.MASK_SAFE[0])
    maps = made(**lazy, exposure=exposure, exposure_unit="m2 s", mask=mask)
    assert all(maps[name].chunks for name in ("counts", "background", "exposure", "mask"))
    xr.testing.assert_equal(
        maps.compute(), made(exposure=small.EXPOSURE * u.m**2 * u.s, mask=small.MASK_SAFE[0])
    )


def test_arrays_of_xarray_are_taken_by_their_values():
    da = pytest.importorskip("dask.array")
    counts = xr.DataArray(da.from_array(small.COUNTS, chunks=(1, 6, 8)), dims=("e", "b", "l"))
    maps = made(counts=counts, background=xr.DataArray(small.BACKGROUND))
    assert maps["counts"].chunks
    xr.testing.assert_equal(maps.compute(), made())


# images, times and reconstructed energies


def test_images_of_one_energy_bin_without_background():
    maps = made(
        counts=small.COUNTS[0], energy_edges=EDGES[:2], energy_true_edges=None, edisp=None,
        psf=None, rad=None, background=None, mask=None, exposure=small.EXPOSURE[0] * CM2S,
    )  # fmt: skip
    check_maps(maps)
    assert set(maps.data_vars) == {"counts", "exposure"}
    np.testing.assert_array_equal(maps["counts"], small.COUNTS[:1])
    binned = maps.profile.bin(SkyBins.annuli(skycoord(maps)[3, 4], edges=[0, 1, 2] * u.deg))
    with pytest.raises(MissingVariableError, match="background=0"):
        binned.profile.estimate()


@pytest.mark.parametrize(
    ("exposure", "options", "factor"),
    [
        (small.EXPOSURE, {}, [2e4] * 4),
        (small.EXPOSURE * u.h, {}, [7.2e7] * 4),
        (small.EXPOSURE, {"exposure_unit": "min"}, [1.2e6] * 4),
        (small.EXPOSURE[0], {"effective_area": [1, 2, 3, 4] * u.m**2}, [1e4, 2e4, 3e4, 4e4]),
        ([1, 2, 1, 2] * u.s, {"effective_area": [1, 2, 3, 4] * u.cm**2}, [1, 2, 3, 4]),
        (5 * u.s, {"effective_area": [1, 2, 3, 4] * u.cm**2}, [1, 2, 3, 4]),
    ],
)
def test_times_are_multiplied_by_the_effective_area(exposure, options, factor):
    options = {"effective_area": 2 * u.m**2, **options}
    found = made(exposure=exposure, **options)["exposure"]
    times = np.asarray(getattr(exposure, "value", exposure), float)
    times = times[:, None, None] if times.ndim == 1 else times
    expected = np.broadcast_to(times * np.reshape(factor, (4, 1, 1)), found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_exposures_that_are_no_times_or_have_too_many_areas_are_refused():
    with pytest.raises(InvalidDataError, match="expected one like 's'; leave effective_area out"):
        made(effective_area=1 * u.m**2)
    with pytest.raises(InvalidDataError, match="expected one like 'cm2 s'; a time needs effective"):
        made(exposure=small.EXPOSURE * u.s)
    with pytest.raises(InvalidOptionError, match="effective_area has 2 values"):
        made(exposure=5 * u.s, effective_area=[1, 2] * u.m**2)


def test_psf_over_reconstructed_energy_is_told_by_its_shape(tmp_path):
    psf = np.arange(15.0).reshape(3, 5)
    maps = made(psf=psf)
    assert maps["psf"].dims == ("energy", "rad")
    np.testing.assert_array_equal(maps["psf"], psf)
    maps.profile.to_fits(tmp_path / "maps.fits")
    xr.testing.assert_equal(open_maps(tmp_path / "maps.fits"), maps)
    with pytest.raises(InvalidDataError, match=r"psf has the shape \(2, 5\), expected \(4, 5\)"):
        made(psf=psf[:2])


def test_counts_and_photons_are_numbers():
    plain = made()
    events = made(
        counts=small.COUNTS * u.ct,
        background=small.BACKGROUND * u.ph,
        exposure=small.EXPOSURE,
        exposure_unit="CM^2 S / photon",
    )
    for name in ("counts", "background", "exposure"):
        xr.testing.assert_equal(events[name], plain[name])
    with pytest.raises(InvalidDataError, match="counts has the unit"):
        made(counts=small.COUNTS * u.ct / u.s)


def test_angles_of_xarray_have_the_unit_of_their_attribute():
    rad = xr.DataArray(small.RAD * 60, dims="rad", attrs={"units": "arcmin"})
    np.testing.assert_allclose(made(rad=rad).rad, small.RAD, rtol=1e-12, atol=1e-15)
