"""Covariances of a random term: what a factor of one can do, and one file for each structure.

Today every term is unstructured: any covariance of its columns (`unstructured.py`). A diagonal one is, as in
lme4, several terms of one column each. A further structure (compound symmetry, first-order autoregression) is
a file beside it with the same small interface, that of `TermFace`: how many parameters a covariance of a
given rank has, the factor F at given parameters, and which slopes in F are slopes in the parameters.
"""
