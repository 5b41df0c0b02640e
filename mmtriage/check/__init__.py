"""`mmtriage check`: the models that a project keeps, triaged side by side.

toml -> Config (config, keys, node, places) -> processes (workers) -> Summary (run)
"""
