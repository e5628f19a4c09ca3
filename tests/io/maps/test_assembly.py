"""Assembly of parts: common pixels, energies and units, now or when values are needed."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import FERMI, fermi_parts, stream

from xprofile import open_maps
from xprofile.exceptions import FileFormatError
from xprofile.io.maps.backend import MapsBackend


def test_exposure_on_coarser_pixels_over_the_whole_sky():
    """A constant exposure stays the same in a linear interpolation."""
    cards = {"CDELT1": -10.0, "CDELT2": 10.0, "CRPIX1": 18.5, "CRPIX2": 9.5}
    sky = np.ones((18, 36)) * small.EXPOSURE[:, :1, :1]
    maps = open_maps(**fermi_parts(exposure=stream(partfiles.gtexpcube2(sky, cards=cards))))
    expected = np.broadcast_to(small.EXPOSURE[:, :1, :1], small.EXPOSURE.shape)
    np.testing.assert_allclose(maps["exposure"], expected, rtol=1e-6, atol=0)


def test_exposure_has_to_reach_over_the_response_matrix():
    edges = small.EDGES_TRUE * np.array([1, 1, 1, 1, 10])
    with pytest.raises(FileFormatError, match=r"is known from 0\.005 to 0\.18 TeV.*goes from"):
        open_maps(**fermi_parts(edisp=stream(partfiles.gtdrm(edges=edges))))


# parts that do not fit together


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
        pytest.param(
            {"background": stream([partfiles.image(small.BACKGROUND),
                                   partfiles.ebounds(small.EDGES * 1.1)])},
            "has energy .* all maps need the same energies", marks=pytest.mark.quick,
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
        open_maps(**fermi_parts(**parts))


@pytest.mark.heavy
@pytest.mark.parametrize("unit", ["counts", "count", "photon", "ct", "Events", ""])
def test_numbers_of_events_may_have_the_unit_of_such(unit):
    assert open_maps(**fermi_parts(background=other(BUNIT=unit)))["background"].attrs == (
        open_maps(**fermi_parts())["background"].attrs
    )


def test_each_column_has_its_own_unit():
    """One column is in keV, the other in MeV."""
    table = partfiles.ebounds()
    table.data["E_MAX"] /= 1e3
    table.columns["E_MAX"].unit = "MeV"
    mixed = stream([partfiles.image(small.COUNTS), table])
    maps = open_maps(**fermi_parts(counts=mixed))
    np.testing.assert_allclose(maps["energy_max"], small.EDGES[1:], rtol=1e-12, atol=0)


# values that are read when they are needed


@pytest.fixture
def files(tmp_path):
    """Paths of uncompressed files."""
    contents = {name: file.getvalue() for name, file in fermi_parts().items()}
    contents["mask"] = small.PLAIN.content
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / f"{name}.fits"
        paths[name].write_bytes(content)
    return paths


@pytest.mark.heavy
@pytest.mark.parametrize("chunks", [{}, {"lat": 4, "energy": 2}, "auto", 3])
def test_chunks_hold_the_same(files, chunks):
    lazy, eager = open_maps(**files, chunks=chunks), open_maps(**files)
    assert all(lazy[name].chunks for name in (*FERMI, "mask"))
    xr.testing.assert_identical(lazy.compute(), eager)


def test_what_goes_wrong_later_is_said_too(files):
    maps = xr.open_dataset(files["mask"], engine=MapsBackend)
    files["mask"].write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"mask\.fits' changed since it was opened"):
        maps["counts"].load()
