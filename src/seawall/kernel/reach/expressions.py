"""What GitHub expressions refer to is read with their own grammar: text in quotes refers to nothing.

Contexts know no case, `secrets['X']` is `secrets.X`, and an index that is computed may be any. What GitHub
would refuse is still looked through: rather a reference too many than one unseen.
Source: GitHub's documentation of expressions and contexts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"'(?P<string>(?:[^']|'')*)'|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<end>\}\})"
    r"|(?P<number>[0-9][0-9A-Za-z.]*)|(?P<mark>[^\s])|\s+"
)
_CONTEXTS = frozenset(("secrets", "github", "env", "inputs", "needs", "matrix", "steps"))
_TOKEN_NAME = "github_token"  # noqa: S105  a name
WHOLE = "*"


@dataclass(frozen=True, slots=True)
class References:
    """What a text refers to. Names as written; `*` in a set is that whole context (`toJSON(env)`).

    `secrets` are without `GITHUB_TOKEN`, which is `github_token` under any of its names, the whole `github`
    context too. `every`: all secrets at once, or one whose name is computed. `inputs` are also those of
    `github.event.inputs`. `needs` and `steps` are ids of jobs and steps. `tested` are those of `secrets` that
    are only compared with something: what comes out is true, false or something else, never the secret.
    """

    secrets: frozenset[str] = frozenset()
    every: bool = False
    github_token: bool = False
    env: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    matrix: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    tested: frozenset[str] = frozenset()


NO_REFERENCES = References()

_Token = tuple[str, str]


def references(text: str) -> References:
    """What the expressions `${{ … }}` in a text refer to."""
    if "${{" not in text:
        return NO_REFERENCES
    return _referred(expressions(text))


def condition_references(text: str) -> References:
    """The same for an `if`, which is an expression with or without `${{ }}` around it."""
    return references(text) if "${{" in text else _referred((tuple(_tokens(text, 0)),))


def expressions(text: str) -> Iterator[Sequence[_Token]]:
    """The tokens of each `${{ … }}`, as (kind, text); one that is not closed ends with the text."""
    start = text.find("${{")
    while start >= 0:
        tokens = list(_tokens(text, start + 3))
        end = int(tokens.pop()[1]) if tokens and tokens[-1][0] == "end" else len(text)
        yield tokens
        start = text.find("${{", end)


def _tokens(text: str, start: int) -> Iterator[_Token]:
    """Tokens up to the closing braces; the last is ("end", position behind them) when there are any."""
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup
        if kind == "end":
            yield "end", str(match.end())
            return
        if kind is not None:
            found = match[kind]
            yield kind, found.replace("''", "'") if kind == "string" else found


def _referred(all_tokens: Iterator[Sequence[_Token]] | tuple[Sequence[_Token], ...]) -> References:
    found: dict[str, set[str]] = {context: set() for context in _CONTEXTS}
    valued: set[str] = set()
    every = token = False
    for tokens in all_tokens:
        for context, path in _paths(tokens):
            first = path[0] if path else WHOLE
            if context == "github":
                token |= first == WHOLE or first.lower() == "token"
                if [part.lower() for part in path[:2]] == ["event", "inputs"]:
                    found["inputs"].add(path[2] if len(path) > 2 else WHOLE)
            elif context == "secrets" and first == WHOLE:
                every = True
            elif context == "secrets" and first.lower() == _TOKEN_NAME:
                token = True
            else:
                found[context].add(first)
        if found["secrets"]:
            valued.update(
                path[0] for context, path in _paths(_valued(tokens)) if context == "secrets" and path
            )
    return References(
        secrets=frozenset(found["secrets"]),
        every=every,
        github_token=token,
        env=frozenset(found["env"]),
        inputs=frozenset(found["inputs"]),
        needs=frozenset(found["needs"]),
        matrix=frozenset(found["matrix"]),
        steps=frozenset(found["steps"]),
        tested=frozenset(found["secrets"] - valued),
    )


_COMPARES = frozenset("=!<>")
_ASKS = frozenset(("contains", "startswith", "endswith", "success", "failure", "cancelled", "always"))
"""Functions that answer yes or no."""


def _valued(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """The tokens whose value can be what the expression becomes: those of `a == b`, `!a` cannot.

    `a && b || c` becomes b or c, or an a that is empty; what stands in parentheses is looked at as a whole.
    """
    kept: list[_Token] = []
    operand: list[_Token] = []
    depth, compared = 0, False
    for token in (*tokens, ("mark", "|")):
        kind, text = token
        mark = text if kind == "mark" else ""
        depth += (mark in ("(", "[")) - (mark in (")", "]"))
        if depth == 0 and mark in ("&", "|"):
            if operand and mark == "|" and not compared and operand[0][1].lower() not in _ASKS:
                kept += [*operand, token]
            operand, compared = [], False
            continue
        compared |= depth == 0 and mark in _COMPARES
        operand.append(token)
    return kept


def _paths(tokens: Sequence[_Token]) -> Iterator[tuple[str, list[str]]]:
    """(context, names behind it) of every use of a context; `*` stands for what is not one fixed name."""
    for place, (kind, text) in enumerate(tokens):
        if kind != "name" or text.lower() not in _CONTEXTS:
            continue
        if place and tokens[place - 1] == ("mark", "."):
            continue
        if _at(tokens, place + 1) != ("mark", "("):
            yield text.lower(), _path(tokens, place + 1)


def _path(tokens: Sequence[_Token], place: int) -> list[str]:
    path: list[str] = []
    while True:
        mark, (kind, text) = _at(tokens, place), _at(tokens, place + 1)
        if mark == ("mark", "."):
            fixed = kind in ("name", "number")
            step = 2
        elif mark == ("mark", "["):
            fixed = kind == "string" and _at(tokens, place + 2) == ("mark", "]")
            step = 3
        else:
            return path
        path.append(text if fixed else WHOLE)
        if not fixed:
            return path
        place += step


def _at(tokens: Sequence[_Token], place: int) -> _Token:
    return tokens[place] if place < len(tokens) else ("", "")
