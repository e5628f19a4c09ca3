"""Profiles as pandas tables: one row for each bin and energy."""

import pandas as pd
import pytest
import xarray as xr
from cases.profiles import (
    ANGLES,
    DISTANCES,
    ON_OTHER_AXES,
    make_profile,
    value_columns,
)

from xprofile import to_dataframe, to_sed_type


@pytest.fixture
def profile():
    return make_profile()


@pytest.mark.parametrize("dim", ON_OTHER_AXES)
@pytest.mark.parametrize("index", [slice(None), slice(7, 1, -2), 4])
def test_dataframe_of_other_bins(profile, dim, index):
    turned = ON_OTHER_AXES[dim](profile)
    before = turned.copy(deep=True)
    frame = to_dataframe(turned.isel({dim: index}), "dnde")
    expected = to_dataframe(profile.isel(projected_distance=index), "dnde")
    axis = dict(zip(DISTANCES, ANGLES, strict=True)) if dim == "position_angle" else {}
    expected = expected.rename(columns=axis) if axis else expected.drop(columns=DISTANCES)
    assert next(iter(frame)) == dim
    assert list(frame)[-2:] == (["lat", "region"] if axis else ["lon", "lat"])
    pd.testing.assert_frame_equal(frame, expected, check_like=True)
    xr.testing.assert_identical(turned, before)


def test_dataframe_has_one_row_for_each_bin_and_energy(profile):
    frame = to_dataframe(profile, "flux")
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 20
    assert list(frame)[:12] == [
        "projected_distance", "projected_distance_min", "projected_distance_max",
        "energy", "energy_min", "energy_max", *value_columns("flux"),
    ]  # fmt: skip
    assert list(frame)[-3:] == ["lon", "lat", "region"]
    assert not {"stat_scan", "norm_scan"} & set(frame)
    row = frame.iloc[5]  # bins vary slowest
    expected = to_sed_type(profile, "flux").isel(projected_distance=2, energy=1)
    for name in ("flux", "flux_ul", "ts", "counts", "solid_angle", "energy_min", "region"):
        assert row[name] == expected[name].item()
    assert set(frame) >= set(profile.drop_dims("norm_scan").data_vars) - set(value_columns("norm"))


def test_dataframe_marks_limits_by_the_threshold(profile):
    assert not to_dataframe(profile.assign_attrs(sqrt_ts_threshold_ul=-1e9))["is_ul"].any()


@pytest.mark.parametrize("selection", [{"energy": 0}, {"projected_distance": 3}])
def test_dataframe_of_one_energy_or_bin(profile, selection):
    frame = to_dataframe(profile.isel(selection))
    (dim, index), = selection.items()  # fmt: skip
    whole = to_dataframe(profile)
    expected = whole[whole[dim] == profile[dim].to_numpy()[index]].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, expected, check_like=True)


def test_dataframe_takes_other_coordinates_but_not_the_wcs(profile):
    frame = to_dataframe(profile.assign_coords(source="Crab", wcs=((), 5, {"CTYPE1": "GLON-CAR"})))
    assert set(frame["source"]) == {"Crab"}
    assert "wcs" not in frame
