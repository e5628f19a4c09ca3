"""History of a Dataset: one more line at each step."""

import xarray as xr

from xprofile.schema.history import extend_history


def test_history_grows_by_one_line_and_keeps_the_attrs():
    source = xr.Dataset(attrs={"history": "first\nsecond", "telescope": "LAT", "sed_type": "norm"})
    result = extend_history(xr.Dataset(attrs={"sed_type": "dnde"}), source, "third")
    assert result.attrs["history"].splitlines() == ["first", "second", "third"]
    assert (result.attrs["telescope"], result.attrs["sed_type"]) == ("LAT", "dnde")
    assert result.attrs["creator"].startswith("xprofile ")
    assert source.attrs["history"] == "first\nsecond"
