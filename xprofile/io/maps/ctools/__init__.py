"""Cubes of ctools: `count_cubes` has counts and backgrounds, `response_cubes` PSF and migration."""
