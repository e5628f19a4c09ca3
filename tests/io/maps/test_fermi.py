"""Maps and responses of the Fermi tools."""

from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import FERMI, fermi_parts, stream
from scipy.integrate import quad

from xprofile import SkyBins, check_maps, estimate, open_map, open_maps, power_law
from xprofile.exceptions import DataWarning, FileFormatError
from xprofile.maps.positions import skycoord


@pytest.fixture(scope="module")
def one_file():
    return open_maps(BytesIO(small.PLAIN.content))


def test_fermi_cubes_are_the_same_as_one_file(one_file):
    maps = open_maps(**fermi_parts(psf=stream(partfiles.gtpsf())))
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


def test_axis_of_logarithms_is_known_without_a_table():
    nodes = small.NODES_TRUE[0] * 2.0 ** np.arange(4)
    with pytest.warns(DataWarning, match="extrapolated to 1 of 3"):  # its last node is at 40 GeV
        maps = open_maps(**fermi_parts(exposure=stream(partfiles.gtexpcube2(table=False))))
    np.testing.assert_allclose(maps["energy_true"], nodes, rtol=1e-12, atol=0)


def test_without_edisp_the_response_is_the_integral_over_each_bin():
    """It agrees to 1e-6 with a numerical integral of flux x exposure, log-log between the nodes."""
    maps = open_maps(**fermi_parts())
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
    maps = open_maps(**fermi_parts(edisp=stream(drm)))
    np.testing.assert_allclose(maps["edisp"], small.EDISP, rtol=1e-7, atol=0)
    edges = np.append(maps["energy_true_min"], maps["energy_true_max"][-1:])
    np.testing.assert_allclose(edges, small.EDGES_TRUE, rtol=1e-12, atol=0)


def test_exposure_is_log_log_at_the_energies_of_a_response_matrix():
    exposure = np.ones((1, 6, 8)) * (1e11 * (small.NODES_TRUE / 0.01) ** 1.5)[:, None, None]
    cubes = fermi_parts(exposure=stream(partfiles.gtexpcube2(exposure)))
    maps = open_maps(**cubes, edisp=stream(partfiles.gtdrm()))
    centres = np.sqrt(small.EDGES_TRUE[1:] * small.EDGES_TRUE[:-1])
    np.testing.assert_allclose(maps["energy_true"], centres, rtol=1e-12, atol=0)
    expected = 1e11 * (centres / 0.01) ** 1.5
    np.testing.assert_allclose(maps["exposure"].isel(lat=2, lon=3), expected, rtol=1e-6, atol=0)


def spoilt_drm(change):
    hdus = partfiles.gtdrm()
    change(hdus)
    return stream(hdus)


@pytest.mark.quick
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
        open_maps(**fermi_parts(edisp=spoilt_drm(change)))


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


@pytest.mark.heavy
@pytest.mark.parametrize("chunks", [None, {"lat": 64}])
def test_real_files_of_the_fermi_tools(real, chunks):
    parts, one = real
    found = profile_of(open_maps(**parts, edisp=one, mask=one, chunks=chunks))
    expected = profile_of(open_maps(one))
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity"):
        assert (abs(found[name] - expected[name]) < 1e-4 * expected["norm_err"]).all()
    np.testing.assert_array_equal(found["counts"], expected["counts"])


def test_real_files_without_edisp(real):
    """The stored energy dispersion shares counts by linear overlap of bins, and predicts more."""
    parts, one = real
    found, stored = (
        profile_of(open_maps(**parts, mask=one, **more)) for more in ({}, {"edisp": one})
    )
    ratio = (found["norm"] / stored["norm"]).where(stored["sqrt_ts"] > 10)
    assert 1.044 < ratio.median() < 1.049


# units that the tools do not write, and energies of the channels


def without_units(hdus, *names):
    """Remove the units of columns."""
    for hdu in hdus[1:]:
        for column in hdu.columns.names:
            if column in names:
                hdu.columns[column].unit = None
    return hdus


# true energies of gtdrm: those of the counts, and one bin more
EDGES_GTDRM = np.append(small.EDGES, 0.4)


def bare_drm(**cards):
    """Response matrix as gtdrm writes it: MeV without saying so, and EBOUNDS of a template."""
    hdus = without_units(partfiles.gtdrm(edges=EDGES_GTDRM), "ENERG_LO", "ENERG_HI")
    hdus[1].header.update({"DETCHANS": 3, **cards})
    hdus[2] = partfiles.ebounds(np.arange(0.5, 11) * 1e-9)
    hdus[2].header["CREATOR"] = "gtdrm"
    return hdus


def test_response_matrix_of_gtdrm():
    maps = open_maps(**fermi_parts(edisp=stream(bare_drm())))
    np.testing.assert_allclose(maps["edisp"], small.EDISP, rtol=1e-7, atol=0)
    edges = np.append(maps["energy_true_min"], maps["energy_true_max"][-1:])
    np.testing.assert_allclose(edges, EDGES_GTDRM, rtol=1e-12, atol=0)
    history = maps.attrs["history"]
    assert "DRM column ENERG_LO in MeV" in history
    assert "channels of DRM at the energies of the counts" in history


