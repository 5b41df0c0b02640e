"""What the Python API asks and gives back, beside reports: keywords, data, and the fit at the optimum.

keywords and data (keywords, question) -> Question -> certified_fit -> Fit; robust tries other models for one
"""
