"""Maps and responses of the Fermi tools."""

from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import FERMI, fermi_parts, stream
from scipy.integrate import quad

from xprofile import SkyBins, check_maps, estimate, open_maps, power_law
from xprofile.exceptions import FileFormatError


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
