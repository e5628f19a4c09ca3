"""Other bins of binned data: neighbours merged, along the profile or in energy.

`rebinning` has `rebin` and `fold`, and `energy_rebinning` has `rebin_energy`. They find old edges
for new ones (`edge_matching`), or merge until each bin meets a criterion (`growing`).
"""
