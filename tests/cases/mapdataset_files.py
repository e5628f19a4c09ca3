"""Small FITS files like those of Gammapy's MapDataset.write, to be read or spoiled.

Values are known, in the units of the maps Dataset (TeV, cm2 s, sr-1). The units in the file can be
chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits

SHAPE = (6, 8)  # rows, columns
EDGES = np.array([0.01, 0.02, 0.05, 0.2])
NODES_TRUE = np.array([0.005, 0.015, 0.06, 0.18])
EDGES_TRUE = np.array([0.004, 0.01, 0.03, 0.1, 0.4])
NODES_PSF = np.array([0.01, 0.03, 0.1])
RAD = np.array([0.0, 0.1, 0.2, 0.4, 0.8])

_PIXELS = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
_NUMBER = np.arange(3 * _PIXELS.size).reshape(3, *SHAPE)

COUNTS = (_NUMBER * 5 % 7).astype(np.int32)
BACKGROUND = (0.5 + 0.01 * _NUMBER).astype(np.float32)
EXPOSURE = (
    1e11 * (1 + np.arange(4))[:, None, None] * (1 + 0.01 * _PIXELS)
).astype(np.float32)  # fmt: skip
MASK_SAFE = np.ones(COUNTS.shape, bool)
MASK_SAFE[:, 0] = False
MASK_SAFE[2, :, -1] = False
MASK_FIT = np.ones(COUNTS.shape, bool)
MASK_FIT[0, :, :2] = False
EDISP = np.array([[0.6, 0.1, 0.0], [0.3, 0.5, 0.1], [0.0, 0.4, 0.5], [0.0, 0.0, 0.8]], np.float32)
PSF = np.array([[10.0, 8.0, 4.0, 1.0, 0.1], [30.0, 20.0, 6.0, 1.5, 0.2], [90.0, 40.0, 5.0, 0.5, 0]])
COUNTS_OFF = (_NUMBER % 5).astype(np.float32)
ACCEPTANCE = 1 + 0.001 * _NUMBER
ACCEPTANCE_OFF = 5 + 0.002 * _NUMBER

WCS_CARDS = {
    "WCSAXES": 2,
    "CTYPE1": "GLON-CAR",
    "CTYPE2": "GLAT-CAR",
    "CUNIT1": "deg",
    "CUNIT2": "deg",
    "CRVAL1": 0.0,
    "CRVAL2": 0.0,
    "CRPIX1": (SHAPE[1] + 1) / 2,
    "CRPIX2": (SHAPE[0] + 1) / 2,
    "CDELT1": -0.5,
    "CDELT2": 0.5,
}

TAN = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 83.63,
    "CRVAL2": 22.01,
    "RADESYS": "FK5",
    "EQUINOX": 2000.0,
}


@dataclass(frozen=True)
class BandsAxis:
    """Columns of one axis of a BANDS table: centre, lower and upper edge in `unit`."""

    names: tuple[str, str, str]
    values: tuple[np.ndarray, np.ndarray, np.ndarray]
    unit: str
    interp: str = "log"
    node: bool = False

    @property
    def columns(self):
        """Value of the AXCOLS keyword."""
        return self.names[0] if self.node else ",".join(self.names[1:])


@dataclass(frozen=True, eq=False)
class Recipe:
    """Description of a file: `hdus` makes it, and `content` has its bytes."""

    unit: str = "keV"
    unit_true: str = "MeV"
    unit_exposure: str = "m2 s"
    node_true: bool = True
    layout: str = "values"  # or "rows": EDISP and PSF with one row for each true energy
    optional: tuple[str, ...] = ("MASK_SAFE", "EDISP", "PSF")  # also MASK_FIT
    onoff: bool = False
    cards: dict[str, object] = field(default_factory=dict)

    @cached_property
    def content(self):
        """The whole file."""
        stream = BytesIO()
        self.hdus().writeto(stream)
        return stream.getvalue()

    def hdus(self):
        """Make the HDUs, in Gammapy's order."""
        energy, true = self.energy(), self.energy_true()
        scale = u.Unit("cm2 s").to(self.unit_exposure)
        hdus = [fits.PrimaryHDU(), *self.image("COUNTS", COUNTS, energy)]
        hdus += self.image("EXPOSURE", EXPOSURE * np.float32(scale), true, self.unit_exposure)
        if self.onoff:
            hdus += self.image("COUNTS_OFF", COUNTS_OFF, energy)
            hdus += self.image("ACCEPTANCE", ACCEPTANCE, energy)
            hdus += self.image("ACCEPTANCE_OFF", ACCEPTANCE_OFF, energy)
        else:
            hdus += self.image("BACKGROUND", BACKGROUND, energy)
        if "EDISP" in self.optional:
            hdus += self.table("EDISP", EDISP, [energy, true])
        if "PSF" in self.optional:
            hdus += self.table("PSF", PSF, [rad_axis(), psf_energies(self.unit_true)], "sr-1")
        for name, mask in (("MASK_SAFE", MASK_SAFE), ("MASK_FIT", MASK_FIT)):
            if name in self.optional:
                hdus += self.image(name, mask.astype(np.int64), energy)
        return fits.HDUList(hdus)

    def energy(self):
        """Axis of reconstructed energies."""
        return edge_axis(("ENERGY", "E_MIN", "E_MAX"), EDGES, self.unit)

    def energy_true(self):
        """Axis of true energies."""
        names = ("ENERGY_TRUE", "ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX")
        if self.node_true:
            return node_axis(names, NODES_TRUE, self.unit_true)
        return edge_axis(names, EDGES_TRUE, self.unit_true)

    def image(self, name, values, axis, unit=""):
        """Make an image HDU and its table of energies."""
        image = fits.ImageHDU(values, name=name)
        image.header.update({**WCS_CARDS, **self.cards})
        image.header["BANDSHDU"] = f"{name}_BANDS"
        image.header["BUNIT"] = unit
        return [image, bands(name, [axis])]

    def table(self, name, values, axes, unit=""):
        """Make the table of a map on one pixel, and its BANDS table; the fastest axis first."""
        if self.layout == "values":
            column = fits.Column("DATA", "E", unit, array=values.ravel())
        else:
            n = values.shape[1]
            cells = values[..., None, None]
            column = fits.Column("DATA", f"{n}E", unit, dim=f"(1,1,{n})", array=cells)
        channel = fits.Column("CHANNEL", "I", array=np.arange(len(column.array)))
        return [fits.BinTableHDU.from_columns([channel, column], name=name), bands(name, axes)]


