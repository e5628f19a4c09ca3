"""HEALPix tables as Gammapy, the Fermi tools and healpy write them, made card by card."""

from io import BytesIO

import numpy as np
from astropy.io import fits

NSIDE = 4
CELLS = 12 * NSIDE**2
UNSEEN = -1.6375e30
EDGES = np.geomspace(1, 8, 4)  # TeV
CARDS = {
    "PIXTYPE": "HEALPIX", "ORDERING": "NESTED", "COORDSYS": "GAL", "INDXSCHM": "IMPLICIT",
    "ORDER": 2, "NSIDE": NSIDE, "FIRSTPIX": 0, "LASTPIX": CELLS - 1,
}  # fmt: skip


def numbers(planes=3, cells=CELLS, dtype=np.float32):
    """Values that differ in each plane and cell."""
    return (np.arange(planes)[:, None] * 1000 + np.arange(cells)).astype(dtype)


def bands(name="SKYMAP_BANDS", edges=EDGES, true=""):
    """A BANDS table of energy bins in TeV."""
    names = [f"ENERGY{true}_MIN", f"ENERGY{true}_MAX"] if true else ["E_MIN", "E_MAX"]
    columns = [
        fits.Column(key, "D", unit="TeV", array=values)
        for key, values in zip(names, (edges[:-1], edges[1:]), strict=True)
    ]
    table = fits.BinTableHDU.from_columns(columns, name=name)
    table.header["AXCOLS1"] = ",".join(names)
    return table


def form_of(values):
    """The format of a column with these values in its rows."""
    letter = {"f4": "E", "f8": "D", "i2": "I", "i4": "J", "i8": "K", "u1": "B"}
    width = values.shape[1] if values.ndim > 1 else 1
    return f"{width}{letter[values.dtype.str[1:]]}"


def table(columns, *, name="SKYMAP", units=None, **cards):
    """A HEALPix table; a card that is None is left out."""
    made = [
        fits.Column(key, form_of(values), unit=units, array=values)
        for key, values in columns.items()
    ]
    hdu = fits.BinTableHDU.from_columns(made, name=name)
    for key, value in (CARDS | cards).items():
        if value is not None:
            hdu.header[key] = value
    return hdu


def gadf(values, name="SKYMAP", *, edges=EDGES, true="", pix=None, **cards):
    """A map in the form of GADF, with its BANDS table."""
    columns = {} if pix is None else {"PIX": np.asarray(pix, np.int32)}
    columns |= {f"CHANNEL{i}": plane for i, plane in enumerate(values, 1)}
    scheme = {} if pix is None else {"INDXSCHM": "EXPLICIT"}
    hdu = table(columns, name=name, **{**scheme, "BANDSHDU": f"{name}_BANDS", **cards})
    return [hdu, bands(f"{name}_BANDS", edges, true)]


def healpy(columns, **cards):
    """A table of healpy: EXTNAME xtension, and no convention or energies."""
    left_out = dict.fromkeys(["ORDER", "BANDSHDU"])
    return [table(columns, name="xtension", **{**left_out, "COORDSYS": "G", **cards})]


def dataset(values=None, pix=None, **cards):
    """Counts, background, exposure and mask as a MapDataset of Gammapy."""
    counts = numbers(cells=CELLS if pix is None else len(pix)) if values is None else values
    rng = np.random.default_rng(1)
    found = []
    for name, planes, true in (
        ("COUNTS", counts, ""),
        ("EXPOSURE", rng.uniform(1e11, 2e11, (3, counts.shape[1])), "_TRUE"),
        ("BACKGROUND", rng.uniform(1, 2, counts.shape), ""),
        ("MASK_SAFE", rng.integers(0, 2, counts.shape).astype(np.float32), ""),
    ):
        unit = {"BUNIT": "cm2 s"} if name == "EXPOSURE" else {}
        found += gadf(planes, name, true=true, pix=pix, **cards, **unit)
    return found


def write(path, hdus):
    """Write HDUs to a file, and return its path."""
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
    return path


def in_memory(hdus):
    """The bytes of a file as a file object."""
    stream = BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(stream)
    stream.seek(0)
    return stream
