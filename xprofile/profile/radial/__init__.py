"""Numbers of a radial profile: radii that contain a share of the flux, and its width.

`radii` has `containment`, `half_light` and `fwhm`, `growth` has `curve_of_growth`, `within` finds
radii by a smooth curve of growth, and `reading` reads fluxes with their covariance.
"""
