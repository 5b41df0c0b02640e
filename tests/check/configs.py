"""A configuration over sample tables, with a model of every kind."""

from __future__ import annotations

from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_data"

CONFIG = f"""
[[models]]
name = "sleep"
data = "{SAMPLES}/sleepstudy.csv"
formula = "Reaction ~ Days + (Days | Subject)"

[[models]]
name = "dye"
data = "{SAMPLES}/Dyestuff2.csv"
formula = "Yield ~ 1 + (1 | Batch)"
ignore = [{{code = "MM310", reason = "only six batches"}}]

[[models]]
name = "missing"
data = "{SAMPLES}/Dyestuf.csv"
formula = "Yield ~ 1 + (1 | Batch)"

[[models]]
name = "year"
data = "{SAMPLES}/sleepstudy_year.csv"
formula = "Reaction ~ Year + (Year | Subject)"

[[models]]
name = "typo"
data = "{SAMPLES}/Dyestuff2.csv"
formula = "Yield ~ 1 + (1 | Bach)"

[[models]]
name = "hurried"
data = "{SAMPLES}/sleepstudy.csv"
formula = "Reaction ~ Days + (Days | Subject)"
time_budget = 1e-6

[[models]]
name = "strict"
data = "{SAMPLES}/Dyestuff2.csv"
formula = "Yield ~ 1 + (1 | Batch)"
fail_on = "never"
select = ["MM1"]
"""
# name -> exit code
EXPECTED = {"sleep": 0, "dye": 0, "missing": 2, "year": 1, "typo": 2, "hurried": 3, "strict": 0}
