"""Maps put together from files of the Fermi tools, ctools and Gammapy, and from arrays."""

from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from scipy.integrate import quad

from xprofile import SkyBins, check_maps, estimate, open_maps, power_law
from xprofile.exceptions import FileFormatError, InvalidDataError, InvalidOptionError
from xprofile.io.maps.backend import MapsBackend

FERMI = ("counts", "background", "exposure")


def stream(hdus):
    return BytesIO(partfiles.content(hdus))


def fermi(**others):
    """Parts of the Fermi tools, some of them others."""
    parts = {
        "counts": stream(partfiles.gtbin()),
        "background": stream(partfiles.gtmodel()),
        "exposure": stream(partfiles.gtexpcube2()),
    }
    return parts | others


@pytest.fixture(scope="module")
def one_file():
    return open_maps(BytesIO(small.PLAIN.content))


def test_fermi_cubes_are_the_same_as_one_file(one_file):
    maps = open_maps(**fermi(psf=stream(partfiles.gtpsf())))
    check_maps(maps)
    for name in (*FERMI, "psf"):
        assert maps[name].dtype == one_file[name].dtype
        np.testing.assert_allclose(maps[name], one_file[name], rtol=3e-7, atol=0)
        assert maps[name].attrs == one_file[name].attrs
    for name in one_file.coords:
        if name != "wcs":
            np.testing.assert_allclose(maps[name], one_file[name], rtol=1e-9, atol=1e-12)
    assert maps["wcs"].item() == one_file["wcs"].item()
    assert "edisp" not in maps
    assert "mask" not in maps


def test_parts_stand_in_for_those_of_one_file(one_file):
    found = open_maps(BytesIO(small.PLAIN.content), background=stream(partfiles.gtmodel()))
    xr.testing.assert_identical(found.assign_attrs(one_file.attrs), one_file)
    assert "background=" in found.attrs["history"]
    doubled = open_maps(BytesIO(small.PLAIN.content), background=2 * one_file["background"])
    np.testing.assert_allclose(doubled["background"], 2 * one_file["background"], rtol=1e-6)


def test_several_backgrounds_are_added_up(one_file):
    more = one_file["background"] * 0.25
    maps = open_maps(**fermi(background=[stream(partfiles.gtmodel()), more]))
    np.testing.assert_allclose(maps["background"], 1.25 * small.BACKGROUND, rtol=1e-6, atol=0)


def test_all_of_several_masks_have_to_be_true(one_file):
    file = stream(partfiles.single_map(small.MASK_FIT.astype(np.uint8)))
    maps = open_maps(**fermi(mask=[one_file["mask"], file]))
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE & small.MASK_FIT)


def test_a_mask_without_energies_holds_for_all(one_file):
    plane = small.MASK_SAFE[2].astype(np.uint8)
    maps = open_maps(**fermi(mask=stream([partfiles.image(plane)])))
    np.testing.assert_array_equal(maps["mask"], np.broadcast_to(plane == 1, small.COUNTS.shape))
    np.testing.assert_array_equal(
        open_maps(**fermi(mask=one_file["mask"].isel(energy=2, drop=True)))["mask"], maps["mask"]
    )


def test_masks_of_floats_are_false_where_there_is_no_number():
    values = small.MASK_SAFE.astype(float)
    values[1, 2, 3:5] = np.nan
    mask = open_maps(**fermi(mask=stream(partfiles.single_map(values))))["mask"]
    np.testing.assert_array_equal(mask, small.MASK_SAFE & np.isfinite(values))


def test_response_of_one_file_with_cubes_of_others(one_file):
    whole = lambda: BytesIO(small.PLAIN.content)  # noqa: E731
    maps = open_maps(**fermi(edisp=whole(), mask=whole(), psf=whole()))
    for name in ("edisp", "mask", "psf"):
        np.testing.assert_allclose(maps[name], one_file[name], rtol=1e-12)
    arrays = open_maps(**fermi(**{name: one_file[name] for name in ("edisp", "mask", "psf")}))
    for name in ("edisp", "mask", "psf"):
        np.testing.assert_allclose(arrays[name], one_file[name], rtol=1e-12)


def test_exposure_on_coarser_pixels_over_the_whole_sky():
    """Linear between pixel centres, as those that do not change over the sky show."""
    cards = {"CDELT1": -10.0, "CDELT2": 10.0, "CRPIX1": 18.5, "CRPIX2": 9.5}
    sky = np.ones((18, 36)) * small.EXPOSURE[:, :1, :1]
    maps = open_maps(**fermi(exposure=stream(partfiles.gtexpcube2(sky, cards=cards))))
    expected = np.broadcast_to(small.EXPOSURE[:, :1, :1], small.EXPOSURE.shape)
    np.testing.assert_allclose(maps["exposure"], expected, rtol=1e-6, atol=0)


