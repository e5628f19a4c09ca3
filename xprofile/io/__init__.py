"""Reading and writing: one module for each file format."""
