"""Binned data to a profile.

`estimator` is the way through: `energy_groups` joins fine energies, `problems` turns binned data
into arrays, `solve` fits them, `results` and `status` make the profile.
"""
