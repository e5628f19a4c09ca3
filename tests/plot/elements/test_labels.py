"""Names, units and energies on axes."""

import pytest
import xarray as xr

from xprofile import to_sed_type
from xprofile.plot import plot_profile
from xprofile.plot.elements import labels
from xprofile.plot.elements.power_labels import plain_label


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("sed_type", "expected"),
    [
        ("norm", "Norm"),
        ("likelihood", "Norm"),
        ("flux", r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"),
        ("eflux", r"Energy flux [$\mathrm{erg\,cm^{-2}\,s^{-1}}$]"),
        (
            "e2dnde",
            r"$E^2\,\mathrm{d}N/\mathrm{d}E$ [$\mathrm{erg\,cm^{-2}\,s^{-1}}$]",
        ),
    ],
)
def test_labels_of_sed_types(profile, sed_type, expected):
    ax = plot_profile(profile, sed_type=sed_type)
    ax.figure.canvas.draw()
    assert plain_label(ax.yaxis) == expected


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ("", ""),
        ("deg", "deg"),
        ("sr-1", r"$\mathrm{sr^{-1}}$"),
        ("1 / (cm2 s)", r"$\mathrm{s^{-1}\,cm^{-2}}$"),
        ("counts per hour", "counts per hour"),
        ("1e-9 cm-2", r"$\mathrm{1 \times 10^{-9}\,cm^{-2}}$"),
    ],
)
def test_units_are_typeset(units, expected):
    assert labels.unit_text(units) == expected


@pytest.mark.parametrize(
    ("unit", "limits", "expected"),
    [
        ("TeV", (0.01, 0.0845), "10 - 84.5 GeV"),
        ("TeV", (0.0844729, 2), "84.5 - 2000 GeV"),
        ("TeV", (0.5, 100), "0.5 - 100 TeV"),
        ("GeV", (0.05, 0.5), "50 - 500 MeV"),
        ("keV", (1e5, 3e8), "0.1 - 300 GeV"),
    ],
)
def test_energies_in_the_unit_that_suits(unit, limits, expected):
    coords = dict(zip(("energy", "energy_min", "energy_max"), (1.0, *limits), strict=True))
    band = xr.Dataset(coords=coords)
    band["energy"].attrs["units"] = unit
    assert labels.energy_range_text(band) == expected


FLUXES = ["dnde", "flux", "eflux", "e2dnde"]


@pytest.mark.heavy
@pytest.mark.parametrize("style", ["points", "steps"])
@pytest.mark.parametrize(
    ("sed_type", "bright"), [("norm", False), *((f, b) for f in FLUXES for b in (False, True))]
)
def test_words_on_axes_are_typeset(profile, style, sed_type, bright):
    shown = to_sed_type(profile, sed_type, per_solid_angle=bright)
    ax = plot_profile(shown, sed_type, style=style, x_unit="arcmin")
    ax.figure.canvas.draw()
    label = ax.get_ylabel()
    assert [part for part in ("1 /", "(", "**", "^-", "^1") if part in label] == []
    assert (r"sr^{-1}" in label) == bright
    assert (r"cm^{-2}\,s^{-1}" in label) == (sed_type != "norm")
    assert ax.get_xlabel() == "Projected distance [arcmin]"
