"""Texts that the legs of a matrix make, and what is run in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import job, said

from seawall.kernel.pipeline import Job
from seawall.kernel.reach.matrix import texts_of

DIGEST = "sha256:" + "ab" * 32
AXIS = (("image", ("debian:12", "debian:13")),)
ONLY = (("include", ("{os: linux, image: debian:12}", "{os: mac}")),)
BOTH = (("os", ("a",)), ("include", ("{os: a, image: debian:12}",)))
ALL = (("include", ("{image: debian:12}", "{image: debian:12, os: x}")),)
INNER = (("job", ("{os: x, image: debian:12}", "{os: y, image: debian:13}")),)


@pytest.mark.parametrize(
    ("text", "matrix", "made"),
    [
        ("debian:12", AXIS, [("debian:12", "")]),
        (
            "${{ matrix.image }}", AXIS,
            [("debian:12", "where matrix.image is debian:12"), ("debian:13", "where matrix.image is debian:13")],
        ),
        ("${{ matrix.image }}", ONLY, [("debian:12", "where matrix.image is debian:12")]),
        ("${{ matrix.image }}", BOTH, [("debian:12", "where matrix.image is debian:12")]),
        ("${{ matrix.image }}", ALL, [("debian:12", "")]),
        ("x/${{matrix.image}}", ALL, [("x/debian:12", "")]),
        (
            "${{ matrix.job.image }}", INNER,
            [("debian:12", "where matrix.job.image is debian:12"), ("debian:13", "where matrix.job.image is debian:13")],
        ),
        ("${{ matrix.image }}", (), [("${{ matrix.image }}", "")]),
        ("${{ matrix.image }}", (("", ("${{ fromJSON(x) }}",)),), [("${{ matrix.image }}", "")]),
        ("${{ matrix.image }}", (("image", ("${{ inputs.x }}",)),), [("${{ matrix.image }}", "")]),
        ("${{ inputs.image }}", AXIS, [("${{ inputs.image }}", "")]),
    ],
)  # fmt: skip
def test_texts(
    text: str, matrix: tuple[tuple[str, tuple[str, ...]], ...], made: list[tuple[str, str]]
) -> None:
    assert list(texts_of(text, Job("j", 1, matrix=matrix))) == made


def test_too_many_legs_stay_one_text() -> None:
    values = tuple(str(number) for number in range(30))
    assert texts_of("${{ matrix.a }}", Job("j", 1, matrix=(("a", values),))) == (("${{ matrix.a }}", ""),)


def test_the_image_of_a_leg_is_pinned_as_the_leg_names_it(tmp_path: Path) -> None:
    more = f"""
        strategy:
          matrix:
            include:
              - {{os: linux, box: "debian@{DIGEST}"}}
              - {{os: mac}}
        container: ${{{{ matrix.box }}}}
        """
    reach = job(tmp_path, '- run: ./x\n  env: {KEY: "${{ secrets.KEY }}"}', more)
    (code,) = [code for _, code in reach.codes if code.kind == "image"]
    assert (code.name, str(code.pin)) == ("debian", "sha")
    assert said(reach, "debian", "KEY") == ("R1 R4", "conditional")


def test_an_image_that_an_action_is_given_by_the_matrix(tmp_path: Path) -> None:
    steps = """
        - uses: addnab/docker-run-action@v3
          with: {image: "${{ matrix.s.box }}", run: make}
        """
    more = f"strategy: {{matrix: {{s: [{{box: a/b:1.2}}, {{box: 'c@{DIGEST}'}}]}}}}\n"
    found = {code.name: str(code.pin) for _, code in job(tmp_path, steps, more).codes if code.kind == "image"}
    assert found == {"a/b": "tag", "c": "sha"}
