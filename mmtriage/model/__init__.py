"""From table and formula to the arrays of a mixed model."""

from mmtriage.model.design import Design, build_design
from mmtriage.model.missing import MissingReport
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.rank import DroppedColumn
from mmtriage.model.spec import ModelSpec

__all__ = ["Design", "DroppedColumn", "MissingReport", "ModelSpec", "RandomTerm", "build_design"]
