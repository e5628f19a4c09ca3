"""Headers of images with distortions and in many frames, as tools write them."""

import numpy as np
from astropy.io.fits import Header
from astropy.wcs import WCS

SHAPE = (60, 80)  # rows and columns

SIP = {
    "A_ORDER": 3, "A_2_0": 2.2e-3, "A_0_2": -4.123456789012345e-4, "A_2_1": 1e-6, "A_1_0": 0.01,
    "B_ORDER": 2, "B_1_1": 1.1e-3, "B_0_2": 7e-4,
    "AP_ORDER": 2, "AP_2_0": -2.2e-3, "BP_ORDER": 2, "BP_1_1": -1.1e-3,
}  # fmt: skip
TPV = {
    "PV1_0": 1e-3, "PV1_1": 1.02, "PV1_2": 0.013, "PV1_4": 0.0123456789012, "PV1_7": -1.2e-3,
    "PV2_1": 0.99, "PV2_4": -9e-3, "PV2_5": 4e-3,
}  # fmt: skip
TPD = [
    ("CQDIS1", "TPD"), ("DQ1", "NAXES: 2"), ("DQ1", "AXIS.1: 1"), ("DQ1", "AXIS.2: 2"),
    ("DQ1", "TPD.FWD.1: 0.03"), ("DQ1", "TPD.FWD.4: 0.01"),
    ("CQDIS2", "TPD"), ("DQ2", "NAXES: 2"), ("DQ2", "AXIS.1: 2"), ("DQ2", "AXIS.2: 1"),
    ("DQ2", "TPD.FWD.1: 0.03"), ("DQ2", "TPD.FWD.4: -0.02"),
]  # fmt: skip

_SURFACE = (
    "3. 4. 4. 2. -9. 9. -9. 9. 0.01 0.02 0.003 4.0E-4 0.005 -0.006 7.0E-4 0.008 0.0009 1.0E-3"
)


def iraf_cards(surface=_SURFACE):
    """Cards of IRAF with a polynomial for each axis, in pieces of 68 characters."""
    cards = {"WAT0_001": "system=image"}
    for i, (axis, correction) in enumerate((("ra", "lngcor"), ("dec", "latcor")), 1):
        text = f'wtype=tnx axtype={axis} {correction} = "{surface} "'
        parts = [text[k : k + 68] for k in range(0, len(text), 68)]
        cards |= {f"WAT{i}_{k:03d}": part for k, part in enumerate(parts, 1)}
    return cards


def header(projection="TAN", *, names=("RA--", "DEC-"), records=(), **cards):
    """Header of an image with its middle at (83.6, 22) and pixels of 0.1 deg, a little turned."""
    found = Header()
    for key, value in {
        "NAXIS": 2, "NAXIS1": SHAPE[1], "NAXIS2": SHAPE[0],
        "CTYPE1": f"{names[0]}-{projection}", "CTYPE2": f"{names[1]}-{projection}",
        "CRPIX1": 40.5, "CRPIX2": 30.5, "CRVAL1": 83.6, "CRVAL2": 22.0,
        "CD1_1": -0.1, "CD1_2": 0.004, "CD2_1": 0.005, "CD2_2": 0.1,
    }.items():  # fmt: skip
        found[key] = value
    for key, value in cards.items():
        found[key.replace("__", "-")] = value
    for record in records:
        found.append(record, end=True)
    return found


DISTORTED = {
    "sip": header("TAN-SIP", **SIP),
    "sip arc": header("ARC-SIP", **SIP),
    "sip car": header("CAR-SIP", **SIP, CRVAL2=0.0),
    "sip zpn": header("ZPN-SIP", **SIP, PV2_1=1.0, PV2_3=0.2),
    "sip in ecliptic": header("TAN-SIP", names=("ELON", "ELAT"), **SIP),
    "sip with steps": header(
        "TAN-SIP", **SIP, CDELT1=-0.1, CDELT2=0.1, CD1_1=1, CD1_2=0, CD2_1=0, CD2_2=1
    ),
    "tpv": header("TPV", **TPV),
    "tpv of scamp": header("TAN", **TPV),
    "tpv in galactic": header("TPV", names=("GLON", "GLAT"), **TPV),
    "tpd": header("TAN-TPD", records=TPD),
    "tnx of iraf": header("TNX", **iraf_cards()),
    "tpd car": header("CAR-TPD", records=TPD, CRVAL2=0.0),
    "zpn": header("ZPN", PV2_1=1.0, PV2_2=0.4, PV2_3=0.2),
}
for _key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
    del DISTORTED["sip with steps"][_key]


def reference(name):
    """WCS that astropy makes of a header."""
    return WCS(DISTORTED[name], naxis=2)


def reference_lonlat(name, x, y):
    """Longitude and latitude of pixel positions by astropy alone, in degrees."""
    return np.asarray(reference(name).all_pix2world(x, y, 0))


def undistorted(name):
    """WCS of a header without its distortions."""
    plain = header("TAN")
    plain.update({key: DISTORTED[name][key] for key in ("CRVAL1", "CRVAL2")})
    return WCS(plain)
