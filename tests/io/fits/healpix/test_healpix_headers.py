"""Headers and tables of HEALPix maps that cannot be right."""

import numpy as np
import pytest
from cases.healpix_files import CELLS, bands, gadf, healpy, in_memory, numbers, table

from xprofile import open_map
from xprofile.exceptions import FileFormatError, InvalidOptionError

SOME = [7, 3, 100]

WRONG_CARDS = {
    r"NSIDE 60, which is not a power of two": {"NSIDE": 60, "ORDER": None},
    r"NSIDE 0 and ORDER None, expected an NSIDE from 1": {"NSIDE": 0, "ORDER": None},
    r"NSIDE '4', expected a whole number": {"NSIDE": "4"},
    r"NSIDE 4 and ORDER 3, expected ORDER 2": {"ORDER": 3},
    r"neither NSIDE nor ORDER": {"NSIDE": None, "ORDER": None},
    r"ORDERING None, expected RING or NESTED": {"ORDERING": None},
    r"cells of several sizes \(ORDERING NUNIQ\)": {"ORDERING": "NUNIQ"},
    r"COORDSYS 'XX', which is not known.*frame=": {"COORDSYS": "XX"},
    r"NSIDE 8, and LASTPIX 191, which is that of NSIDE 4": {"NSIDE": 8, "ORDER": 3},
    r"values for 192 cells, but NSIDE 8 has 768": {"NSIDE": 8, "ORDER": 3, "LASTPIX": 767},
    r"EXPLICIT, but no column PIX or PIXEL": {"INDXSCHM": "EXPLICIT"},
    r"HPX_REG 'explicit', expected DISK": {"INDXSCHM": "LOCAL", "HPX_REG": "explicit"},
    r"HPX_REG DISK\(0,0,20\) has 4 of them": {"INDXSCHM": "LOCAL", "HPX_REG": "DISK(0,0,20)"},
}


@pytest.mark.quick
@pytest.mark.parametrize("message", WRONG_CARDS)
def test_wrong_cards(message):
    with pytest.raises(FileFormatError, match=message):
        open_map(in_memory(gadf(numbers(), **WRONG_CARDS[message])))


WRONG_CELLS = {
    r"column PIX has the number 192, expected 0 to 191 for NSIDE 4": [7, 192, 3],
    r"column PIX has the number -1": [7, -1, 3],
    r"column PIX has the number 7 more than once": [7, 3, 7],
}


@pytest.mark.parametrize("message", WRONG_CELLS)
def test_wrong_cells(message):
    with pytest.raises(FileFormatError, match=message):
        open_map(in_memory(gadf(numbers(cells=3), pix=WRONG_CELLS[message])))


def test_numbers_of_cells_are_whole():
    columns = {"PIXEL": np.array([1.5, 2]), "T": numbers(1, 2)[0]}
    with pytest.raises(FileFormatError, match=r"column PIXEL has the type .*, expected whole"):
        open_map(in_memory(healpy(columns, INDXSCHM="EXPLICIT")))


def test_the_last_cell_tells_another_resolution():
    hdus = gadf(numbers(cells=3), pix=SOME, NSIDE=8, ORDER=None)
    with pytest.raises(FileFormatError, match=r"NSIDE 8, and LASTPIX 191, .*that of NSIDE 4"):
        open_map(in_memory(hdus))


def test_planes_and_energies_differ():
    hdu = gadf(numbers())[0]
    with pytest.raises(FileFormatError, match=r"3 planes, expected \(2,\).*gtsrcmaps"):
        open_map(in_memory([hdu, bands(edges=np.array([1.0, 2, 3]))]))
    with pytest.raises(FileFormatError, match=r"no table of energies for its 3 planes"):
        open_map(in_memory([hdu]))


def test_planes_have_different_resolutions():
    hdu, axis = gadf(numbers())
    columns = [*axis.columns, type(axis.columns[0])("NSIDE", "J", array=[4, 4, 8])]
    other = type(axis).from_columns(columns, header=axis.header, name=axis.name)
    with pytest.raises(FileFormatError, match=r"planes of NSIDE \[4, 8\]"):
        open_map(in_memory([hdu, other]))


def test_tables_without_values():
    with pytest.raises(FileFormatError, match="no column of values"):
        open_map(in_memory([table({"PIX": np.arange(3, dtype="i4")}, INDXSCHM="EXPLICIT")]))
    with pytest.raises(FileFormatError, match=r"is a livetime cube.*gtexpcube2"):
        open_map(in_memory([table({"COSBINS1": numbers(1)[0]})]))
    with pytest.raises(FileFormatError, match="is empty"):
        open_map(in_memory([table({"T": numbers(1, 0)[0]})]))


def test_columns_have_different_units():
    hdus = gadf(numbers())
    hdus[0].columns["CHANNEL2"].unit = "m"
    with pytest.raises(FileFormatError, match=r"columns with the units \['None', 'm'\]"):
        open_map(in_memory(hdus))


def test_sparse_values_twice():
    columns = {"PIX": np.int32([4, 4]), "CHANNEL": np.int16([1, 1]), "VALUE": np.float32([1, 2])}
    hdus = [table(columns, INDXSCHM="SPARSE"), bands()]
    with pytest.raises(FileFormatError, match="a cell twice in one plane"):
        open_map(in_memory(hdus))
    columns["PIX"] = np.int32([4, CELLS])
    with pytest.raises(FileFormatError, match=r"cells 4 to 192 in planes 1 to 1, expected 0 to"):
        open_map(in_memory([table(columns, INDXSCHM="SPARSE"), bands()]))


def test_images_have_no_columns(gammapy_data):
    path = gammapy_data / "real" / "gll_iem_v06_cutout.fits"
    with pytest.raises(InvalidOptionError, match="is an image, expected a HEALPix table"):
        open_map(path, column="T")


def test_sparse_values_need_a_column_and_a_sky_that_fits():
    columns = {"PIX": np.int32([4, 5]), "CHANNEL": np.int16([1, 1])}
    with pytest.raises(FileFormatError, match=r"has no column VALUE; found \['PIX', 'CHANNEL'\]"):
        open_map(in_memory([table(columns, INDXSCHM="SPARSE"), bands()]))
    columns["VALUE"] = np.float32([1, 2])
    large = {"ORDER": 13, "NSIDE": 2**13, "LASTPIX": 12 * 4**13 - 1}
    with pytest.raises(FileFormatError, match="a sky of NSIDE 8192, more than fits into memory"):
        open_map(in_memory([table(columns, INDXSCHM="SPARSE", **large), bands()]))


def test_bands_without_axes_or_rows():
    hdus = gadf(numbers())
    empty = bands(edges=hdus[1].data["E_MIN"][:1])
    with pytest.raises(FileFormatError, match="SKYMAP_BANDS has no rows, expected one for each"):
        open_map(in_memory([hdus[0], empty]))
    del hdus[1].header["AXCOLS1"]
    with pytest.raises(FileFormatError, match="SKYMAP_BANDS has no AXCOLS keyword"):
        open_map(in_memory(hdus))
