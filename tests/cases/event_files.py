"""Small event lists as the Fermi tools, GADF and HAWC write them, each a list of HDUs."""

from io import BytesIO

import numpy as np
from astropy.io import fits

RA = np.array([83.6, 83.7, 84.2, 83.6])
DEC = np.array([22.0, 22.1, 21.7, 22.0])
ENERGY = np.array([1.0, 2.0, 5.0, 9.0])  # TeV


def table(columns, *, name="EVENTS", cards=None):
    """Table of columns: arrays, or pairs of an array and a unit, by name."""
    made = []
    for key, entry in columns.items():
        values, unit = entry if isinstance(entry, tuple) else (entry, None)
        values = np.asarray(values)
        code = {"f8": "D", "f4": "E", "i8": "K", "i4": "J", "b1": "L"}.get(values.dtype.str[1:])
        code = code or f"{values.dtype.itemsize // 4}A"
        shape = f"{values.shape[1]}" if values.ndim == 2 else ""
        made.append(fits.Column(key, shape + code, unit, array=values))
    hdu = fits.BinTableHDU.from_columns(made, name=name)
    hdu.header.update(cards or {})
    return hdu


def gadf(ra=RA, dec=DEC, energy=ENERGY, *, unit="TeV", cards=None, **others):
    """EVENTS of GADF."""
    columns = {
        "EVENT_ID": np.arange(len(ra)),
        "TIME": (np.arange(float(len(ra))), "s"),
        "RA": (ra, "deg"),
        "DEC": (dec, "deg"),
        "ENERGY": (energy, unit),
        **others,
    }
    header = {"HDUCLASS": "GADF", "HDUCLAS1": "EVENTS", "RADECSYS": "ICRS"}
    return [fits.PrimaryHDU(), table(columns, cards=header | (cards or {}))]


def ft1(ra=RA, dec=DEC, energy=ENERGY * 1e6, *, unit="MeV", **others):
    """Photons of the Fermi-LAT, whose energies are in MeV."""
    columns = {
        "ENERGY": (energy, unit),
        "RA": (ra, "deg"),
        "DEC": (dec, "deg"),
        "ZENITH_ANGLE": (np.linspace(0, 90, len(ra)), "deg"),
        **others,
    }
    cards = {"TELESCOP": "GLAST", "RADECSYS": "FK5", "EQUINOX": 2000.0}
    return [fits.PrimaryHDU(), table(columns, cards=cards)]


def stream(hdus):
    """File object of HDUs."""
    content = BytesIO()
    fits.HDUList(hdus).writeto(content)
    content.seek(0)
    return content