def test_axis_of_logarithms_is_known_without_a_table():
    nodes = small.NODES_TRUE[0] * 2.0 ** np.arange(4)
    maps = open_maps(**fermi(exposure=stream(partfiles.gtexpcube2(table=False))))
    np.testing.assert_allclose(maps["energy_true"], nodes, rtol=1e-12, atol=0)


def test_without_edisp_the_response_is_the_integral_over_each_bin():
    """To 1e-6 of a brute-force integral of flux times exposure, log-log between the nodes."""
    maps = open_maps(**fermi())
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    binned = maps.profile.bin(SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=1))
    edges = small.EDGES
    profile = estimate(binned, spectral_model=power_law(2.3), energy_edges=edges * u.TeV)
    nodes = np.log(small.NODES_TRUE)
    exposure = np.log(binned["exposure"].to_numpy()[:, 0])

    def rate(x):
        left = np.clip(np.searchsorted(nodes, x) - 1, 0, nodes.size - 2)
        slope = (exposure[left + 1] - exposure[left]) / (nodes[left + 1] - nodes[left])
        return 1e-12 * np.exp(exposure[left] + slope * (x - nodes[left]) + (1 - 2.3) * x)

    for k, (low, high) in enumerate(zip(np.log(edges[:-1]), np.log(edges[1:]), strict=True)):
        inner = [x for x in nodes if low < x < high]
        expected = quad(rate, low, high, points=inner, epsrel=1e-10)[0]
        found = profile["npred_excess"] / profile["norm"]
        np.testing.assert_allclose(found.isel(energy=k), expected, rtol=1e-6, atol=0)


# response matrices


@pytest.mark.parametrize("name", ["DRM", "MATRIX", "SPECRESP MATRIX"])
@pytest.mark.parametrize("first", [0, 1])
def test_response_matrix(name, first):
    drm = partfiles.gtdrm(name=name, first=first)
    maps = open_maps(**fermi(edisp=stream(drm)))
    np.testing.assert_allclose(maps["edisp"], small.EDISP, rtol=1e-7, atol=0)
    edges = np.append(maps["energy_true_min"], maps["energy_true_max"][-1:])
    np.testing.assert_allclose(edges, small.EDGES_TRUE, rtol=1e-12, atol=0)


def test_exposure_is_log_log_at_the_energies_of_a_response_matrix():
    exposure = np.ones((1, 6, 8)) * (1e11 * (small.NODES_TRUE / 0.01) ** 1.5)[:, None, None]
    cubes = fermi(exposure=stream(partfiles.gtexpcube2(exposure)))
    maps = open_maps(**cubes, edisp=stream(partfiles.gtdrm()))
    centres = np.sqrt(small.EDGES_TRUE[1:] * small.EDGES_TRUE[:-1])
    np.testing.assert_allclose(maps["energy_true"], centres, rtol=1e-12, atol=0)
    expected = 1e11 * (centres / 0.01) ** 1.5
    np.testing.assert_allclose(maps["exposure"].isel(lat=2, lon=3), expected, rtol=1e-6, atol=0)


def spoilt_drm(change):
    hdus = partfiles.gtdrm()
    change(hdus)
    return stream(hdus)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h[1].header.update(HDUCLAS3="FULL"), "effective area in it"),
        (lambda h: h.pop(2), "DRM of .* has no EBOUNDS beside it"),
        (lambda h: h[1].header.update(TLMIN4=3), "row 0: channels -2 to 0"),
        (lambda h: h[1].columns.change_name("N_GRP", "N"), "no column N_GRP"),
        (lambda h: h[1].columns.change_unit("ENERG_LO", "s"), "ENERG_LO has the unit 's'"),
    ],
)
def test_response_matrix_that_is_none(change, message):
    with pytest.raises(FileFormatError, match=f"(?s){message}"):
        open_maps(**fermi(edisp=spoilt_drm(change)))


def test_exposure_has_to_reach_over_the_response_matrix():
    edges = small.EDGES_TRUE * np.array([1, 1, 1, 1, 10])
    with pytest.raises(FileFormatError, match=r"is known from 0\.005 to 0\.18 TeV.*goes from"):
        open_maps(**fermi(edisp=stream(partfiles.gtdrm(edges=edges))))


# ctools


def ctools(background, livetime=3600.0):
    return {
        "counts": stream(partfiles.ctbin()),
        "background": stream(background),
        "exposure": stream(partfiles.ctexpcube(livetime)),
    }


