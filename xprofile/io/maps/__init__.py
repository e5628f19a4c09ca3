"""Map files: one module for each dialect, put together by `assemble`.

`opening` is the way in. `parts` tells what a file is, `fermi`, `ctools`, `mapdataset` and `gammapy`
read the dialects, `responses` energy dispersions and PSFs, `writing` writes maps.
"""
