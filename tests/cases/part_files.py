"""Small FITS files as the Fermi tools, ctools and others write them, each a list of HDUs.

Energies, pixels and values are those of `mapdataset_files`, in the units that each tool writes.
"""

from io import BytesIO

import numpy as np
from astropy.io import fits

from cases import mapdataset_files as small

KEV, MEV = 1e9, 1e6  # in a TeV


def content(hdus, **options):
    """All bytes of a file."""
    stream = BytesIO()
    fits.HDUList(hdus).writeto(stream, **options)
    return stream.getvalue()


def image(values, *, name="", energy=None, cards=None, primary=True):
    """Make an image HDU with a WCS, and keywords of a third axis that say nothing useful."""
    third = {"CTYPE3": "Energy", "CRPIX3": 1, "CRVAL3": 1e4, "CDELT3": 1.0, "CUNIT3": "MeV"}
    hdu = (fits.PrimaryHDU if primary else fits.ImageHDU)(values)
    hdu.header.update({**small.WCS_CARDS, "WCSAXES": values.ndim})
    if values.ndim == 3:
        hdu.header.update(third if energy is None else energy)
    hdu.header.update(cards or {})
    if name:
        hdu.header["EXTNAME"] = name
    return hdu


def ebounds(edges=small.EDGES, unit="keV", scale=KEV):
    """Table of the edges of bins, in TeV."""
    columns = [
        fits.Column("CHANNEL", "I", array=np.arange(1, edges.size)),
        fits.Column("E_MIN", "D", unit, array=edges[:-1] * scale),
        fits.Column("E_MAX", "D", unit, array=edges[1:] * scale),
    ]
    return fits.BinTableHDU.from_columns(columns, name="EBOUNDS")


def energies(nodes=small.NODES_TRUE, unit=None, scale=MEV):
    """Table of nodes in TeV."""
    column = fits.Column("Energy", "D", unit, array=nodes * scale)
    return fits.BinTableHDU.from_columns([column], name="ENERGIES")


def gtbin():
    return [image(small.COUNTS), ebounds()]


def gtmodel():
    return [image(small.BACKGROUND), ebounds()]


def gtexpcube2(values=small.EXPOSURE, *, cards=None, table=True):
    """Exposure cube whose axis is the natural logarithm of the energy in MeV."""
    step = {"CTYPE3": "log_Energy", "CRPIX3": 1, "CRVAL3": np.log(5e3), "CDELT3": np.log(2)}
    return [image(values, energy=step, cards=cards), *([energies()] if table else [])]


def gtpsf():
    rows = [
        fits.Column("Energy", "D", array=small.NODES_PSF * MEV),
        fits.Column("Exposure", "D", array=np.ones(small.NODES_PSF.size)),
        fits.Column("Psf", f"{small.RAD.size}D", array=small.PSF),
    ]
    theta = fits.Column("Theta", "D", array=small.RAD)
    return [
        fits.PrimaryHDU(),
        fits.BinTableHDU.from_columns(rows, name="PSF"),
        fits.BinTableHDU.from_columns([theta], name="THETA"),
    ]


def gtdrm(values=small.EDISP, edges=small.EDGES_TRUE, *, name="DRM", first=1):
    """Response matrix; each row has one group of nonzero channels, of any length."""
    starts = [np.flatnonzero(row)[0] for row in values]
    stops = [np.flatnonzero(row)[-1] + 1 for row in values]
    packed = np.empty(len(values), object)
    packed[:] = [row[a:b] for row, a, b in zip(values, starts, stops, strict=True)]
    columns = [
        fits.Column("ENERG_LO", "D", "MeV", array=edges[:-1] * MEV),
        fits.Column("ENERG_HI", "D", "MeV", array=edges[1:] * MEV),
        fits.Column("N_GRP", "I", array=np.ones(len(values))),
        fits.Column("F_CHAN", "I", array=np.array(starts) + first),
        fits.Column("N_CHAN", "I", array=np.array(stops) - np.array(starts)),
        fits.Column("MATRIX", "PE()", array=packed),
    ]
    matrix = fits.BinTableHDU.from_columns(columns, name=name)
    matrix.header["TLMIN4"] = first
    matrix.header["HDUCLAS3"] = "REDIST"
    return [fits.PrimaryHDU(), matrix, ebounds()]


def ctbin(weights=small.MASK_SAFE):
    return [
        image(small.COUNTS.astype(float), name="COUNTS"),
        image(weights.astype(float), name="WEIGHTS", primary=False),
        ebounds(),
    ]


def gti():
    """Table of good time intervals, which cubes of counts have."""
    columns = [fits.Column(name, "D", "s", array=[time]) for name, time in
               (("START", 0.0), ("STOP", 3600.0))]  # fmt: skip
    return fits.BinTableHDU.from_columns(columns, name="GTI")


def ctexpcube(livetime=3600.0):
    exposure = image(small.EXPOSURE.astype(float), cards={"LIVETIME": livetime})
    return [exposure, energies(unit="MeV")]


def ctbkgcube(rate, *, cards=None, bins=False):
    """Background rate at the true energies, or in the bins of older files, in s-1 MeV-1 sr-1."""
    energy = ebounds() if bins else energies(unit="MeV")
    return [image(rate, name="IMAGE", energy={}, cards=cards), energy]


COARSE = {"CDELT1": -2.0, "CDELT2": 2.0, "CRPIX1": 2.0, "CRPIX2": 1.5}  # of 2 x 3 positions


def ctcube(values, table, nodes, *, unit=None, energy=None):
    """Cube of responses (nnode, n, ny, nx) at nodes of energy, and of a table."""
    column = fits.Column("Value", "D", unit, array=nodes)
    return [
        image(values, name="IMAGE", cards=COARSE),
        energies(unit="MeV") if energy is None else energy,
        fits.BinTableHDU.from_columns([column], name=table),
    ]


def single_map(values=small.COUNTS, unit=""):
    """Cube as Map.write of Gammapy writes it."""
    axis = small.PLAIN.energy()
    hdu = image(values, energy={}, cards={"BUNIT": unit, "BANDSHDU": "PRIMARY_BANDS"})
    return [hdu, small.bands("PRIMARY", [axis])]


def diffuse(unit="photon/cm2/s/MeV/sr"):
    """Cube of a diffuse model at nodes of energy."""
    return [image(1e-9 * small.EXPOSURE / 1e11, cards={"BUNIT": unit}), energies()]


FERMI = ("counts", "background", "exposure")


def stream(hdus):
    """File object of HDUs."""
    return BytesIO(content(hdus))


def fermi_parts(**others):
    """Parts of the Fermi tools, some of them replaced."""
    parts = {
        "counts": stream(gtbin()),
        "background": stream(gtmodel()),
        "exposure": stream(gtexpcube2()),
    }
    return parts | others
