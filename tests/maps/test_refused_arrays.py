"""Arrays and arguments of which from_arrays makes no maps, and what it says of them."""

import astropy.units as u
import numpy as np
import pytest
from astropy.wcs import WCS
from cases import mapdataset_files as small
from cases.in_memory import CM2S, arrays, header, made

from xprofile import from_arrays
from xprofile.exceptions import (
    InvalidDataError,
    InvalidEnergyError,
    InvalidOptionError,
)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"counts": small.COUNTS.transpose(0, 2, 1), "wcs": header(NAXIS=2, NAXIS1=8, NAXIS2=6)},
            r"counts has the shape \(3, 8, 6\), expected \(3, 6, 8\) \(energy, lat, lon\); "
            r"turn it with np.transpose\(counts, \(0, 2, 1\)\)",
        ),
        (
            {"background": np.moveaxis(small.BACKGROUND, 0, 2)},
            r"background .*\(6, 8, 3\), .*np.transpose\(background, \(2, 0, 1\)\)",
        ),
        ({"edisp": small.EDISP.T}, r"edisp .*\(3, 4\), expected \(4, 3\) \(energy_true, energy\)"),
        ({"exposure": small.EXPOSURE[:3] * CM2S}, r"exposure .*\(3, 6, 8\), expected \(4, 6, 8\)"),
        ({"exposure": [1, 2, 3] * CM2S}, r"exposure .*\(3,\), expected \(4,\) \(energy_true\)"),
        ({"background": [1, 2]}, r"background .*\(2,\), expected \(3,\) \(energy\)"),
        pytest.param(
            {"background": small.BACKGROUND[0]},
            "background .*each energy is not known",
            marks=pytest.mark.quick,
        ),
        ({"mask": small.MASK_SAFE[0].T}, r"mask .*expected \(6, 8\) \(lat, lon\).*\(1, 0\)"),
        ({"counts": np.ones(3)}, "expected three axes"),
        ({"counts": np.ones((1, 3, 6, 8))}, "expected three axes"),
        ({"psf": np.ones((4, 4))}, r"psf .*\(4, 4\), expected \(4, 5\) \(energy_true, rad\)"),
        ({"psf": np.ones((4, 5)) * u.m}, "psf has the unit 'm', expected one like 'sr-1'"),
        ({"exposure": small.EXPOSURE * u.m}, "exposure has the unit 'm', expected .*'cm2 s'"),
        ({"background": small.BACKGROUND * u.m}, "background has the unit 'm'"),
        ({"rad": small.RAD[::-1] * u.deg}, "rad must be finite and ascend, found"),
        pytest.param(
            {"rad": [small.RAD] * u.deg},
            "rad must be a list of angles, found .*give ascending angles with a unit",
            marks=pytest.mark.quick,
        ),
        ({"rad": small.RAD * u.m}, "rad has the unit 'm'"),
        ({"wcs": WCS(naxis=2)}, "no celestial axes"),
        ({"wcs": header(CTYPE1="GLON-XXX", CTYPE2="GLAT-XXX")}, "(no valid WCS|celestial)"),
    ],
)
def test_wrong_arrays_are_refused(changed, message):
    with pytest.raises(InvalidDataError, match=f"(?s){message}"):
        made(**changed)


@pytest.mark.parametrize("name", ["energy_edges", "energy_true_edges", "energy_true"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2, 3, 4], "has no unit of energy"),
        ([1, 2, 3, 4] * u.m, "has no unit of energy"),
        ([1, 3, 2, 4] * u.TeV, "must be positive and ascend"),
        ([0, 1, 2, 3] * u.TeV, "must be positive and ascend"),
        ([1, 2, np.nan, 4] * u.TeV, "must be positive and ascend"),
        ([[1, 2], [3, 4]] * u.TeV, "must be a list of . or more energies"),
        ([] * u.TeV, "must be a list of . or more energies"),
    ],
)
def test_wrong_energies_are_refused(name, value, message):
    others = {} if name == "energy_edges" else {"energy_true_edges": None}
    with pytest.raises(InvalidEnergyError, match=f"^{name} {message}"):
        made(**{**others, name: value})


@pytest.mark.quick
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"counts_off": small.COUNTS_OFF}, r"on-off data need .*found \['counts_off'\]"),
        ({"exposure": small.EXPOSURE}, "exposure has no unit.*exposure_unit='cm2 s'"),
        ({"rad": None}, "psf and rad"),
        ({"psf": None}, "psf and rad"),
        ({"rad": small.RAD}, "rad has no unit of angle"),
        ({"energy_true": small.NODES_TRUE * u.TeV}, "not both"),
        ({"wcs": "GLON-CAR"}, "wcs must be an astropy WCS .*found str"),
        ({"energy_unit": "m"}, "energy_unit must be a unit of energy, .*found 'm'"),
        ({"energy_unit": "no unit"}, "energy_unit must be a unit of energy"),
    ],
)
def test_missing_and_clashing_arguments_are_refused(changed, message):
    with pytest.raises(InvalidOptionError, match=f"(?s){message}"):
        made(**changed)


def test_maps_need_counts_and_an_exposure():
    for lost in ("counts", "exposure"):
        given = {**arrays(), lost: None}
        with pytest.raises(InvalidOptionError, match="counts or exposure is None: maps need both"):
            from_arrays(given.pop("counts"), **given)
