"""Tables and files of fits of templates, shapes and spectra.

`groups` sorts the variables of a fit into tables, one for each set of dims, and `tables` makes
these tables. `description` writes in JSON all that the tables do not hold, and makes the fit of
both again. `fits_files` has the tables in FITS. The modules of ``io/profiles`` call them for fits,
and write the first table to ECSV.
"""
