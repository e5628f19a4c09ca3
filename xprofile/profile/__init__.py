"""Work on finished profiles and their bins: convert, limit, merge, re-bin, and simulate.

`sed` converts a profile to another flux quantity, `reference_model` to another spectral model.
`limits` has upper limits, and computes others from a scan (`scans`, `interpolation`).
`profile_merging` merges profiles by the sum of their scans (`summed_scans`). ``regrouping/`` merges
or folds the bins of binned data, also until each bin meets a criterion, and their energy bins.
`toys` draws counts from a model, `calibration` summarises profiles of toys, and ``significance/``
compares profiles with those of toys. `summary` describes a Dataset in a few lines.
"""
