"""Units as people and their tools write them, such as ``JY/BEAM`` or ``photons/cm^2/s``.

`spellings` has the table of spellings, `parsing` reads texts with it.
"""
