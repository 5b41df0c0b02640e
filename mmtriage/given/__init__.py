"""A fit made elsewhere, by lme4 in R, by statsmodels, by anything that maximizes the same likelihood.

    read_fit   FIT.json -> GivenFit (`record`), every mistake a sentence
    asked      what the file says of the model, as the options of a triage
    placed     its parameters in the coordinates of our design
    agreement  whether it is the same model: names, rows, and the log-likelihood at its parameters
    heard      which of its software's words are a warning of convergence

What is judged is the engine's (`engine.as_given`): the criterion at all the parameters given, nothing
profiled.
"""
