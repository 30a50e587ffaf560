"""What expressions refer to: contexts in any case, both kinds of index, and nothing that stands in quotes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.reach.expressions import NO_REFERENCES, References, condition_references, references


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("${{ secrets.A }}", {"A"}),
        ("${{secrets.A}}", {"A"}),
        ("x ${{ secrets.A }} y ${{ Secrets.b-C_1 }}", {"A", "b-C_1"}),
        ("${{ secrets['A'] }}", {"A"}),
        ("${{ SECRETS [ 'A' ] }}", {"A"}),
        ("${{ secrets . A }}", {"A"}),
        ("${{ secrets['it''s'] }}", {"it's"}),
        ("${{ secrets.A || secrets.B && !secrets.C }}", {"A", "B", "C"}),
        ("${{ format('{0}}}', secrets.A) }}${{ secrets.B }}", {"A", "B"}),
        ("${{ inputs.x == 'secrets.NO' && secrets.YES || '' }}", {"YES"}),
        ("${{ steps.secrets.outputs.a }}", set()),
        ("${{ 'a }} secrets.NO' }}", set()),
        ("secrets.NO", set()),
        ("$ {{ secrets.NO }}", set()),
        ("${{ secrets.A", {"A"}),
        ("${{ 'not closed ${{ secrets.A }}", {"A"}),
        ("${{ my-secrets.A }}", set()),
        ("${{ secrets.A }}\n${{\n  secrets.B\n}}", {"A", "B"}),
        ("${{ fromJSON(secrets.A).token }}", {"A"}),
    ],
)
def test_secrets_by_name(text: str, secrets: set[str]) -> None:
    found = references(text)
    assert found.secrets == secrets
    assert not found.every
    assert not found.github_token


@pytest.mark.parametrize(
    "text",
    [
        "${{ toJSON(secrets) }}",
        "${{ ToJson( SECRETS ) }}",
        "${{ secrets[matrix.name] }}",
        "${{ secrets[format('A_{0}', inputs.x)] }}",
        "${{ secrets.* }}",
        "${{ secrets[*] }}",
        "${{ secrets }}",
        "${{ contains(secrets, 'x') }}",
        "${{ secrets['A' ",
    ],
)
def test_every_secret(text: str) -> None:
    assert references(text).every


def test_a_computed_index_still_shows_what_it_is_made_of() -> None:
    found = references("${{ secrets[format('{0}_{1}', matrix.os, secrets.SALT)] }}")
    assert found.every
    assert found.matrix == {"os"}
    assert found.secrets == {"SALT"}


@pytest.mark.parametrize(
    "text",
    [
        "${{ github.token }}", "${{ GitHub['Token'] }}", "${{ secrets.GITHUB_TOKEN }}",
        "${{ secrets['github_token'] }}", "${{ toJSON(github) }}", "${{ github[inputs.key] }}",
    ],
)  # fmt: skip
def test_the_token_under_all_its_names(text: str) -> None:
    found = references(text)
    assert found.github_token
    assert not found.secrets
    assert not found.every


@pytest.mark.parametrize("text", ["${{ github.token_id }}", "${{ github.event.token }}", "${{ github.ref }}"])
def test_what_is_not_the_token(text: str) -> None:
    assert not references(text).github_token


def test_the_other_contexts() -> None:
    text = "${{ env.A }}${{ inputs.b }}${{ needs.build.outputs.c }}${{ matrix.d.e }}${{ steps.f.outputs.g }}"
    assert references(text) == References(
        env=frozenset("A"),
        inputs=frozenset("b"),
        needs=frozenset(("build",)),
        matrix=frozenset("d"),
        steps=frozenset("f"),
    )
    assert references("${{ toJSON(env) }}").env == {"*"}
    assert references("${{ needs.*.result }}").needs == {"*"}
    assert references("${{ github.event.inputs.x }}").inputs == {"x"}
    assert references("${{ toJSON(github.event.inputs) }}").inputs == {"*"}


def test_functions_are_not_contexts() -> None:
    assert references("${{ secrets('A') }}") == NO_REFERENCES


def test_conditions_need_no_braces() -> None:
    assert condition_references("secrets.A != '' && env.B").secrets == {"A"}
    assert condition_references("${{ secrets.A }} == 'x'").secrets == {"A"}
    assert condition_references("github.ref == 'refs/heads/secrets.A'") == NO_REFERENCES
    assert condition_references("always()") == NO_REFERENCES


_PARTS = [
    "${{",
    "}}",
    "secrets",
    ".",
    "[",
    "]",
    "'",
    "''",
    "A",
    "*",
    "(",
    ")",
    "toJSON",
    " ",
    "\n",
    "github",
    "é",
]


@given(st.lists(st.sampled_from(_PARTS), max_size=40).map("".join))
def test_any_text_is_read(text: str) -> None:
    found = references(text)
    assert found.secrets <= set(_words(text))
    assert "${{" in text or found == NO_REFERENCES


def _words(text: str) -> set[str]:
    return {text[i:j] for i in range(len(text)) for j in range(i, len(text) + 1)} | {
        text[i:j].replace("''", "'") for i in range(len(text)) for j in range(i, len(text) + 1)
    }


@pytest.mark.parametrize("part", ["'", "${{ '", "secrets[", "${{ secrets.A ", "${{", "a.", "''' "])
def test_time_grows_with_the_text_only(part: str) -> None:
    text = "${{ " + part * (200_000 // len(part))
    began = time.process_time()
    references(text)
    assert time.process_time() - began < 5