def test_cubes_of_ctools():
    """Counts of a rate that is a power law: its integral, times solid angle and live time."""
    rate = 1e-9 * (small.NODES_TRUE / 0.01) ** -2.7  # per s, MeV and sr
    cube = np.ones((1, 6, 8)) * rate[:, None, None]
    maps = open_maps(**ctools(partfiles.ctbkgcube(cube)))
    check_maps(maps)
    integral = 1e-9 * 0.01 * 1e6 / -1.7 * np.diff((small.EDGES / 0.01) ** -1.7)
    angle = maps.profile.solid_angle.to_numpy()
    expected = integral[:, None, None] * angle * 3600
    np.testing.assert_allclose(maps["background"], expected, rtol=1e-12, atol=0)
    np.testing.assert_array_equal(maps["counts"], small.COUNTS)
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE)
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE, rtol=1e-12, atol=0)


def test_live_time_of_a_background_rate_may_be_given():
    cube = np.full((4, 6, 8), 1e-9)
    rate = partfiles.ctbkgcube(cube)
    with pytest.raises(FileFormatError, match=r"background rate, and no header has a LIVETIME"):
        open_maps(**ctools(rate, livetime=0))
    one = open_maps(**ctools(rate, livetime=0), livetime=1 * u.h)
    np.testing.assert_array_equal(one["background"], open_maps(**ctools(rate))["background"])
    with pytest.raises(InvalidOptionError, match="livetime is to be a Quantity of time, found 5"):
        open_maps(**ctools(rate), livetime=5)


# what does not go together


def other(**cards):
    return stream([partfiles.image(small.BACKGROUND, cards=cards), partfiles.ebounds()])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"background": other(CRPIX1=7.0)}, "PRIMARY of .* is on other pixels than PRIMARY of"),
        (
            {"background": stream([partfiles.image(small.BACKGROUND[:2]), partfiles.ebounds()])},
            r"\(2, 6, 8\), expected \(3, 6, 8\)",
        ),
        (
            {"background": stream([partfiles.image(small.BACKGROUND),
                                   partfiles.ebounds(small.EDGES * 1.1)])},
            "has energy .* all maps need the same energies",
        ),
        ({"background": stream(partfiles.gtexpcube2())}, "background rate, and no header"),
        ({"counts": stream([partfiles.image(small.COUNTS)])}, "no table of energies for its 3"),
        ({"counts": stream([partfiles.image(small.COUNTS[0])])}, "has no energies, expected a"),
        ({"counts": stream(partfiles.gtexpcube2())}, "values at 4 energies, expected one for each"),
        ({"exposure": stream([partfiles.image(small.COUNTS[0])])}, "has no energies, expected"),
        (
            {"background": other(BUNIT="photon/cm2/s/MeV/sr")},
            "has the unit 'photon/cm2/s/MeV/sr', expected background without one",
        ),
        ({"edisp": stream(partfiles.gtbin())}, "no HDU EDISP; found PRIMARY, EBOUNDS"),
        ({"psf": stream(partfiles.gtbin())}, "no HDU PSF; found"),
        ({"counts": stream([fits.PrimaryHDU(), partfiles.ebounds()])}, "no image with two axes"),
        (
            {"background": stream([partfiles.image(small.BACKGROUND),
                                   partfiles.ebounds(unit=None)])},
            "EBOUNDS column E_MIN has the unit None",
        ),
    ],
)  # fmt: skip
def test_parts_that_do_not_go_together(parts, message):
    with pytest.raises(FileFormatError, match=f"(?s){message}"):
        open_maps(**fermi(**parts))


def test_parts_that_are_no_files(one_file):
    with pytest.raises(InvalidOptionError, match="missing background, found counts, exposure"):
        open_maps(counts=stream(partfiles.gtbin()), exposure=stream(partfiles.gtexpcube2()))
    with pytest.raises(InvalidOptionError, match="missing acceptance_off, found"):
        open_maps(counts=b"", exposure=b"", counts_off=b"", acceptance=b"")
    with pytest.raises(InvalidOptionError, match=r"counts is to be a path.*found int"):
        open_maps(**fermi(counts=5))
    with pytest.raises(InvalidOptionError, match="exposure is to be one file or map, found 2"):
        open_maps(**fermi(exposure=["a.fits", "b.fits"]))
    with pytest.raises(InvalidDataError, match=r"mask is to be a file or a map.*found \('energy'"):
        open_maps(**fermi(mask=one_file["mask"].isel(lat=0)))
    with pytest.raises(InvalidDataError, match="not all in order: x is"):
        open_maps(**fermi(background=one_file["background"].isel(lon=[0, 2, 1, 3, 4, 5, 6, 7])))


