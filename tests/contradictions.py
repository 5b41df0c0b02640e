"""What no report may say of one model at once, checked on the JSON of every report that the suite makes.

contradictions(document) -> sentences, empty for a report that is one story
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NOISE = 1e-6  # deviance units ...
RELATIVE_NOISE = 1e-10  # ... or this share of the criterion: what is smaller is rounding
GAP, RELATIVE_GAP = 0.01, 1e-9  # deviance units that are material
PROVEN = ("converged", "false_alarm", "wrong_se", "singular", "not_converged")

Document = Mapping[str, Any]


def contradictions(document: Document) -> list[str]:
    """Everything in a report that cannot be true together."""
    return [
        *_verdict(document),
        *_reference(document),
        *_findings(document),
        *_proven(document),
        *(said for rung in document["ladder"] for said in _attempts(document, rung)),
        *_remedies(document),
    ]


def _certificate(document: Document) -> Document | None:
    reference = document["reference"]
    return None if reference is None else reference["certificate"]


def _verdict(document: Document) -> Iterator[str]:
    verdict, certificate = document["verdict"], _certificate(document)
    status, gap = verdict["status"], verdict["gap"]
    if status in PROVEN and (certificate is None or not certificate["certified"]):
        yield f"{status} without a certificate"
    if gap is not None and gap < -_noise(document):
        yield f"lme4's fit lies {gap:.3g} below the reference"
    is_there = status in ("converged", "false_alarm", "wrong_se", "singular")
    if is_there and gap is not None and gap > _material(document):
        yield f"{status}, though {gap:.3g} short"
    if status == "converged" and certificate is not None and _is_full(document) is False:
        yield "converged, though the optimum is singular"
    if status == "singular" and certificate is not None and _is_full(document):
        yield "singular, though every covariance is of full rank"
    missing = set(verdict["codes"]) - {found["code"] for found in document["findings"]}
    if missing:
        yield f"the verdict rests on {sorted(missing)}, which were not found"


def _is_full(document: Document) -> bool | None:
    """Whether all covariances are of full rank; None where a zero rank may be all that the columns allow."""
    ranks = document["reference"]["certificate"]["rank"]
    widths = [len(term["terms"]) for term in document["model"]["random_terms"]]
    if all(rank == width for rank, width in zip(ranks, widths, strict=True)):
        return True
    return False if any(rank == 0 for rank in ranks) else None


def _reference(document: Document) -> Iterator[str]:
    certificate = _certificate(document)
    if certificate is None:
        return
    reference, optima = document["reference"]["criterion"], certificate["distinct_optima"]
    refuted = [point["criterion"] for point in certificate["refuted"]]
    below = [value for value in optima if value < reference - _noise(document)]
    if len(below) > len(refuted):
        yield f"the reference {reference:.6f} is above an optimum that was found, {below[0]:.6f}"
    if certificate["certified"] and any(found["code"] == "MM407" for found in document["findings"]):
        yield "certified, though flat or without a maximum (MM407)"
    if certificate["certified"] and document["verdict"]["status"] == "undetermined":
        yield "undetermined beside a certificate"


def _findings(document: Document) -> Iterator[str]:
    for found in document["findings"]:
        if found["code"] == "MM403" and (found["evidence"].get("gap") or 0.0) < 0.0:
            yield "MM403: short by less than nothing"
    both = {f["code"] for f in document["findings"]} & {n["code"] for n in document["not_assessed"]}
    if both:
        yield f"{sorted(both)} found, and not assessed"


def _proven(document: Document) -> Iterator[str]:
    """No finding and no rung may speak of a proven optimum where nothing is certified."""
    certificate = _certificate(document)
    if certificate is None or certificate["certified"]:
        return
    said = [(f["code"], f["message"]) for f in document["findings"]]
    said += [(f"rung {rung['id']}", rung["reason"]) for rung in document["ladder"]]
    for where, words in said:
        if "the proven optimum" in words:
            yield f"{where} speaks of the proven optimum, and nothing is certified"


def _attempts(document: Document, rung: Document) -> Iterator[str]:
    for attempt in rung["attempts"]:
        gap = attempt["gap"]
        if gap is not None and gap < -_noise(document) and attempt["formula"] == document["model"]["formula"]:
            yield f"{attempt['label']} of rung {rung['id']} lies {gap:.3g} below the reference"
    if rung["status"] == "cleared" and document["verdict"]["status"] in ("unidentifiable", "undetermined"):
        yield f"rung {rung['id']} clears a model that has no optimum"


def _remedies(document: Document) -> Iterator[str]:
    if document["verdict"]["status"] not in ("unidentifiable", "undetermined"):
        return
    for remedy in document["remedies"]:
        if remedy["clears"] and remedy["scope"] == "same_model":
            yield f"{remedy['title']} clears a model that has no optimum"


def _noise(document: Document) -> float:
    return max(NOISE, RELATIVE_NOISE * _size(document))


def _material(document: Document) -> float:
    return max(GAP, RELATIVE_GAP * _size(document))


def _size(document: Document) -> float:
    return 0.0 if document["reference"] is None else abs(float(document["reference"]["criterion"]))


def assert_one_story(document: Document) -> None:
    """Fail with every contradiction of a report."""
    found: Sequence[str] = contradictions(document)
    assert not found, "; ".join(found)
