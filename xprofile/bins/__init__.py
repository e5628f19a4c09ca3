"""Bins on the sky: `SkyBins`, the shapes that they may have, and how they are written and drawn.

Nothing here knows the pixels of bins: `xprofile.binned` finds them. Each kind of bins is one module
of `shapes`.
"""
