"""Files of fits that are wrong in one thing each: one sentence that says what and where, and no traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmtriage.command.main import run
from tests.triaged import SAMPLES

Document = dict[str, Any]
Damage = Callable[[Document], None]

SLEEP = str(SAMPLES / "sleepstudy.csv")
WHOLE: Document = {
    "schema_version": "1.0",
    "software": {"name": "lme4", "version": "1.1-31"},
    "data": SLEEP,
    "formula": "Reaction ~ Days + (Days | Subject)",
    "reml": True,
    "n": 180,
    "fixed_effects": [
        {"name": "(Intercept)", "estimate": 251.40510484848508, "se": 6.824596673},
        {"name": "Days", "estimate": 10.467285959595715, "se": 1.545789665},
    ],
    "random_effects": [
        {
            "group": "Subject",
            "terms": ["(Intercept)", "Days"],
            "sd": [24.740657, 5.922137],
            "correlation": [[1, 0.0655512], [0.0655512, 1]],
        }
    ],
    "sigma": 25.591795,
    "messages": [],
    "log_likelihood": -871.8141359795,
}


def put(*path: Any) -> Damage:
    """Replace what stands at a path of keys and numbers; the last argument is the new value."""
    *keys, last, value = path

    def damage(document: Document) -> None:
        place: Any = document
        for key in keys:
            place = place[key]
        place[last] = value

    return damage


def without(*path: Any) -> Damage:
    *keys, last = path

    def damage(document: Document) -> None:
        place: Any = document
        for key in keys:
            place = place[key]
        del place[last]

    return damage


def theta(values: Any) -> Damage:
    def damage(document: Document) -> None:
        del document["random_effects"]
        document["theta"] = values

    return damage


RHO = ("random_effects", 0, "correlation")
NAN, INF = float("nan"), float("inf")
THETA = {"Subject.(Intercept)": 0.96, "Subject.Days.(Intercept)": 0.01, "Subject.Days": 0.23}
DAMAGES: list[tuple[Damage, str]] = [
    (without("formula"), "`formula` is missing"),
    (without("fixed_effects"), "`fixed_effects` is missing"),
    (without("random_effects"), "there is neither `theta` nor `random_effects`"),
    (put("theta", THETA), "the covariances are given twice"),
    (without("sigma"), "`sigma` is missing"),
    (put("sigma", -1), "-1 is not positive"),
    (put("sigma", 0), "0 is not positive"),
    (put("sigma", NAN), "not a finite number"),
    (put("sigma", "25"), "a text, not a number"),
    (put("formula", 3), "a number, not a text"),
    (put("formula", ""), "an empty text"),
    (put("formula", "Reaction ~ Days + (Days | Subject"), "("),
    (put("formula", "Reaction ~ Dayz + (Days | Subject)"), "Dayz"),
    (put("formula", "Reaction ~ Days"), "No random effects terms"),
    (put("fixed_effects", {}), "an object, not a list"),
    (put("fixed_effects", []), "leaves out: `(Intercept)`, `Days`"),
    (put("fixed_effects", 0, 7), "a number, not an object"),
    (put("fixed_effects", 0, "name", "Intercept"), "no fixed effect `Intercept`"),
    (put("fixed_effects", 1, "name", "(Intercept)"), "is listed twice"),
    (put("fixed_effects", 1, "estimate", NAN), "not a finite number"),
    (put("fixed_effects", 1, "estimate", None), "not a finite number"),
    (put("fixed_effects", 1, "estimate", INF), "not a finite number"),
    (put("fixed_effects", 1, "estimate", True), "true, not a number"),
    (without("fixed_effects", 1, "estimate"), "`estimate` is missing"),
    (without("fixed_effects", 1, "se"), "has no standard error and others have"),
    (put("fixed_effects", 1, "se", -1), "a standard error of -1 is negative"),
    (put("fixed_effects", 1, "sd", 1), "there is no key `sd`"),
    (without("fixed_effects", 1), "leaves out: `Days`"),
    (put("random_effects", []), "there is no term"),
    (put("random_effects", 0, "group", "subject"), "there is no term"),
    (put("random_effects", 0, "terms", ["(Intercept)", "Dayz"]), "there is no term"),
    (put("random_effects", 0, "terms", ["(Intercept)"]), "2 standard deviations for 1 term"),
    (put("random_effects", 0, "sd", [24.7, -5.9]), "a standard deviation of -5.9 is negative"),
    (put("random_effects", 0, "sd", [24.7, NAN]), "not a finite number"),
    (put("random_effects", 0, "sd", "24.7"), "a text, not a list"),
    (put(*RHO, [[1, 2], [2, 1]]), "a correlation of 2 lies outside [-1, 1]"),
    (put(*RHO, [[1, 0.1], [0.2, 1]]), "differ"),
    (put(*RHO, [[1]]), "2 rows of 2 numbers"),
    (put(*RHO, [[1, None], [None, 1]]), "null only beside a standard deviation of 0"),
    (put(*RHO, [[0.5, 0.1], [0.1, 1]]), "with itself is 0.5"),
    (theta({**THETA, "Subject.Days": NAN}), "not a finite number"),
    (theta({"Subject.(Intercept)": 1.0}), "theta has 1 elements"),
    (theta({**THETA, "Subject.x": 1.0}), "theta has 4 elements"),
    (theta({"Subject.(Intercept)": 1.0, "Subject.Days": 0.2, "Subject.D": 0.0}), "there is no"),
    (theta([1.0, 0.0, 0.2]), "a number, not an object"),
    (theta([{"name": "Subject.Days"}]), "`value` is missing"),
    (put("n", 179), "the fit used 179 rows"),
    (put("n", 0), "0 is not a whole number"),
    (put("n", 180.5), "not a whole number"),
    (put("rows_used", list(range(2, 182))), "other rows were used"),
    (put("rows_used", [1, 1]), "a row is listed twice"),
    (put("reml", False), "set `reml` to true"),
    (put("log_likelihood", 2 * 871.8141359795), "This is -2 times the log-likelihood"),
    (put("log_likelihood", 871.8141359795), "This is minus the log-likelihood"),
    (put("reml", "yes"), "not true or false"),
    (put("family", "poison"), "`poison` is not known"),
    (put("family", "poisson"), "Reaction"),
    (put("link", "logit"), "logit"),
    (put("nagq", 9), "exact"),
    (put("weights", "w"), "w"),
    (put("offset", "Days"), "another model or other data"),
    (put("subset", "Days > 3"), "the fit used 180 rows"),
    (put("data", "nowhere.csv"), "nowhere.csv"),
    (put("data", str(SAMPLES / "cbpp.csv")), "Reaction"),
    (without("data"), "does not say of which table"),
    (put("factors", [{"name": "Subj", "levels": ["a"]}]), "there is no column `Subj`"),
    (put("factors", [{"name": "Subject", "levels": ["308"]}]), "not among the listed levels"),
    (put("factors", [{"name": "Subject", "levels": ["308", "308"]}]), "`308` is listed twice"),
    (put("factors", [{"name": "Subject"}]), "`levels` is missing"),
    (put("logicals", ["male"]), "there is no column `male`"),
    (put("contrasts", {"z": []}), "there is no key `z`"),
    (
        put("contrasts", {"fixed": [{"factor": "Subject", "columns": ["1"], "matrix": [[1, 2]]}]}),
        "each row must have 1 number",
    ),
    (put("dropped", ["x"]), "the fit dropped `x`"),
    (put("log_likelihood", -800.0), "this is another model or other data"),
    (put("log_likelihood", "none"), "a text, not a number"),
    (put("messages", "converged"), "a text, not a list"),
    (put("converged", 1), "a number, not true or false"),
    (put("schema_version", "2.0"), "version 2.0 of the format is not known"),
    (put("software", 4), "a number, not an object"),
    (put("software", {"title": "lme4"}), "there is no key `title`"),
    (put("fixedeffects", []), "Did you mean `fixed_effects`?"),
    (put("nb_theta", 0), "0 is not positive"),
]


def judged(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run(["judge", str(path), "--format", "json"])
    caught = capsys.readouterr()
    assert "Traceback" not in caught.err
    return code, caught.err if code == 2 else caught.out


def test_the_file_is_whole_before_it_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(WHOLE), encoding="utf-8")
    code, out = judged(path, capsys)
    assert code == 0
    assert json.loads(out)["verdict"]["status"] == "converged"
    assert len(DAMAGES) > 50


@pytest.mark.parametrize("number", range(len(DAMAGES)))
def test_what_is_wrong_is_said_in_one_sentence(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, says = DAMAGES[number]
    document = copy.deepcopy(WHOLE)
    damage(document)
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    code, err = judged(path, capsys)
    assert code == 2
    assert says in " ".join(err.split())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "this is not JSON"),
        (b"{", "this is not JSON"),
        (b"[]", "a list, not an object"),
        (b"3", "a number, not an object"),
        (b"null", "null, not an object"),
        (b'{"n": 1, "n": 2}', "the key `n` stands twice"),
        (b"\xff\xfe{}", "this is not text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"n": ' + b"9" * 5000 + b"}", "this is not JSON"),
        (b"y,x\n1,2\n", "this is not JSON"),
    ],
)
def test_what_is_no_file_of_a_fit_is_said_to_be_none(
    content: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fit.json"
    path.write_bytes(content)
    code, err = judged(path, capsys)
    assert code == 2
    assert says in " ".join(err.split())


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--ml"], "option --ml"),
        (["--family", "poisson"], "option --family"),
        (["--offset", "Days"], "option --offset"),
        (["--subset", "Days > 2"], "option --subset"),
        (["--contrasts", "Subject=sum"], "option --contrasts"),
        (["--nagq", "3"], "option --nagq"),
    ],
)
def test_an_option_that_contradicts_the_file_is_refused(
    option: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(WHOLE), encoding="utf-8")
    assert run(["judge", str(path), *option]) == 2
    assert says in capsys.readouterr().err