@pytest.mark.parametrize("unit", ["counts", "count", "photon", "ct", "Events", ""])
def test_numbers_of_events_may_have_the_unit_of_such(unit):
    assert open_maps(**fermi(background=other(BUNIT=unit)))["background"].attrs == (
        open_maps(**fermi())["background"].attrs
    )


def test_each_column_has_its_own_unit():
    """KeV beside MeV."""
    table = partfiles.ebounds()
    table.data["E_MAX"] /= 1e3
    table.columns["E_MAX"].unit = "MeV"
    mixed = stream([partfiles.image(small.COUNTS), table])
    maps = open_maps(**fermi(counts=mixed))
    np.testing.assert_allclose(maps["energy_max"], small.EDGES[1:], rtol=1e-12, atol=0)


# read when needed


@pytest.fixture
def files(tmp_path):
    """Paths of files that are not compressed."""
    contents = {name: file.getvalue() for name, file in fermi().items()}
    contents["mask"] = small.PLAIN.content
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / f"{name}.fits"
        paths[name].write_bytes(content)
    return paths


@pytest.mark.parametrize("chunks", [{}, {"lat": 4, "energy": 2}, "auto", 3])
def test_chunks_hold_the_same(files, chunks):
    lazy, eager = open_maps(**files, chunks=chunks), open_maps(**files)
    assert all(lazy[name].chunks for name in (*FERMI, "mask"))
    xr.testing.assert_identical(lazy.compute(), eager)


def test_coarse_exposure_and_rates_are_chunked_too(tmp_path):
    cards = {"CDELT1": -3.0, "CDELT2": 3.0, "CRPIX1": 2.5, "CRPIX2": 2.5}
    exposure = 1e11 * (1 + np.arange(4 * 16).reshape(4, 4, 4) / 64)
    paths = {}
    for name, hdus in {
        "counts": partfiles.ctbin(),
        "background": partfiles.ctbkgcube(1e-9 * (1 + small.EXPOSURE / 1e12)),
        "exposure": partfiles.gtexpcube2(exposure, cards={**cards, "LIVETIME": 60.0}),
    }.items():
        paths[name] = tmp_path / f"{name}.fits"
        paths[name].write_bytes(partfiles.content(hdus))
    paths["edisp"] = tmp_path / "edisp.fits"
    paths["edisp"].write_bytes(partfiles.content(partfiles.gtdrm()))
    lazy, eager = open_maps(**paths, chunks={"lat": 2, "lon": 3}), open_maps(**paths)
    xr.testing.assert_allclose(lazy.compute(), eager, rtol=1e-12)
    part = lazy.isel(lat=[5, 1, 3], lon=slice(None, None, -3), energy=1, energy_true=[2, 0])
    xr.testing.assert_allclose(
        part.compute(),
        eager.isel(lat=[5, 1, 3], lon=slice(None, None, -3), energy=1, energy_true=[2, 0]),
        rtol=1e-12,
    )


def test_what_goes_wrong_later_is_said_too(files):
    maps = xr.open_dataset(files["mask"], engine=MapsBackend)
    files["mask"].write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"cannot read .*mask\.fits"):
        maps["counts"].load()


# real files


@pytest.fixture(scope="module")
def real(gammapy_data):
    folder = gammapy_data / "fermi-3fhl-gc"
    parts = {name: folder / f"fermi-3fhl-gc-{name}-cube.fits.gz" for name in (*FERMI, "psf")}
    return parts, folder / "fermi-3fhl-gc.fits.gz"


def profile_of(maps):
    ends = [SkyCoord(lon, 0, unit="deg", frame="galactic") for lon in (9, 351)]
    bins = SkyBins.along_line(*ends, height=3 * u.deg, nbin=49)
    return maps.profile.estimate(
        bins, spectral_model=power_law(2.3), energy_edges=[10, 2000] * u.GeV,
        selection_optional="all",
    )  # fmt: skip


@pytest.mark.parametrize("chunks", [None, {"lat": 64}])
def test_real_files_of_the_fermi_tools(real, chunks):
    parts, one = real
    found = profile_of(open_maps(**parts, edisp=one, mask=one, chunks=chunks))
    expected = profile_of(open_maps(one))
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity"):
        assert (abs(found[name] - expected[name]) < 1e-4 * expected["norm_err"]).all()
    np.testing.assert_array_equal(found["counts"], expected["counts"])


def test_real_files_without_edisp(real):
    """The stored one shares true-energy bins out by linear overlap, and overpredicts counts."""
    parts, one = real
    found, stored = (
        profile_of(open_maps(**parts, mask=one, **more)) for more in ({}, {"edisp": one})
    )
    ratio = (found["norm"] / stored["norm"]).where(stored["sqrt_ts"] > 10)
    assert 1.044 < ratio.median() < 1.049
