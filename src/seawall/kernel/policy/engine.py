"""A policy answers a question only when it has proven the answer; every error on the way is a denial.

A `forbid` without `@outcome("warn")` denies; where none does and no `permit` holds, the answer is
`incomplete` if something was not checked, else a denial. Only for what is permitted do the statements with
`@outcome("warn")` count.

Cedar skips a statement whose evaluation fails and may so answer "allow" with an error on the side; here any
such error, and any request that does not fit the schema, denies with `policy/evaluation-error`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, Protocol

import cedarpy

from seawall.kernel.decision import DecidedBy, Decision, Outcome
from seawall.kernel.errors import PolicyError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.settings import Settings

from .carried import INTAKE, Carried, Realm, parsed
from .facts import FACT_NAMES, Facts, Principal, Question, Resource, document, gather, package
from .loading import LOAD, LOADED_NAMES, TRAIN
from .statements import Statement, line_of, statements

EVALUATION_ERROR = "policy/evaluation-error"
NOT_CHECKED = "policy/not-checked"
NOT_PERMITTED = "policy/not-permitted"

BUILT_IN: Mapping[str, str] = {
    EVALUATION_ERROR: "The policy could not be evaluated, so nothing is allowed.",
    NOT_CHECKED: "Something that has to be checked was not checked, so nothing is known.",
    NOT_PERMITTED: "Nothing in the policy allows this.",
}
"""The answers that no policy text gives: their ids and what they mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy that was parsed once and fits the schema.

    `digest` is `sha256:<hex>` of its text and the schema's. `names_resources` and `names_principals`: some
    statement looks at who or what exactly is asked about, so answers hold for that one only.
    """

    name: str
    statements: tuple[Statement, ...]
    digest: str
    names_resources: bool
    names_principals: bool
    _schema: Any
    _every: Any
    _schema_text: str

    def asks(self, action: str) -> tuple[str, ...]:
        """The facts that some statement about this action looks at, in the order of the schema."""
        names = LOADED_NAMES if action in (LOAD, TRAIN) else FACT_NAMES
        parts = [item.asks for item in self.statements if item.is_about(action)]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return names
        return tuple(name for name in names if any(name in part for part in known))


class Told(Protocol):
    """The facts of one question (`Facts`, `Loaded`)."""

    def context(self) -> dict[str, object]:
        """As Cedar takes them, every attribute there."""
        ...

    def missing(self) -> tuple[str, ...]:
        """The names of what was not checked, in words."""
        ...


class Asks(Protocol):
    """May this principal do this to that, given these facts? (`Question`, `LoadQuestion`.)"""

    @property
    def facts(self) -> Told:
        """What is known."""
        ...

    @property
    def action(self) -> str:
        """What would be done."""
        ...

    @property
    def resource(self) -> Resource:
        """To what."""
        ...

    @property
    def principal(self) -> Principal:
        """By whom."""
        ...

    @property
    def unchecked(self) -> tuple[Skipped, ...]:
        """Why facts are missing."""
        ...


def load_policy(name: str, text: str, schema_text: str) -> Policy:
    """`text` parsed and held against the schema. `name` is its file, for messages.

    Raises PolicyError (`name:line: what`) when it is empty, permits nothing, cannot be parsed, or asks about
    something that the schema does not have.
    """
    try:
        schema = cedarpy.Schema.from_str(schema_text)
    except ValueError as error:
        raise PolicyError(f"the schema cannot be read: {error}", "install Seawall again") from None
    found = statements(name, text)
    if not found:
        raise PolicyError(f"{name}: the policy is empty", "an empty policy decides nothing; name another one")
    _hold_against(name, found, schema)
    if not any(item.outcome is Outcome.ALLOW for item in found):
        raise PolicyError(
            f"{name}: the policy allows nothing, it has no permit",
            "add a permit with the conditions that have to be proven, as in the shipped policies",
        )
    return Policy(
        name=name,
        statements=found,
        digest="sha256:" + hashlib.sha256(f"{text}\0{schema_text}".encode()).hexdigest(),
        names_resources=any(item.names_resource for item in found),
        names_principals=any(item.names_principal for item in found),
        _schema=schema,
        _every=parsed(found),
        _schema_text=schema_text,
    )


def _hold_against(name: str, found: Sequence[Statement], schema: cedarpy.Schema) -> None:
    for item in found:
        result = cedarpy.validate_policies(item.text, schema)
        if not result.validation_passed:
            said = str(result.errors[0].error) if result.errors else "it does not fit the schema"
            what = said.removeprefix("for policy `policy0`, ").removeprefix("for policy `policy0`: ")
            raise PolicyError(
                f"{name}:{line_of(item, what)}: {item.id}: {what}",
                'say which action it is about, as in action == Action::"keep"; what can be asked there'
                " stands in `seawall policy explain --facts`",
            )


def decide(policy: Policy, question: Asks) -> Decision:
    """The policy's answer to one question."""
    return decide_all(policy, (question,))[0]


