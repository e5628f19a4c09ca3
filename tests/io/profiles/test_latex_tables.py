"""Tables for papers: values with errors and limits as texts of LaTeX."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr

import xprofile
from xprofile.exceptions import InvalidDataError, InvalidOptionError

VALUES = [3.217e-10, 8.0e-12, np.nan, -1.4e-11]
ERRN = [4.1e-11, 2.0e-12, np.nan, 1.3e-11]
ERRP = [4.4e-11, 3.0e-12, np.nan, 1.3e-11]
LIMITS = [4.2e-10, 1.57e-11, np.nan, 2.6e-11]


def make_profile(bins: str = "projected_distance") -> xr.Dataset:
    """Make a profile of four bins with chosen values; the second one is below the threshold."""
    columns = {"flux": VALUES, "flux_errn": ERRN, "flux_errp": ERRP, "flux_ul": LIMITS}
    dims, unit = (bins, "energy"), {"units": "cm-2 s-1"}
    data = {name: (dims, np.c_[values], unit) for name, values in columns.items()}
    data["sqrt_ts"] = (dims, np.c_[[8.0, 1.26, np.nan, -2.5]])
    data["counts"] = (dims, np.c_[[400, 12, 0, 3]])
    coords = {
        "energy": ("energy", [1.0], {"units": "TeV"}),
        "energy_min": ("energy", [0.1]),
        "energy_max": ("energy", [10.0]),
    }
    if bins == "projected_distance":
        edges = np.arange(5) * 0.25
        coords |= {bins: (bins, edges[1:] - 0.125, {"units": "deg"})}
        coords |= {f"{bins}_min": (bins, edges[:-1]), f"{bins}_max": (bins, edges[1:])}
    else:
        coords |= {bins: (bins, list("abcd"))}
    attrs = {"sed_type": "flux", "n_sigma": 1.0, "n_sigma_ul": 1.645, "sqrt_ts_threshold_ul": 2.0}
    return xr.Dataset(data, coords, attrs)


def test_values_have_two_digits_of_their_errors_and_limits_a_sign():
    """And the largest value gives the power of ten in the unit."""
    table = xprofile.to_table(make_profile(), latex=True)
    assert list(table["Flux"]) == [
        "$3.22^{+0.44}_{-0.41}$",
        "$<0.16$",
        r"\ldots",
        "$<0.26$",
    ]
    assert list(table["Distance"])[:2] == ["$0.00$--$0.25$", "$0.25$--$0.50$"]
    assert list(table["Counts"]) == ["$400$", "$12$", "$0$", "$3$"]
    assert table["Flux"].unit.scale == pytest.approx(1e-10)
    assert "Energy" not in table.colnames
    for form in ("ascii.aastex", "ascii.latex"):
        text = io.StringIO()
        table.write(text, format=form)
        assert r"$\mathrm{10^{-10}\,s^{-1}\,cm^{-2}}$" in text.getvalue()
        assert r"1 \times" not in text.getvalue()


def test_equal_errors_and_labels():
    """Errors that round alike are written once, and bins without numbers are counted."""
    profile = make_profile("region").assign(flux_errp=lambda d: d.flux_errn)
    table = xprofile.to_table(profile, latex=True)
    assert table["Flux"][0] == r"$3.22 \pm 0.41$"
    assert list(table["Bin"]) == ["$0$", "$1$", "$2$", "$3$"]


def test_rows_of_several_energies():
    """Energies vary fastest, as in tidy tables."""
    one = make_profile()
    edges = {"energy_min": ("energy", [10.0]), "energy_max": ("energy", [40.0])}
    two = one.assign_coords(energy=[20.0], **edges)
    both = xr.concat([one, two], "energy", data_vars="minimal", coords="minimal")
    both["energy"].attrs["units"] = "TeV"
    table = xprofile.to_table(both, latex=True)
    assert list(table["Energy"])[:3] == ["$0.1$--$10$", "$10$--$40$", "$0.1$--$10$"]
    assert len(table) == 8


def test_units_of_dataframes():
    """In attrs, by column; fits are tested with their tables."""
    units = xprofile.to_dataframe(make_profile()).attrs["units"]
    assert units["flux_ul"] == "cm-2 s-1"
    assert units["projected_distance"] == "deg"
    assert "counts" not in units


def test_refuses_fits():
    """A fit has no bins with limits."""
    fit = xr.Dataset({"value": ("parameter", [1.0]), "err": ("parameter", [0.1])},
                     {"parameter": ["amplitude"]})  # fmt: skip
    with pytest.raises(InvalidOptionError, match="latex=True is for profiles"):
        xprofile.to_table(fit, latex=True)


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        ("TeV", ["$0.1$--$10$", "$10$--$20$"]),
        ("GeV", ["$100$--$10000$", "$10000$--$20000$"]),
        (
            "keV",
            [r"$1 \times 10^{8}$--$1 \times 10^{10}$", r"$1 \times 10^{10}$--$2 \times 10^{10}$"],
        ),
    ],
)
def test_energies_have_no_exponents_of_computers(unit, texts):
    parts = []
    for values in ((1.0, 0.1, 10.0), (15.0, 10.0, 20.0)):
        names = zip(("energy", "energy_min", "energy_max"), values, strict=True)
        axis = {name: ("energy", [value], {"units": "TeV"}) for name, value in names}
        parts.append(make_profile().assign_coords(axis))
    both = xr.concat(parts, "energy", data_vars="minimal", coords="minimal")
    both = xprofile.to_units(both, energy=unit)
    assert list(xprofile.to_table(both, latex=True)["Energy"])[:2] == texts


@pytest.mark.parametrize(
    ("form", "start"), [("ascii.aastex", r"\tablecomments{"), ("ascii.latex", r"{\footnotesize ")]
)
def test_a_note_tells_the_confidence_levels(form, start, tmp_path):
    """The one-sided level of 1.645 sigma of limits, and the two-sided one of 1 sigma of errors."""
    table = xprofile.to_table(make_profile(), latex=True)
    note = start + r"Confidence levels: errors 68.3\%, upper limits 95\%.}"
    text = io.StringIO()
    table[:2].write(text, format=form, latexdict={"tablefoot": r"\label{mine}"})
    lines = text.getvalue().splitlines()
    assert sum(line.endswith(note) for line in lines) == 1
    assert r"\label{mine}" in lines
    table.write(tmp_path / "t.tex")
    assert "errors 68.3" in (tmp_path / "t.tex").read_text()
    strict = make_profile().assign_attrs(cl=1 - 6e-7, cl_ul=0.9)
    assert (
        "99.99994\\%, upper limits 90\\%"
        in xprofile.to_table(strict, latex=True).meta["comments"][0]
    )
    plain = make_profile().drop_vars(["flux_errn", "flux_errp", "flux_ul"])
    assert "comments" not in xprofile.to_table(plain, latex=True).meta


def test_bins_at_other_places_have_their_longitudes():
    place = (
        "projected_distance",
        [0.25, 0.0, -0.25, -0.5],
        {"units": "deg", "long_name": "longitude"},
    )
    same = ("projected_distance", [1.0] * 4, {"units": "deg", "long_name": "latitude"})
    table = xprofile.to_table(make_profile().assign_coords(lon=place, lat=same), latex=True)
    assert list(table["Longitude"]) == ["$0.25$", "$0.00$", "$-0.25$", "$-0.50$"]
    assert str(table["Longitude"].unit) == "deg"
    assert "Latitude" not in table.colnames
    for values, texts in (  # neighbours through 0 are near
        ([359.5, 0.5, 1.5, 2.5], ["$359.5$", "$0.5$", "$1.5$", "$2.5$"]),
        ([359.9, 0.1, 359.9, 359.9], ["$359.90$", "$0.10$", "$359.90$", "$359.90$"]),
        ([0.0, 359.999, 0.25, 0.5], ["$0.0000$", "$359.9990$", "$0.2500$", "$0.5000$"]),
        ([359.96, 300.0, 240.0, 180.0], ["$0$", "$300$", "$240$", "$180$"]),
    ):
        lon = ("projected_distance", values, {"long_name": "longitude", "units": "deg"})
        table = xprofile.to_table(make_profile().assign_coords(lon=lon), latex=True)
        assert list(table["Longitude"]) == texts


def test_differences_of_nothing_and_profiles_of_nothing():
    """The errors give the power of ten of values of 0; without bins there are no rows."""
    none = make_profile().assign(flux=lambda d: 0 * d.flux).drop_vars("flux_ul")
    assert xprofile.to_table(none, latex=True)["Flux"][0] == "$0.0^{+4.4}_{-4.1}$"
    with pytest.raises(InvalidDataError, match="no rows for LaTeX"):
        xprofile.to_table(make_profile().isel(projected_distance=slice(0, 0)), latex=True)


def test_without_significances_and_with_unknown_limits():
    """And other formats are written without the note on levels."""
    profile = make_profile()
    plain = xprofile.to_table(profile.drop_vars("sqrt_ts"), latex=True)
    assert "sqrt" not in "".join(plain.colnames)
    unknown = profile.assign(flux_ul=profile.flux_ul * np.nan)
    table = xprofile.to_table(unknown, latex=True)
    assert list(table["Flux"])[1:3] == ["$0.080^{+0.030}_{-0.020}$", r"\ldots"]
    text = io.StringIO()
    table.write(text, format="ascii.csv")
    assert len(text.getvalue().splitlines()) == 5


def test_no_times_give_no_rows():
    profile = make_profile().expand_dims(time=[1.0, 2.0])
    assert len(xprofile.to_table(profile, tidy=True)) == 8
    with pytest.raises(InvalidDataError, match="no values along time; select one or more"):
        xprofile.to_table(profile.isel(time=[]), tidy=True)
