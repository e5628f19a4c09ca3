"""Spectral models, and the counts that they predict.

`models` integrates a model over energy bins, `response` folds it with exposure and energy
dispersion, `references` gives the fluxes of norm 1, `model_json` keeps a model in a file.
"""
