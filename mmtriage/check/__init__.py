"""`mmtriage check`: the models that a project keeps, triaged side by side.

TOML -> Config (config, entries, located, places) -> a report for each model, on processes of their own
(triage_all) -> Summary, compared with earlier reports (baselines)
"""
