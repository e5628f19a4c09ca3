"""Arguments of public functions: their types, checked against the annotations in one place."""
