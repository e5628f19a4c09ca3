"""Columns of tables, and dims of arrays, that do not hold what is needed."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits

from xprofile.exceptions import FileFormatError, InvalidDataError
from xprofile.io.fits.reading.skymaps import read_wcs
from xprofile.io.fits.skymap import axis_from_array
from xprofile.io.fits.table_columns import column_values


def test_columns_hold_numbers_with_their_axes():
    columns = [
        fits.Column("Psf", "3D", array=np.ones((2, 3))),
        fits.Column("Name", "2A", array=["a", "b"]),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="PSF")
    np.testing.assert_array_equal(column_values(table, "PSF", ndim=2), np.ones((2, 3)))
    with pytest.raises(FileFormatError, match=r"PSF has no column Theta; found \['Psf', 'Name'\]"):
        column_values(table, "Theta")
    with pytest.raises(FileFormatError, match=r"shape \(2, 3\) .*, expected numbers with 1 axes"):
        column_values(table, "Psf")
    with pytest.raises(FileFormatError, match="PSF column Name has the shape"):
        column_values(table, "Name")
    with pytest.raises(FileFormatError, match="IMAGE has no column Psf; found no table"):
        column_values(fits.ImageHDU(np.ones((2, 2)), name="IMAGE"), "Psf")
    with pytest.raises(FileFormatError, match="PSF is not an image with two axes on the sky"):
        read_wcs(table)


def test_axes_of_arrays_have_a_coordinate():
    array = xr.DataArray(np.ones(3), dims="energy")
    with pytest.raises(InvalidDataError, match="the dim energy has no coordinate; assign its"):
        axis_from_array(array, "energy")
    nodes = array.assign_coords(energy=("energy", [1.0, 2, 4], {"units": "GeV"}))
    np.testing.assert_allclose(axis_from_array(nodes, "energy").centres, [1e-3, 2e-3, 4e-3])
