"""Rows of a table of events: numbers and flags in its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError

__all__ = ["Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a table, one after the other.

    Parameters
    ----------
    data : astropy.io.fits.FITS_rec
        The rows.
    where : str
        Name of the table in messages.
    """

    data: fits.FITS_rec
    where: str

    def __len__(self) -> int:
        return len(self.data)

    def numbers(self, index: int) -> NDArray[Any]:
        """Return the numbers of a column; NaN where the file says by TNULL that there is none.

        Raises
        ------
        FileFormatError
            If the column does not hold one number in each row.
        """
        values = np.asarray(self.data.field(index))
        if values.size == len(self) and values.dtype.kind in "iuf":
            values = values.reshape(len(self))
        if values.ndim != 1 or values.dtype.kind not in "iuf":
            name, is_flag = self.data.columns.names[index], values.dtype.kind == "b"
            remedy = f'; for flags, give cuts={{"{name}": {128 if values.ndim > 1 else True}}}'
            raise FileFormatError(
                f"{self.where}: column {name} holds "
                f"{'logical values' if is_flag else f'type {values.dtype}'} of the shape "
                f"{values.shape[1:]} in each row, expected one number{remedy if is_flag else ''}"
            )
        null = self.data.columns[index].null
        if isinstance(null, int):
            written = self.data.view(np.ndarray)  # without TSCAL and TZERO, which TNULL precedes
            is_null = written[written.dtype.names[index]].reshape(len(self)) == null
            values = np.where(is_null, np.nan, values)
        return values

    def flags(self, index: int) -> NDArray[np.bool_]:
        """Return logical values or bits of a column, (nrow, nflag), the last bit first."""
        values = np.asarray(self.data.field(index), dtype=bool)
        return values.reshape(len(self), values.size // max(1, len(self)))[:, ::-1]
