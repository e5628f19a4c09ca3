"""Spectral models and the signal counts that they predict.

`models` integrates a model over energy bins. `response` folds a model with exposure and energy
dispersion, which gives the signal counts; `mixing` adds the PSF, which carries them from bin to
bin, and `sharing` tells how many stay. `references` gives the fluxes of norm 1 as variables of a
profile. `model_json` writes models as text. The numerical tools are `quadrature` (pieces of bins
and their nodes), `refinement` and `resolving` (nodes where a spectrum changes fast), `features`
(where models of astropy do) and `loglog`.
"""