def decide_all(
    policy: Policy, questions: Sequence[Asks], known: MutableMapping[Hashable, Decision] | None = None
) -> tuple[Decision, ...]:
    """The policy's answers in the order of the questions.

    Questions that differ only in what the policy does not look at are evaluated once. `known` holds what was
    evaluated before with this very policy, and is added to; whoever gives it bounds it.
    """
    keys = [told_apart(policy, question) for question in questions]
    answers: MutableMapping[Hashable, Decision] = {} if known is None else known
    distinct = {k: q for k, q in zip(keys, questions, strict=True) if k not in answers}
    mine = {key: answers[key] for key in keys if key not in distinct}
    mine.update(zip(distinct, _answers(policy, tuple(distinct.values())), strict=True))
    answers.update(mine)
    return tuple(_explained(mine[key], question) for key, question in zip(keys, questions, strict=True))


def seen_by_policy(policy: Policy, question: Asks) -> str:
    """`sha256:<hex>` over the facts that the policy looks at, as canonical JSON."""
    context = question.facts.context()
    looked_at = {name: context[name] for name in policy.asks(question.action)}
    text = json.dumps([question.action, looked_at], sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=64)
def _getter(policy: Policy, action: str) -> Callable[[Any], object]:
    """What the policy looks at, read off the facts at once."""
    asked = policy.asks(action)
    return attrgetter(*asked) if asked else lambda _: ()


def told_apart(policy: Policy, question: Asks) -> Hashable:
    """Everything that the answer can depend on."""
    return (
        question.action,
        _getter(policy, question.action)(question.facts),
        question.resource if policy.names_resources else question.resource.kind,
        question.principal if policy.names_principals else question.principal.kind,
    )


@lru_cache(maxsize=64)
def _whole(policy: Policy) -> Realm:
    try:
        nobody = cedarpy.Entities.from_json_str("[]", policy._schema)
    except Exception:  # what cannot be evaluated ends in a denial, when it is asked
        nobody = None
    return Realm(policy._schema, policy._every, nobody)


@lru_cache(maxsize=256)
def _carried(policy: Policy, action: str) -> Carried | None:
    """What requests about the action carry; None where they carry every fact."""
    asked = policy.asks(action)
    mine = [item for item in policy.statements if item.is_about(action)]
    if action not in INTAKE or len(asked) == len(FACT_NAMES) or not mine:
        return None
    try:
        return Carried(action, mine, asked, policy._schema_text)
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=512)
def _realm(policy: Policy, action: str, rare: bool) -> Realm | None:
    """Where the statements do not fit what would be carried, nothing is left out."""
    carried = _carried(policy, action)
    try:
        return carried.realm(rare) if carried else None
    except (ValueError, RecursionError):
        return None


def _placed(policy: Policy, question: Asks) -> tuple[Realm, dict[str, object]]:
    """With what a question is evaluated, and as which request."""
    carried = _carried(policy, question.action)
    if carried is not None and isinstance(question.facts, Facts):
        rare, context = carried.context(question.facts)
        realm = _realm(policy, question.action, rare)
        if realm is not None:
            return realm, _request(question, context)
    return _whole(policy), _request(question)


def _answers(policy: Policy, questions: Sequence[Asks]) -> list[Decision]:
    placed = [_placed(policy, question) for question in questions]
    entities = _entities(policy, questions)
    store = json.dumps(entities) if entities else ""
    found: dict[int, Decision] = {}
    for realm in {id(realm): realm for realm, _ in placed}.values():
        mine = [at for at, (its, _) in enumerate(placed) if its is realm]
        results = _evaluate(realm, [placed[at][1] for at in mine], store)
        found.update((at, _answer(policy, result)) for at, result in zip(mine, results, strict=True))
    return [found[at] for at in range(len(placed))]


def _request(question: Asks, context: dict[str, object] | None = None) -> dict[str, object]:
    """The request about a question, with every fact unless another context is given."""
    return {
        "principal": {"type": question.principal.kind, "id": _writable(question.principal.id)},
        "action": {"type": "Action", "id": question.action},
        "resource": {"type": question.resource.kind, "id": _writable(question.resource.id)},
        "context": question.facts.context() if context is None else context,
    }


