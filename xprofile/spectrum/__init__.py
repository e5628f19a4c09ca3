"""Spectral models and the signal counts that they predict.

`models` integrates a model over energy bins. `response` folds a model with exposure and energy
dispersion, which gives the signal counts. `references` gives the fluxes of norm 1 as variables of a
profile. `model_json` writes models as text. `quadrature` and `loglog` are the numerical tools.
"""
