"""What a registry says about one release, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from seawall.kernel.release import NewDependency, ReleaseFacts

from .plain import neutral


def lines(facts: ReleaseFacts, now: datetime) -> Iterator[str]:
    """The facts as sentences, two spaces in, and what is not known."""
    yield f"  {facts.source or 'the registry'} says:"
    if facts.published:
        yield f"    published {_when(facts.published, now)}"
    elif facts.digests:
        yield "    it does not say when this was published"
    if facts.published_by:
        yield f"    published by {neutral(_who(facts))}"
    if facts.first_release:
        yield f"    the name first appeared {_when(facts.first_release, now)}"
    if facts.yanked is not None:
        yield f"    taken back by its maintainers: {neutral(facts.yanked)}"
    if facts.install_script:
        yield "    runs code while it is installed"
    if facts.previous:
        yield from _compared(facts, now)


def _who(facts: ReleaseFacts) -> str:
    """The name under which a list of publishers has it, and whether it is known here."""
    pipeline = "" if facts.publisher else "the pipeline "
    known = ""
    if facts.publisher_known:
        known = ", as settled releases before it were"
    elif facts.publisher_known is False and facts.previous:
        known = ", as no settled release before it was"
    return f"{pipeline}{facts.published_by}{known}"


def _compared(facts: ReleaseFacts, now: datetime) -> Iterator[str]:
    news = []
    if facts.install_script and facts.install_script_before is False:
        news.append("runs code while it is installed, which that one did not")
    if facts.provenance is False and facts.provenance_before:
        news.append("has no attestation, which that one had")
    if facts.publisher and facts.publishers_before and facts.publisher not in facts.publishers_before:
        news.append(f"published by {facts.publisher}, who never did before")
    news += [_needs(item, now) for item in (facts.new_dependencies or ())[:10]]
    yield f"    compared with {neutral(facts.previous or '')}:"
    for text in news or ["nothing that is known is new"]:
        yield f"      {neutral(text)}"
    unknown = [
        word
        for word, value in (
            ("install scripts", facts.install_script_before),
            ("attestations", facts.provenance_before),
            ("publishers", facts.publishers_before),
            ("new dependencies", facts.new_dependencies),
        )
        if value is None
    ]
    if unknown:
        yield f"      not known: {', '.join(unknown)}"


def _needs(item: NewDependency, now: datetime) -> str:
    first = f", which first appeared {_when(item.first_release, now)}" if item.first_release else ""
    return f"newly needs {item.name}{first}"


def _when(then: datetime, now: datetime) -> str:
    age = max(now - then, timedelta(0))
    ago = f"{age.days} days" if age.days >= 2 else f"{int(age / timedelta(hours=1))} hours"
    return f"{then:%Y-%m-%d %H:%M} UTC ({ago} ago)"


def document(facts: ReleaseFacts) -> dict[str, object]:
    """The facts as JSON values; null is not known."""
    new = facts.new_dependencies
    return {
        "source": facts.source,
        "published": _text(facts.published),
        "first_release": _text(facts.first_release),
        "previous": facts.previous,
        "install_script": facts.install_script,
        "install_script_before": facts.install_script_before,
        "new_dependencies": new
        if new is None
        else [
            {"name": item.name, "spec": item.spec, "first_release": _text(item.first_release)} for item in new
        ],
        "provenance": facts.provenance,
        "provenance_before": facts.provenance_before,
        "publisher": facts.publisher,
        "publishers_before": facts.publishers_before,
        "pipeline": facts.pipeline,
        "publisher_known": facts.publisher_known,
        "yanked": facts.yanked,
        "digests": list(facts.digests),
    }


def _text(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else None
