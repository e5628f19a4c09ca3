"""Numbers of a radial profile: radii that contain a share of the flux, and its width.

`radii` has `containment`, `half_light` and `fwhm`, `growth` has `curve_of_growth`, and `reading`
reads the fluxes of a profile with their covariance.
"""
