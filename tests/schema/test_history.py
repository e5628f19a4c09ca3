"""History of a Dataset: one more line at each step."""

from importlib.metadata import PackageNotFoundError

import xarray as xr

from xprofile.schema import history
from xprofile.schema.history import extend_history, installed_version


def test_history_grows_by_one_line_and_keeps_the_attrs():
    source = xr.Dataset(attrs={"history": "first\nsecond", "telescope": "LAT", "sed_type": "norm"})
    result = extend_history(xr.Dataset(attrs={"sed_type": "dnde"}), source, "third")
    assert result.attrs["history"].splitlines() == ["first", "second", "third"]
    assert (result.attrs["telescope"], result.attrs["sed_type"]) == ("LAT", "dnde")
    assert result.attrs["creator"].startswith("xprofile ")
    assert source.attrs["history"] == "first\nsecond"


def test_a_checkout_that_is_not_installed_has_no_version(monkeypatch):
    def version(name):
        raise PackageNotFoundError(name)

    assert installed_version() != "unknown"
    monkeypatch.setattr(history, "version", version)
    assert installed_version() == "unknown"
