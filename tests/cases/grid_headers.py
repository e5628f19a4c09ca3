"""One grid in many headers, and headers of grids that differ a little."""

import re

import numpy as np

SHAPE = (40, 60)


def cards(projection="TAN", lon=355.0, lat=10.0, step=0.02, kind="RA"):
    """Cards of a grid around a position."""
    names = ("RA---", "DEC--") if kind == "RA" else ("GLON-", "GLAT-")
    return {
        **{f"CTYPE{i}": name + projection for i, name in enumerate(names, 1)},
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": lon,
        "CRVAL2": lat,
        "CDELT1": -step,
        "CDELT2": step,
        "CRPIX1": 30.5,
        "CRPIX2": 20.5,
    }


def without(header, *names):
    return {key: value for key, value in header.items() if not key.startswith(names)}


def matrix(header, name, *, scaled):
    """Cards with a matrix CD or PC, which has the pixel widths in it if it is scaled."""
    widths = [header["CDELT1"], header["CDELT2"]] if scaled else [1.0, 1.0]
    rest = without(header, "CDELT") if scaled else header
    extra = {"CDELT1": 1.0, "CDELT2": 1.0} if scaled and name == "PC" else {}
    ends = ("1_1", "2_2") if name != "PC00" else ("1001", "2002")
    zeros = {f"{name}1_2": 0.0, f"{name}2_1": 0.0} if name != "PC00" else {}
    return rest | extra | dict(zip((name + end for end in ends), widths, strict=True)) | zeros


def single(header, *names):
    """Cards rounded to single precision."""
    return {
        key: float(np.float32(value)) if key.startswith(names) else value
        for key, value in header.items()
    }


def in_unit(header, unit, scale):
    changed = {k: v * scale for k, v in header.items() if k.startswith(("CRVAL", "CDELT"))}
    return header | changed | {"CUNIT1": unit, "CUNIT2": unit}


def reference_moved(header, columns):
    """Cards with another reference pixel on the same line of a plate carree at the equator."""
    return header | {
        "CRPIX1": header["CRPIX1"] + columns,
        "CRVAL1": header["CRVAL1"] + columns * header["CDELT1"],
    }


def mirrored(header, axis, size):
    """Cards of the same pixels in the opposite order along an axis."""
    step, reference = f"CDELT{axis}", f"CRPIX{axis}"
    return header | {step: -header[step], reference: size + 1 - header[reference]}


def exchanged(header):
    """Cards of the same pixels with the two axes exchanged."""
    swap = str.maketrans("12", "21")
    numbered = re.compile(r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA|PC|CD)[012_]+$")
    return {
        key.translate(swap) if numbered.match(key) else key: value for key, value in header.items()
    }


SAME = {
    "as it is": lambda h: h,
    "cards in another order": lambda h: dict(reversed(h.items())),
    "CD": lambda h: matrix(h, "CD", scaled=True),
    "CD and CDELT": lambda h: h | matrix(h, "CD", scaled=True) | {"CDELT1": -0.02, "CDELT2": 0.02},
    "PC": lambda h: matrix(h, "PC", scaled=False),
    "PC with widths": lambda h: matrix(h, "PC", scaled=True),
    "PC of a draft": lambda h: matrix(h, "PC00", scaled=False),
    "CROTA": lambda h: h | {"CROTA2": 0.0},
    "both CROTA": lambda h: h | {"CROTA1": 0.0, "CROTA2": 0.0},
    "equinox": lambda h: h | {"EQUINOX": 2000.0},
    "whole equinox": lambda h: h | {"EQUINOX": 2000},
    "epoch": lambda h: h | {"EPOCH": 2000.0},
    "FK5": lambda h: h | {"RADESYS": "FK5"},
    "FK5 and equinox": lambda h: h | {"RADESYS": "FK5", "EQUINOX": 2000.0},
    "ICRS": lambda h: h | {"RADESYS": "ICRS"},
    "older FK5": lambda h: h | {"RADECSYS": "FK5", "EQUINOX": 2000.0},
    "older ICRS": lambda h: h | {"RADECSYS": "ICRS"},
    "negative longitude": lambda h: h | {"CRVAL1": h["CRVAL1"] - 360},
    "longitude of another turn": lambda h: h | {"CRVAL1": h["CRVAL1"] + 360},
    "single CRVAL": lambda h: single(h, "CRVAL"),
    "single CDELT": lambda h: single(h, "CDELT"),
    "single precision": lambda h: single(h, "CRVAL", "CDELT", "CRPIX"),
    "no CUNIT": lambda h: without(h, "CUNIT"),
    "CUNIT in capitals": lambda h: h | {"CUNIT1": "DEG", "CUNIT2": "DEG"},
    "arcsec": lambda h: in_unit(h, "arcsec", 3600),
    "arcmin": lambda h: in_unit(h, "arcmin", 60),
    "LONPOLE": lambda h: h | {"LONPOLE": 0.0 if "CAR" in h["CTYPE1"] else 180.0},
    "dates": lambda h: h | {"DATE-OBS": "2010-01-01T00:00:00", "MJD-OBS": 55197.0},
    "name": lambda h: h | {"WCSNAME": "sky", "WCSAXES": 2},
    "seven digits": lambda h: {k: float(f"{v:.7g}") if k[:3] == "CRV" else v for k, v in h.items()},
    "spectral reference": lambda h: h | {"SPECSYS": "BARYCENT", "TIMESYS": "TT"},
}

DIFFERENT = {
    "reference pixel": lambda h: h | {"CRPIX1": h["CRPIX1"] + 0.01},
    "reference row": lambda h: h | {"CRPIX2": h["CRPIX2"] - 0.01},
    "half a pixel": lambda h: h | {"CRPIX1": h["CRPIX1"] + 0.5},
    "longitude": lambda h: h | {"CRVAL1": h["CRVAL1"] + 0.02 * 0.011},
    "latitude": lambda h: h | {"CRVAL2": h["CRVAL2"] + 0.02 * 0.01},
    "width": lambda h: h | {"CDELT1": h["CDELT1"] * (1 + 0.01 / 20)},
    "height": lambda h: h | {"CDELT2": h["CDELT2"] * (1 + 0.02 / 20)},
    "turned": lambda h: h | {"CROTA2": 0.05},
    "skewed": lambda h: matrix(h, "PC", scaled=False) | {"PC1_2": 0.002},
    "mirrored by half a pixel": lambda h: mirrored(h, 1, 61.5),
    "frame": lambda h: h | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
    "equinox": lambda h: h | {"RADESYS": "FK5", "EQUINOX": 1975.0},
}

BASES = {
    "TAN": cards(),
    "oblique CAR": cards("CAR"),
    "CAR": cards("CAR", lat=0.0),
    "SIN": cards("SIN", lon=83.63, lat=-60.0),
}
