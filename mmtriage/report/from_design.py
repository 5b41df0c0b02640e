"""The facts of a report that the table and the design say: what was read, and which model it is."""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.data.table import Table
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag
from mmtriage.model.design import Design
from mmtriage.options import TriageOptions
from mmtriage.report.facts import (
    Dependence,
    DroppedColumnFacts,
    InputFacts,
    ModelFacts,
    RandomTermFacts,
    StructureFacts,
)

NOT_LINEAR = (
    "degrees of freedom are not assessed, because Kenward and Roger's method is for covariances that are "
    "linear in their parameters, which that of `{term}` is not: `--ddf satterthwaite` has some"
)


def input_facts(table: Table, design: Design, options: TriageOptions) -> InputFacts:
    """The table, and how much of it was used."""
    return InputFacts(
        source=table.source,
        sha256=table.sha256,
        rows_read=table.n_rows,
        rows_used=len(design.rows),
        rows_dropped=table.n_rows - len(design.rows),
        seed=options.seed,
        dated=table.dated,
    )


def model_facts(design: Design, options: TriageOptions) -> ModelFacts:
    """The model as lme4 would describe it."""
    return ModelFacts(
        formula=design.formula.to_text(),
        family=design.spec.family,
        link=design.spec.link,
        method=design.spec.method,
        nagq=design.spec.quadrature_points,
        n_obs=len(design.y),
        groups={term.group: len(term.levels) for term in design.random},
        fixed_names=design.fixed_names,
        random_terms=tuple(
            RandomTermFacts(
                group=t.group, terms=t.columns, correlated=t.correlated, structure=_structure(t.bar.structure)
            )
            for t in design.random
        ),
        dropped_columns=tuple(
            DroppedColumnFacts(
                name=column.name,
                depends_on=tuple(Dependence(name=n, coefficient=c) for n, c in column.depends_on),
            )
            for column in design.dropped
        ),
        weights=options.weights,
        offset=options.offset,
        subset=options.subset,
        contrasts=options.contrasts,
        notes=(*design.messages, *_without_kenward_roger(design, options)),
    )


def _without_kenward_roger(design: Design, options: TriageOptions) -> Iterator[str]:
    """Why there are no degrees of freedom by a method that was asked for."""
    if options.ddf != "kenward-roger":
        return
    bent = next((t for t in design.random if not t.bar.structure.is_linear(len(t.columns))), None)
    if bent is not None:
        yield NOT_LINEAR.format(term=bent.bar.to_text())


def _structure(tag: StructureTag) -> StructureFacts | None:
    """What a term says of its covariance; nothing where it is unstructured."""
    return None if tag == UNSTRUCTURED else StructureFacts(name=tag.tag, homogeneous=tag.homogeneous)