def _writable(text: str) -> str:
    """File names may hold bytes that are no text; two of them may then look alike here."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _entities(policy: Policy, questions: Iterable[Asks]) -> list[dict[str, object]]:
    found: dict[tuple[str, str], dict[str, object]] = {}
    for question in questions:
        if policy.names_resources:
            _add(found, question.resource.kind, question.resource.id, dict(question.resource.attributes))
        if policy.names_principals:
            teams = question.principal.teams
            _add(found, question.principal.kind, question.principal.id, {}, teams)
            for team in teams:
                _add(found, "Team", team, {})
    return list(found.values())


def _add(
    found: dict[tuple[str, str], dict[str, object]],
    kind: str,
    id: str,
    attributes: Mapping[str, str],
    teams: Iterable[str] = (),
) -> None:
    found[(kind, _writable(id))] = {
        "uid": {"type": kind, "id": _writable(id)},
        "attrs": {name: _writable(value) for name, value in attributes.items()},
        "parents": [{"type": "Team", "id": _writable(team)} for team in teams],
    }


def answers_to(
    policy: Policy, requests: Sequence[Mapping[str, object]], entities: Sequence[Mapping[str, object]] = ()
) -> list[Decision]:
    """The answers to raw requests (principal, action, resource, context), each held against the schema.

    Never raises and never allows what could not be evaluated: such a request is denied.
    """
    store = json.dumps(list(entities)) if entities else ""
    return [_answer(policy, result) for result in _evaluate(_whole(policy), requests, store)]


def _evaluate(realm: Realm, requests: Sequence[Any], store: str) -> list[Any]:
    """One result per request, None where not even an error came back."""
    if not requests:
        return []
    try:
        entities = cedarpy.Entities.from_json_str(store, realm.schema) if store else realm.nobody
        return list(cedarpy.is_authorized_batch(list(requests), realm.statements, entities, realm.schema))
    except Exception:  # whatever the engine cannot take must end in a denial, not in a crash or a pass
        if len(requests) == 1:
            return [None]
    # One bad request must not decide about its neighbours.
    return [result for one in requests for result in _evaluate(realm, (one,), store)]


_UNEVALUATED = Decision(Outcome.DENY, (DecidedBy(EVALUATION_ERROR, BUILT_IN[EVALUATION_ERROR]),))


def _failed(result: Any) -> bool:
    return result is None or result.decision.value not in ("Allow", "Deny") or bool(result.diagnostics.errors)


def _answer(policy: Policy, result: Any) -> Decision:
    """What all statements say together: a denial before anything, a warning only of what is permitted."""
    found = _reasons(policy, result)
    denied = _by(_with(found, Outcome.DENY))
    if _failed(result):
        return Decision(Outcome.DENY, (*denied, *_UNEVALUATED.decided_by))
    if denied:
        return Decision(Outcome.DENY, denied)
    permits, warnings = _with(found, Outcome.ALLOW), _with(found, Outcome.WARN)
    if result.decision.value != "Allow" or not permits:
        return Decision(Outcome.DENY, (DecidedBy(NOT_PERMITTED, BUILT_IN[NOT_PERMITTED]),))
    if warnings:
        return Decision(Outcome.WARN, _by(warnings))
    return Decision(Outcome.ALLOW, _by(permits))


def _with(found: tuple[Statement, ...], outcome: Outcome) -> tuple[Statement, ...]:
    return tuple(item for item in found if item.outcome is outcome)


def _by(found: tuple[Statement, ...]) -> tuple[DecidedBy, ...]:
    return tuple(DecidedBy(item.id, item.advice) for item in found)


def _reasons(policy: Policy, result: Any) -> tuple[Statement, ...]:
    """The statements that decided, in the order in which they stand in the policy."""
    if result is None:
        return ()
    ids = {str(name).strip() for name in result.diagnostics.id_annotations_by_reason.values()}
    return tuple(item for item in policy.statements if item.id in ids)


def _explained(answer: Decision, question: Asks) -> Decision:
    """An answer that only lacks data says which; it is `incomplete`, not a denial."""
    missing = question.facts.missing()
    if not missing or answer.decided_by[:1] != (DecidedBy(NOT_PERMITTED, BUILT_IN[NOT_PERMITTED]),):
        return answer
    return not_checked(question.unchecked or tuple(Skipped(name, "", required=True) for name in missing))


def not_checked(unchecked: Sequence[Skipped]) -> Decision:
    """`incomplete`, with one sentence that names every check that did not run, and why."""
    named = dict.fromkeys(item.check + (f" ({item.reason})" if item.reason else "") for item in unchecked)
    ways = dict.fromkeys(item.advice for item in unchecked if item.advice)
    sentence = f"Not checked: {'; '.join(named)}." + (f" Run: {'; '.join(ways)}" if ways else "")
    return Decision(Outcome.INCOMPLETE, (DecidedBy(NOT_CHECKED, sentence),))


def outcome_of_finding(policy: Policy, finding: Finding, settings: Settings) -> Decision:
    """What policy would say if this finding were all there is and everything was checked.

    Signals are mostly nothing alone.
    """
    resource = package(finding.asset) if finding.asset else document(finding.path)
    return decide(policy, Question(gather((finding,), settings), resource=resource))
