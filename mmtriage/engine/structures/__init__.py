"""Covariances of a random term: what a factor of one can do, and one file for each structure.

    unstructured        any covariance of the columns: lme4's `us`, and every term without a tag
    equal_variances     one variance for all columns, no correlation: `diag` with `hom = TRUE`
    compound_symmetry   one correlation: `cs`
    autoregressive      correlations that fade along the columns: `ar1`

A diagonal covariance with a variance for each column is, as in lme4 1.1, several terms of one column each.
What the rest of the engine asks of a structure is in `interfaces.py`; the last three have nearly all of it
in common (`scaled.py`, `scaled_cone.py`) and differ in their correlation matrix.
"""
