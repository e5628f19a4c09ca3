"""Models over a profile: in the same bins, in one quantity."""

import pytest
from cases.plot import new_axes

from xprofile import power_law, to_sed_type, to_units, with_reference_model
from xprofile.exceptions import InvalidDataError
from xprofile.plot import plot_profile


@pytest.mark.parametrize("name", ["flux", "dnde", "counts"])
def test_models_of_other_bins_are_refused(two_bands, name):
    """Also if there are as many, or they are in another order, or at other energies."""
    flux = to_sed_type(two_bands, "flux")
    moved = flux.assign_coords({n: flux[n] + 0.3 for n in flux.coords if n.startswith("proj")})
    energies = flux.assign_coords(energy=2 * flux.energy)
    for other in (flux.isel(projected_distance=slice(None, None, -1)), moved, energies):
        with pytest.raises(InvalidDataError, match="in the same order"):
            plot_profile(two_bands, name, model=other)
    in_arcmin = to_units(flux, projected_distance="arcmin")
    plot_profile(two_bands, name, model=in_arcmin, ax=new_axes())
    edges = two_bands.energy_max * [1.00001, 1]  # rounded to five digits, far from the lowest
    plot_profile(two_bands, name, model=flux.assign_coords(energy_max=edges), ax=new_axes())
    wrong = flux.assign_coords(projected_distance=flux.projected_distance.assign_attrs(units="TeV"))
    with pytest.raises(InvalidDataError, match="is in TeV, but projected_distance is in deg"):
        plot_profile(two_bands, name, model=wrong)
    soft = with_reference_model(flux, power_law(3)).profile.to_sed_type("norm")
    with pytest.raises(InvalidDataError, match="different shapes"):
        plot_profile(two_bands, "norm", model=soft)
