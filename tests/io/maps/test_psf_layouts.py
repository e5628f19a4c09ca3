"""PSFs of all layouts: over reconstructed energy, of older files, by themselves, in any unit."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.mapdataset_files import BandsAxis, write
from cases.part_files import fermi_parts, stream

from xprofile import check_maps, cutout, open_maps, open_netcdf, write_maps, write_netcdf
from xprofile.exceptions import FileFormatError, InvalidDataError

RECO = np.array([[40.0, 8.0, 4.0, 1.0, 0.1], [60.0, 20.0, 6.0, 1.5, 0.2], [90.0, 40.0, 5.0, 0, 0]])
SCALE = np.array([[1.0, 0.5, 0.25], [0.8, 0.4, 0.2]])  # of 2 x 3 positions
GRID = {"CDELT1": -2.0, "CDELT2": 2.0, "CRPIX1": 2.0, "CRPIX2": 1.0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


def image_of(values, axes, unit="sr-1", name="PSF"):
    """Make a response on a grid of positions, and the table of its axes, fastest first."""
    image = fits.ImageHDU(values, name=name)
    image.header.update({**small.WCS_CARDS, **GRID, "BANDSHDU": f"{name}_BANDS", "BUNIT": unit})
    return [image, small.bands(name, axes)]


def table_of(values, axes, unit="sr-1", name="PSF"):
    return small.PLAIN.table(name, values, axes, unit)


def replaced(hdus, name="PSF"):
    def spoil(old):
        for part in (name, f"{name}_BANDS"):
            del old[part]
        old.extend(hdus)

    return spoil


def theta_axis(*, node, unit="rad"):
    """Angles as Gammapy wrote them before 1.0."""
    scale = u.deg.to(unit)
    edges = np.array([0, 0.05, 0.15, 0.3, 0.6, 1.0]) * scale
    centres = small.RAD * scale if node else (edges[1:] + edges[:-1]) / 2
    names = ("THETA", "THETA_MIN", "THETA_MAX")
    return BandsAxis(names, (centres, edges[:-1], edges[1:]), unit, "lin", node=node)


# reconstructed energy


@pytest.mark.parametrize("unit", ["sr-1", "deg-2", "1/sr", "1 / deg2", "deg**-2"])
def test_over_reconstructed_energy(path, unit):
    values = RECO * u.Unit("sr-1").to(unit)
    hdus = table_of(values, [small.rad_axis(), small.PLAIN.energy()], unit)
    maps = open_maps(write(path, spoil=replaced(hdus)))
    check_maps(maps)
    assert maps["psf"].dims == ("energy", "rad")
    assert maps["psf"].attrs == {"long_name": "point spread function", "units": "sr-1"}
    np.testing.assert_allclose(maps["psf"], RECO, rtol=1e-6, atol=0)
    np.testing.assert_allclose(maps["rad"], small.RAD, rtol=1e-12, atol=0)


@pytest.fixture
def reco(path):
    """Maps with a PSF over reconstructed energy on a grid of positions."""
    hdus = image_of(RECO[..., None, None] * SCALE, [small.rad_axis(), small.PLAIN.energy()])
    return open_maps(write(path, spoil=replaced(hdus)))


def test_over_reconstructed_energy_on_a_grid(reco):
    check_maps(reco)
    assert reco["psf"].dims == ("lat_psf", "lon_psf", "energy", "rad")
    expected = SCALE[..., None, None] * RECO
    np.testing.assert_allclose(reco["psf"], expected, rtol=1e-12, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("on_grid", [True, False])
def test_round_trips(reco, path, on_grid):
    if not on_grid:
        reco = reco.assign(psf=reco["psf"][0, 0]).drop_vars(["wcs_psf", "x_psf", "y_psf"])
    write_maps(reco, path, overwrite=True)
    with fits.open(path) as hdus:
        assert "PSF_EXPOSURE" not in hdus
        assert hdus["PSF_BANDS"].header["AXCOLS2"] == "E_MIN,E_MAX"
    xr.testing.assert_allclose(open_maps(path), reco, rtol=1e-12)
    write_netcdf(reco, path.with_suffix(".nc"))
    xr.testing.assert_identical(open_netcdf(path.with_suffix(".nc")), reco)


@pytest.mark.slow
def test_selections_keep_it(reco, path):
    part = reco.isel(energy=[2, 1], lon=slice(1, 7))
    np.testing.assert_array_equal(part["psf"], reco["psf"][:, :, [2, 1]])
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    for other in (reco.profile.coarsen(2), cutout(reco, center, 2 * u.deg)):
        xr.testing.assert_identical(other["psf"].variable, reco["psf"].variable)
        check_maps(other)
    write_maps(part, path, overwrite=True)
    expected = reco["psf"].isel(energy=[1, 2])
    np.testing.assert_allclose(open_maps(path)["psf"], expected, rtol=1e-12, atol=0)


def test_an_array_over_reconstructed_energy_is_a_part(reco):
    found = open_maps(**fermi_parts(psf=reco["psf"]))
    np.testing.assert_array_equal(found["psf"], reco["psf"])
    with pytest.raises(FileFormatError, match=r"has energy .*need the same energies"):
        open_maps(**fermi_parts(psf=reco["psf"].isel(energy=slice(2)).drop_vars("energy_min")))


def test_other_dims_are_refused(reco):
    wrong = reco["psf"].isel(lat_psf=0, lon_psf=0).rename(energy="time")
    with pytest.raises(InvalidDataError, match=r"psf has dims .*'time'.* or \('energy', 'rad'\)"):
        check_maps(reco.assign(psf=wrong))


# older layouts


@pytest.mark.parametrize("node", [True, False])
@pytest.mark.parametrize("name", ["ENERGY", "ENERGY_TRUE"])
def test_over_theta_in_rad_with_energies_in_another_unit(path, node, name):
    """The energies are true ones, whatever their name is."""
    names = (name, "E_MIN" if name == "ENERGY" else f"{name}_MIN",
             "E_MAX" if name == "ENERGY" else f"{name}_MAX")  # fmt: skip
    energy = small.node_axis(names, small.NODES_TRUE, "GeV")
    values = np.arange(20.0).reshape(4, 5)
    hdus = table_of(values, [theta_axis(node=node), energy])
    maps = open_maps(write(path, spoil=replaced(hdus)))
    assert maps["psf"].dims == ("energy_true", "rad")
    np.testing.assert_allclose(maps["psf"], values, rtol=1e-6, atol=0)
    rad = small.RAD if node else [0.025, 0.1, 0.225, 0.45, 0.8]
    np.testing.assert_allclose(maps["rad"], rad, rtol=1e-12, atol=1e-15)


def test_migra_beside_energy_is_over_true_energy(path):
    edges = np.linspace(0, 4, 81)
    names = ("MIGRA", "MIGRA_MIN", "MIGRA_MAX")
    migra = BandsAxis(names, ((edges[1:] + edges[:-1]) / 2, edges[:-1], edges[1:]), "", "lin")
    density = np.random.default_rng(1).uniform(0, 0.25, size=(4, 80))
    true = small.PLAIN.energy_true()
    new = table_of(density, [migra, true], name="EDISP")
    old = table_of(density, [migra, BandsAxis(("ENERGY", "E_MIN", "E_MAX"), true.values, "MeV",
                                              node=True)], name="EDISP")  # fmt: skip
    found, expected = (
        open_maps(write(path.with_name(f"{i}.fits"), spoil=replaced(hdus, "EDISP")))["edisp"]
        for i, hdus in enumerate((old, new))
    )
    xr.testing.assert_identical(found, expected)


def test_response_matrix_in_a_dataset(path):
    """Gammapy before 1.0 wrote kernels as an OGIP matrix."""
    _, matrix, ebounds = partfiles.gtdrm(edges=small.EDGES_TRUE, first=0)
    matrix.name, ebounds.name = "EDISP_MATRIX", "EDISP_MATRIX_EBOUNDS"

    def spoil(hdus):
        hdus["EXPOSURE_BANDS"] = small.bands("EXPOSURE", [small.Recipe(node_true=False)
                                                          .energy_true()])  # fmt: skip
        replaced([matrix, ebounds], "EDISP")(hdus)

    maps = open_maps(write(path, spoil=spoil))
    np.testing.assert_allclose(maps["edisp"], small.EDISP, rtol=1e-6, atol=0)


# files of one response


@pytest.mark.parametrize("columns", [["RAD"], ["RAD_MIN", "RAD_MAX"]])
@pytest.mark.parametrize("named", ["RAD_MIN,RAD_MAX", "RAD"])
def test_angles_by_nodes_or_edges(columns, named):
    """A table may have other columns than it says."""
    hdus = table_of(small.PSF, [small.rad_axis(), small.psf_energies("GeV")])
    table = hdus[1]
    for name in {"RAD", "RAD_MIN", "RAD_MAX"} - set(columns):
        table.columns.del_col(name)
    table.header["AXCOLS1"] = named
    del table.header["INTERP1"]
    maps = open_maps(**fermi_parts(psf=stream([fits.PrimaryHDU(), *hdus])))
    expected = small.RAD if columns == ["RAD"] else [0, 0.1, 0.225, 0.45, 0.8]
    np.testing.assert_allclose(maps["rad"], expected, rtol=1e-12, atol=1e-12)


def test_angles_are_linear_if_the_table_does_not_say():
    hdus = table_of(small.PSF[:, 1:], [_outer_angles(), small.psf_energies("GeV")])
    del hdus[1].header["INTERP1"]
    rad = open_maps(**fermi_parts(psf=stream([fits.PrimaryHDU(), *hdus])))["rad"]
    np.testing.assert_allclose(rad, [0.1, 0.225, 0.45, 0.8], rtol=1e-12, atol=0)


def _outer_angles():
    edges = np.array([0.05, 0.15, 0.3, 0.6, 1.0])
    names = ("RAD", "RAD_MIN", "RAD_MAX")
    return BandsAxis(names, ((edges[1:] + edges[:-1]) / 2, edges[:-1], edges[1:]), "deg", "lin")


@pytest.mark.parametrize("on_grid", [False, True])
def test_only_angles(on_grid):
    """A PSF without energies is that of all true energies."""
    row = small.PSF[0]
    axes = [small.rad_axis()]
    hdus = image_of(row[:, None, None] * SCALE, axes) if on_grid else table_of(row, axes)
    psf = open_maps(**fermi_parts(psf=stream([fits.PrimaryHDU(), *hdus])))["psf"]
    expected = SCALE[..., None, None] * row if on_grid else row
    assert psf.sizes["energy_true"] == 4
    np.testing.assert_allclose(psf, np.broadcast_to(
        expected if not on_grid else expected.reshape(2, 3, 1, 5), psf.shape
    ), rtol=1e-6, atol=0)  # fmt: skip


@pytest.mark.parametrize("name", ["PRIMARY", "SKYMAP"])
def test_responses_under_another_name(name, path):
    """Map.write of Gammapy names the HDU, and the axes tell what it is."""
    true, energy = small.PLAIN.energy_true(), small.PLAIN.energy()
    psf = table_of(small.PSF, [small.rad_axis(), small.psf_energies("GeV")], name="SKYMAP")
    edisp = table_of(small.EDISP, [energy, true], "", name="SKYMAP")
    if name == "PRIMARY":
        psf = image_of(small.PSF[..., None, None] * SCALE[:1, :1],
                       [small.rad_axis(), small.psf_energies("GeV")], name="PRIMARY")  # fmt: skip
        edisp = image_of(small.EDISP[..., None, None] * SCALE[:1, :1], [energy, true], "",
                         name="PRIMARY")  # fmt: skip
        for hdus in (psf, edisp):
            hdus[0] = fits.PrimaryHDU(hdus[0].data, hdus[0].header)
    start = [] if name == "PRIMARY" else [fits.PrimaryHDU()]
    maps = open_maps(write(path), psf=stream([*start, *psf]), edisp=stream([*start, *edisp]))
    expected = open_maps(path)
    for part in ("psf", "edisp"):
        np.testing.assert_allclose(maps[part].squeeze(), expected[part], rtol=1e-6, atol=0)
