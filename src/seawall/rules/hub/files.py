"""Which files of a repository run code when they are loaded, as far as names and the hub's own scan tell."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.hub import Form, Kind, form_of, twin_of, unlike_its_name
from seawall.kernel.intake import Intake
from seawall.kernel.rule import rule


@rule("hub/flagged-by-hub", Severity.HIGH)
def flagged_by_hub(intake: Intake) -> Iterator[Evidence]:
    """A file that the hub's own scan calls unsafe is not handed out.

    Why: the hub shows a mark on its page and hands the file out all the same; no library looks at the mark.

    Attack: most of the hundred malicious models of February 2024 (baller423 and others) were marked and
    still downloaded.

    Fix: take another copy of the weights; where the mark is wrong, tell the hub, and waive it with a date.
    """
    repository = intake.repository
    for file in repository.files if repository else ():
        if file.level == "unsafe" and repository:
            yield Evidence(
                f"the hub's own scan calls {file.path} unsafe",
                "do not load it; take another copy of the weights",
                asset=repository.purl,
                path=file.path,
            )


@rule("hub/suspected-by-hub", Severity.MEDIUM)
def suspected_by_hub(intake: Intake) -> Iterator[Evidence]:
    """A file of which the hub's own scan says anything but that it is safe deserves a look.

    Why: the scan knows names that pickles import; one that it does not know may be a new trick.

    Attack: nullifAI (February 2025) was reported as an error of the scan, not as unsafe.

    Fix: read what the hub's page says about the file; take safetensors where there is one.
    """
    repository = intake.repository
    for file in repository.files if repository else ():
        if file.level not in ("", "safe", "unsafe", "unscanned", "queued") and repository:
            yield Evidence(
                f"the hub's own scan says of {file.path}: {file.level[:40]}",
                "read what the hub's page says about it before you load it",
                asset=repository.purl,
                path=file.path,
            )


@rule("hub/runs-code", Severity.MEDIUM)
def runs_code(intake: Intake) -> Iterator[Evidence]:
    """Loading a file of this format in the usual way can run code that is in it.

    Pickles (`.bin`, `.pt`, `.pth`, `.ckpt`, `.pkl`, `.joblib`), Keras files, TensorFlow graphs, archives with
    handlers, programs: by their names. `.npy` and `.npz` are not among them: NumPy loads objects from them
    only when it is told to.

    Why: a pickle is a program for a small machine, and `torch.load` ran it unasked until 2.6.

    Attack: baller423 and about a hundred others (February 2024): `__reduce__` opened a reverse shell. Keras
    Lambda layers did the same in 2024 and 2025 (CVE-2024-3660, CVE-2025-1550).

    Fix: take the same weights in safetensors; else load with `weights_only=True`, in a place without
    credentials.
    """
    repository = intake.repository
    if repository is None:
        return
    for file in repository.files:
        form, why = form_of(file.path)
        if form is Form.RUNS:
            yield Evidence(
                f"{file.path} is {why}",
                "take the same weights in safetensors, or load it with weights_only=True",
                asset=repository.purl,
                path=file.path,
            )


@rule("hub/safer-copy", Severity.LOW, signal=True)
def safer_copy(intake: Intake) -> Iterator[Evidence]:
    """Beside a file that can run code lie the same weights in safetensors, as far as names tell.

    Why: nobody needs the pickle then, and whoever takes it only takes a risk.

    Attack: of the malicious models of February 2024 (baller423 and others) the pickles were what ran; the
    libraries take safetensors first where there is one, so an attacker leaves it out or breaks it.

    Fix: leave the pickle out: `ignore_patterns=["*.bin"]`, or `use_safetensors=True`.
    """
    repository = intake.repository
    if repository is None:
        return
    paths = frozenset(file.path for file in repository.files)
    for file in repository.files:
        twin = twin_of(file.path, paths) if form_of(file.path)[0] is Form.RUNS else ""
        if twin:
            yield Evidence(
                f"{twin} holds the same weights as {file.path}, and runs nothing",
                f"take {twin}",
                asset=repository.purl,
                path=file.path,
            )


@rule("hub/remote-code", Severity.MEDIUM)
def remote_code(intake: Intake) -> Iterator[Evidence]:
    """Whoever uses this repository as its owner meant it runs Python that lies in it.

    Custom classes that a configuration names (`auto_map`), modules beside the weights, pipelines, loading
    scripts of datasets.

    Why: `trust_remote_code=True` runs whatever the branch holds at that moment, with all rights of the
    server.

    Attack: Open-OSS/privacy-filter (May 2026) brought a loader.py that fetched a stealer; in 2026
    configurations made transformers import code of other repositories with `trust_remote_code=False`
    (CVE-2026-4372).

    Fix: read the code, and ask for the commit that you read; or take a copy that needs none.
    """
    repository = intake.repository
    if repository is None or repository.kind is Kind.SPACE:
        return
    for name in repository.code:
        yield Evidence(
            f"{repository.title} names Python of its own for {name}",
            "read it, and ask for the commit that you read",
            asset=repository.purl,
            path="config.json",
            subject=name,
        )
    for file in repository.files:
        for named in file.code:
            unasked = named.startswith("!")
            yield Evidence(
                f"{file.path} makes its reader run Python: {named.removeprefix('!')}",
                "do not load it" if unasked else "read it, and ask for the commit that you read",
                asset=repository.purl,
                path=file.path,
                severity=Severity.HIGH if unasked else None,
                subject=named,
            )
        if form_of(file.path)[0] is Form.CODE:
            yield Evidence(
                f"{file.path} is code that comes with the {repository.kind}",
                "read it, and ask for the commit that you read",
                asset=repository.purl,
                path=file.path,
            )


@rule("hub/not-what-it-says", Severity.HIGH)
def not_what_it_says(intake: Intake) -> Iterator[Evidence]:
    """A file of weights begins as files of its kind begin.

    Why: a scanner goes by the name or gives up on what it does not know; a loader goes by the bytes.

    Attack: nullifAI (February 2025) packed models with 7z under names of PyTorch files: the hub's scan
    failed, and the pickle at their beginning ran.

    Fix: do not load it; ask its owner what it is, and take another copy.
    """
    repository = intake.repository
    for file in repository.files if repository else ():
        what = unlike_its_name(file.path, file.begins)
        if what and repository:
            yield Evidence(
                f"{file.path} is {what}, whatever its name says",
                "do not load it; take another copy",
                asset=repository.purl,
                path=file.path,
            )