@pytest.mark.parametrize(
    ("hdus", "message"),
    [
        (lambda: bare_drm(DETCHANS=4), "has 4 channels and edges .* expected 3 channels"),
        (lambda: bare_drm(DETCHANS=10**6), r"DRM of .* has 1000000 channels \(DETCHANS\)"),
        (
            lambda: without_units(partfiles.gtdrm(name="MATRIX"), "ENERG_LO"),
            "MATRIX column ENERG_LO has the unit None.*energy_unit=.*edisp=None",
        ),
    ],
)
def test_response_matrix_that_does_not_fit(hdus, message):
    with pytest.raises(FileFormatError, match=f"(?s){message}"):
        open_maps(**fermi_parts(edisp=stream(hdus())))


def test_response_matrix_for_other_counts():
    """It has as many channels, but its true energies have no edges at those of the counts."""
    hdus = bare_drm()
    for name in ("ENERG_LO", "ENERG_HI"):
        hdus[1].data[name] *= 1.01
    with pytest.raises(FileFormatError, match="make it with the cube of these counts"):
        open_maps(**fermi_parts(edisp=stream(hdus)))


def test_units_that_formats_define_are_in_the_history():
    maps = open_maps(**fermi_parts(psf=stream(partfiles.gtpsf())))
    assumed = maps.attrs["history"].splitlines()[-1]
    for text in (
        "ENERGIES column Energy in MeV",
        "PSF column Energy in MeV",
        "THETA column Theta in deg",
        "PSF of 'file object' in sr-1",
        "PRIMARY of 'file object' in cm2 s",
    ):
        assert text in assumed
    named = partfiles.gtexpcube2(cards={"BUNIT": "m2 s"})
    named[1] = partfiles.energies(unit="MeV")
    maps = open_maps(**fermi_parts(exposure=stream(named)))
    assert "assumed" not in maps.attrs["history"]
    np.testing.assert_allclose(maps["exposure"], 1e4 * small.EXPOSURE, rtol=1e-6, atol=0)


def test_the_caller_says_a_unit():
    maps = open_maps(**fermi_parts(), exposure_unit="m2 s")
    np.testing.assert_allclose(maps["exposure"], 1e4 * small.EXPOSURE, rtol=1e-6, atol=0)
    assert "in cm2 s" not in maps.attrs["history"]
    bare = without_units(partfiles.gtbin(), "E_MIN", "E_MAX")
    with pytest.raises(FileFormatError, match=r"EBOUNDS column E_MIN has the unit None.*energy_u"):
        open_maps(**fermi_parts(counts=stream(bare)))
    counts = [partfiles.image(small.COUNTS), partfiles.ebounds(unit=None, scale=1e6)]
    background = stream(partfiles.gtmodel())
    maps = open_maps(**fermi_parts(counts=stream(counts), background=background), energy_unit="MeV")
    np.testing.assert_allclose(maps["energy_max"], 1e6 * small.EDGES[1:], rtol=1e-12, atol=0)
    np.testing.assert_allclose(maps["energy_true"], 1e6 * small.NODES_TRUE, rtol=1e-12, atol=0)
    cube = open_map(stream(counts), energy_unit="MeV")
    np.testing.assert_allclose(cube["energy_max"], maps["energy_max"], rtol=1e-12, atol=0)


# real files


@pytest.fixture(scope="module")
def tools(gammapy_data):
    folder = gammapy_data / "real"
    names = {"counts": "ccube", "exposure": "bexpmap", "edisp": "drm", "psf": "psf"}
    return {part: folder / f"fermitools_{name}_01.fits" for part, name in names.items()}


@pytest.mark.parametrize("background", [{}, {"background": 0}])
def test_real_counts_and_exposure_alone(tools, background):
    maps = open_maps(counts=tools["counts"], exposure=tools["exposure"], **background)
    check_maps(maps)
    assert maps["counts"].sum() == 19
    assert ("background" in maps) == bool(background)
    np.testing.assert_allclose(maps["energy_true"], np.geomspace(0.3981, 2.5119, 5), rtol=1e-4)
    cube, place = open_map(tools["exposure"]), skycoord(maps)[5, 5].galactic
    nearest = cube.sel(lon=place.l.deg - 360, lat=place.b.deg, method="nearest")
    np.testing.assert_allclose(maps["exposure"][:, 5, 5], nearest, rtol=0.01)


def test_real_response_matrix_and_psf(tools):
    """The matrix holds the shares that the file holds, at the energies of the counts."""
    maps = open_maps(**tools, background=0)
    check_maps(maps)
    with fits.open(tools["edisp"]) as hdus:
        rows = np.stack(list(hdus["DRM"].data["MATRIX"]))
    np.testing.assert_array_equal(maps["edisp"], rows)
    np.testing.assert_allclose(maps["energy_true"], maps["energy"], rtol=1e-6)
    with fits.open(tools["psf"]) as hdus:
        values, nodes = hdus["PSF"].data["Psf"], hdus["PSF"].data["Energy"] / 1e6
        theta = hdus["THETA"].data["Theta"]
    np.testing.assert_allclose(maps["rad"], theta, rtol=1e-12)
    x, xp = np.log(maps["energy_true"]), np.log(nodes)
    expected = np.stack([np.interp(x, xp, column) for column in values.T], axis=1)
    np.testing.assert_allclose(maps["psf"], expected, rtol=1e-6, atol=0)


def test_real_weights_are_a_map(gammapy_data):
    weights = open_map(gammapy_data / "real" / "fermitools_wcube_01.fits")
    assert weights.dims == ("energy", "lat", "lon")
    assert dict(weights.sizes) == {"energy": 4, "lat": 10, "lon": 10}
    np.testing.assert_allclose(weights["energy_min"][0], 0.3981071705)
