"""Spectra along a profile: amplitude and further parameters of a model in each bin.

`spectrum_fits` has `fit_spectrum`, and `settings` its options. `parameters` describes the free
parameters of a model. `folding` and `tables` give the signal counts at any values of these.
`statistic` has values and derivatives of all problems, `starts` where to look for minima, `descent`
goes down to them, `minimum` finds best fits, `errors` their errors, with `intervals` for the ends
of intervals, and `fits` runs these block by block. `same` compares the bins, and `results` makes
the Dataset.
"""
