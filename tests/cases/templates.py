"""Binned data with two templates whose norms are known."""

import numpy as np
import xarray as xr

from cases.unfolding import row_of_bins

DIM = "projected_distance"


def gas_and_dust(binned, gas=120.0, dust=60.0):
    """Make two templates that differ in shape and spectrum, as predicted counts."""
    place = xr.DataArray(binned[DIM].values - binned[DIM].values.mean(), dims=DIM)
    steps = xr.DataArray(np.arange(binned.sizes["energy"]), dims="energy")
    made = {
        "gas": gas * np.exp(-0.5 * (place / 0.4) ** 2) * 0.5**steps,
        "dust": dust * np.exp(0.4 * place) * 0.7**steps,
    }
    return {
        name: template.transpose("energy", DIM).assign_coords(binned.counts.coords)
        for name, template in made.items()
    }


def filled(nbin=6, *, norms=(1.0, 2.0), background=8.0, seed=0, scale=1.0, **options):
    """Make binned data and templates, with counts drawn for known norms of these."""
    binned = row_of_bins(nbin, width=0.5, background=background, **options)
    templates = gas_and_dust(binned, 120 * scale, 60 * scale)
    pairs = zip(norms, templates.values(), strict=True)
    expected = binned.background + sum(norm * template for norm, template in pairs)
    drawn = np.random.default_rng(seed).poisson(expected.transpose("energy", DIM))
    data = binned.drop_vars(["psf_mixing", "exposure_true", f"{DIM}_true"])
    return data.assign(counts=(("energy", DIM), drawn)), templates