PLAIN = Recipe()


def write(
    path: Path, recipe: Recipe = PLAIN, spoil: Callable[[fits.HDUList], None] | None = None
) -> Path:
    """Write a file, after a function has spoilt its HDUs if one is given; return `path`."""
    if spoil is None:
        path.write_bytes(recipe.content)
    else:
        with fits.open(BytesIO(recipe.content), lazy_load_hdus=False) as hdus:
            spoil(hdus)
            hdus.writeto(path, output_verify="ignore")
    return path


def edge_axis(names, edges, unit):
    """Make an axis of bins between edges in TeV."""
    edges = edges * u.TeV.to(unit)
    return BandsAxis(names, (np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:]), unit)


def node_axis(names, nodes, unit):
    """Make an axis of nodes in TeV, with edges at the geometric means."""
    x = np.log(nodes * u.TeV.to(unit))
    inner = (x[1:] + x[:-1]) / 2
    edges = np.exp([1.5 * x[0] - 0.5 * x[1], *inner, 1.5 * x[-1] - 0.5 * x[-2]])
    return BandsAxis(names, (np.exp(x), edges[:-1], edges[1:]), unit, node=True)


def psf_energies(unit):
    """True energies of the PSF, which differ from those of the exposure."""
    return node_axis(("ENERGY_TRUE", "ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX"), NODES_PSF, unit)


def rad_axis():
    """Angles of the PSF, in arcmin."""
    edges = np.array([-0.05, 0.05, 0.15, 0.3, 0.6, 1.0]) * 60
    names = ("RAD", "RAD_MIN", "RAD_MAX")
    return BandsAxis(names, (RAD * 60, edges[:-1], edges[1:]), "arcmin", "lin", node=True)


def bands(name, axes):
    """Make the BANDS table of axes; the first axis is the fastest."""
    grids = np.meshgrid(*[np.arange(axis.values[0].size) for axis in axes[::-1]], indexing="ij")
    columns = [fits.Column("CHANNEL", "K", array=np.arange(grids[0].size))]
    table_cards = {}
    for number, (axis, grid) in enumerate(zip(axes, grids[::-1], strict=True), 1):
        columns += [
            fits.Column(key, "D", axis.unit, array=values[grid.ravel()])
            for key, values in zip(axis.names, axis.values, strict=True)
        ]
        table_cards |= {f"AXCOLS{number}": axis.columns, f"INTERP{number}": axis.interp}
    table = fits.BinTableHDU.from_columns(columns, name=f"{name}_BANDS")
    table.header.update(table_cards)
    return table
