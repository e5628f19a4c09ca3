"""Class methods that make `SkyBins`: along lines and paths, grids, round a centre, from regions.

Each module has one mixin class over `base`, from which `SkyBins` inherits. `arguments` checks
positions, angles and edges.
"""
