"""Profiles of binned data.

`estimating` has the function `estimate`, `estimator` its settings as a value. The steps of a run:
`data_sets` checks that the data sets of a joint fit have the same bins, `energy_groups` joins fine
energies, `problems` turns binned data into arrays for the likelihood, `solve` fits them, and
`results` and `status` make the profile. `settings` checks the settings, `confidence` those of
errors, limits and intervals, and `intervals` computes limits and intervals.
"""
