"""Tables of variables: their units and attributes."""

import pytest

from xprofile.schema.variables import MAPS, SED_SUFFIXES, SED_TYPES, sed_variable


@pytest.mark.parametrize("suffix", SED_SUFFIXES)
@pytest.mark.parametrize("quantity", SED_TYPES)
def test_suffixed_quantities_have_the_unit_of_their_kind(quantity, suffix):
    variable = sed_variable(quantity, suffix)
    assert variable.attrs.get("units", "") == SED_TYPES[quantity].unit
    assert variable.long_name == variable.long_name.strip() != ""


def test_attrs_have_a_unit_only_where_there_is_one():
    assert MAPS["counts"].attrs == {"long_name": "counts"}
    assert MAPS["exposure"].attrs == {"long_name": "exposure", "units": "cm2 s"}
