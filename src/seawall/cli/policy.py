"""`seawall policy`: is it sound, does it answer as expected, what does it do, what would it have done?"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Command, Streams

if TYPE_CHECKING:
    from seawall.kernel.decision import Decision
    from seawall.kernel.finding import Finding
    from seawall.kernel.policy.engine import Policy
    from seawall.kernel.policy.statements import Statement
    from seawall.readers.settings.policy_cases import CasesFile

SCHEMA = "seawall/policy/1"


def _arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "do",
        choices=("check", "test", "explain", "backtest"),
        help="check: can it be used? test: does it answer as its tests expect? explain: what does it do? "
        "backtest: what would it have made of the attacks of the past?",
    )
    add(
        "what",
        nargs="*",
        metavar="WHAT",
        help="check: policy files (default: the shipped ones); test: files or directories of tests; "
        "explain: a shipped name or a policy file (default: default)",
    )
    add(
        "--policy",
        default="",
        metavar="NAME|FILE",
        help="test: this policy instead of the one tests name; "
        "backtest: the policy to try (default: default)",
    )
    add("--scenarios", type=Path, metavar="DIR", help="backtest: these scenarios instead of the shipped ones")
    add(
        "--finding",
        action="append",
        default=[],
        metavar="RULE[:SEVERITY]",
        help="explain: what it says when this was found; repeatable, and then for all of them together",
    )
    add("--facts", action="store_true", help="explain: show everything that a policy may ask about")
    add("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")


def _run(arguments: Namespace, streams: Streams) -> int:
    doing = {"check": _check, "test": _test, "explain": _explain, "backtest": _backtest}
    return doing[arguments.do](arguments, streams)


def _answer(arguments: Namespace, streams: Streams, values: dict[str, object], lines: Sequence[str]) -> None:
    from seawall.reports.plain import neutral

    as_json = json.dumps({"schema": SCHEMA, **values}, indent=1)
    streams.result(as_json if arguments.format == "json" else "\n".join(map(neutral, lines)))


def _check(arguments: Namespace, streams: Streams) -> int:
    from seawall.decide import chosen_policy
    from seawall.kernel.errors import PolicyError
    from seawall.kernel.settings import POLICY_STRICTNESS

    rows: list[dict[str, object]] = []
    lines = []
    for name in arguments.what or POLICY_STRICTNESS:
        try:
            policy = chosen_policy(name)
        except PolicyError as error:
            rows.append({"policy": name, "sound": False, "error": str(error), "advice": error.advice})
            lines += [str(error), f"  {error.advice}"]
        else:
            counts = _counts(policy)
            rows.append({"policy": name, "sound": True, "digest": policy.digest, **counts})
            said = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
            lines.append(f"sound: {name} ({said})")
    _answer(arguments, streams, {"policies": rows}, lines)
    return 0 if all(row["sound"] for row in rows) else PolicyError.exit_code


def _counts(policy: Policy) -> dict[str, int]:
    outcomes = [str(item.outcome) for item in policy.statements]
    return {outcome: outcomes.count(outcome) for outcome in ("deny", "warn", "allow")}


def _test(arguments: Namespace, streams: Streams) -> int:
    from seawall.decide import chosen_policy
    from seawall.kernel.policy.trial import try_cases

    rows: list[dict[str, object]] = []
    lines = []
    for path, read in _cases(arguments.what):
        name = arguments.policy or _beside(path, read.policy)
        for trial in try_cases(chosen_policy(name), read.cases):
            case = trial.case
            rows.append(
                {"file": str(path), "line": case.line, "case": case.name, "policy": name}
                | {"expected": case.expect, "wrong": trial.wrong}
                | _decision(trial.decision)
            )
            if trial.wrong:
                lines.append(f"{path}:{case.line}: {case.name}: {trial.wrong}")
    failed = len(lines)
    lines.append(f"{len(rows) - failed} of {len(rows)} cases are answered as expected")
    _answer(arguments, streams, {"cases": rows, "failed": failed}, lines)
    return 1 if failed else 0


def _cases(given: Sequence[str]) -> Iterator[tuple[Path, CasesFile]]:
    from seawall.kernel.errors import TargetError, UsageError
    from seawall.kernel.limits import DEFAULT_LIMITS
    from seawall.readers.settings.policy_cases import read

    if not given:
        raise UsageError("which tests? no file was named", "write: seawall policy test FILE")
    for path in (found for name in given for found in _files(Path(name))):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TargetError(f"{path}: {error.strerror or error}", "name a file of policy tests") from None
        cases = read(data, str(path), DEFAULT_LIMITS)
        for problem in cases.problems:
            raise UsageError(
                f"{path}:{problem.line}: {problem.message}", "how tests are written: docs/policy.md"
            )
        yield path, cases


def _files(path: Path) -> list[Path]:
    from seawall.kernel.errors import TargetError

    if not path.is_dir():
        return [path]
    found = sorted(path.rglob("*.toml"))
    if not found:
        raise TargetError(f"{path}: there is no .toml file in it", "name a file of policy tests")
    return found


def _beside(cases: Path, policy: str) -> str:
    from seawall.kernel.settings import POLICY_STRICTNESS

    return policy if policy in POLICY_STRICTNESS else str(cases.parent / policy)


def _explain(arguments: Namespace, streams: Streams) -> int:
    from seawall.adapters.disk.shipped import schema_text
    from seawall.decide import chosen_policy
    from seawall.kernel.errors import UsageError

    if arguments.facts:
        _answer(arguments, streams, {"facts": schema_text()}, schema_text().splitlines())
        return 0
    if len(arguments.what) > 1:
        raise UsageError("explain takes one policy", "write: seawall policy explain NAME")
    policy = chosen_policy(arguments.what[0] if arguments.what else "default")
    if arguments.finding:
        return _explain_findings(arguments, streams, policy)
    values: dict[str, object] = {
        "policy": policy.name,
        "digest": policy.digest,
        "statements": [_statement(item) for item in policy.statements],
    }
    _answer(arguments, streams, values, list(_told(policy)))
    return 0


def _told(policy: Policy) -> Iterator[str]:
    from seawall.kernel.policy.engine import BUILT_IN

    titles = {"deny": "Denied", "warn": "Warned about", "allow": "Allowed, when nothing above denies it"}
    for outcome, title in titles.items():
        found = [item for item in policy.statements if item.outcome == outcome]
        yield f"{title}:" if found else f"{title}: nothing"
        width = max((len(item.id) for item in found), default=0)
        for item in found:
            where = "  (only when a registry firewall asks)" if item.actions == ("fetch",) else ""
            yield f"  {item.id:<{width}}  {item.advice}{where}"
        yield ""
    yield "Always, whatever the policy:"
    width = max(len(name) for name in BUILT_IN)
    yield from (f"  {name:<{width}}  {sentence}" for name, sentence in BUILT_IN.items())


def _statement(item: Statement) -> dict[str, object]:
    return {
        "id": item.id,
        "outcome": item.outcome,
        "sentence": item.advice,
        "actions": list(item.actions),
        "line": item.line,
    }


def _explain_findings(arguments: Namespace, streams: Streams, policy: Policy) -> int:
    from seawall.kernel.policy.engine import decide
    from seawall.kernel.policy.facts import Question, gather
    from seawall.kernel.settings import DEFAULTS

    findings = [_finding(word) for word in arguments.finding]
    answer = decide(policy, Question(gather(findings, DEFAULTS)))
    lines = [f"{answer.outcome}: {policy.name} on {' and '.join(f.message for f in findings)}"]
    lines += [f"  {by.policy}  {by.sentence}" for by in answer.decided_by]
    _answer(arguments, streams, {"policy": policy.name, **_decision(answer)}, lines)
    return 0


def _backtest(arguments: Namespace, streams: Streams) -> int:
    from importlib.util import find_spec

    from seawall.adapters.disk.scenarios import scenarios_in, shipped_scenarios
    from seawall.adapters.disk.shipped import data_bytes
    from seawall.backtest import Tried, beside, others
    from seawall.decide import chosen_policy
    from seawall.kernel.errors import UsageError
    from seawall.pricing import price
    from seawall.readers.scenarios.histories import read_histories
    from seawall.reports import backtest as report

    if arguments.what:
        raise UsageError("backtest takes no names", "write: seawall policy backtest --policy NAME|FILE")
    missing = [name for name in ("tree_sitter_javascript", "tree_sitter_bash") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"backtest reads code as the firewall does, and needs {', '.join(missing)}",
            "install them: pip install 'seawall[firewall,reach]'",
        )
    policy = chosen_policy(arguments.policy or "default")
    own = arguments.scenarios
    scenarios = scenarios_in(own) if own else shipped_scenarios()
    tried = (Tried(policy.name, policy), *(() if own else others(policy)))
    histories = read_histories(data_bytes("histories.json"))
    rows = [
        report.Row(one.name, entries, price(histories, one.policy, one.settings))
        for one, entries in zip(tried, beside(scenarios, tried), strict=True)
    ]
    taken = f"{histories.taken:%Y-%m-%d}"
    if arguments.format == "json":
        streams.result(json.dumps(report.document(rows[0], rows[1:], taken), indent=1))
    else:
        streams.result("\n".join(report.lines(rows[0], rows[1:], taken)))
    return 0


def _finding(word: str) -> Finding:
    """A finding of that rule, as severe as is said or as the rule is by itself."""
    from seawall.kernel.advisory import Severity
    from seawall.kernel.errors import UsageError
    from seawall.kernel.finding import Finding
    from seawall.rules import RULES

    name, _, given = word.partition(":")
    rule = next((item for item in RULES if item.id == name), None)
    if rule is None:
        raise UsageError(f"there is no rule {name!r}", "the rules are listed in docs/rules.md")
    severities = {item.word: item for item in Severity}
    if given and given not in severities:
        raise UsageError(f"{given!r} is not a severity", f"severities: {', '.join(severities)}")
    severity = severities.get(given, rule.severity)
    said = rule.id if rule.signal else f"{rule.id} ({severity.word})"
    return Finding(rule.id, severity, "", said, "", "", 0, word, signal=rule.signal)


def _decision(answer: Decision) -> dict[str, object]:
    by = [{"policy": item.policy, "sentence": item.sentence} for item in answer.decided_by]
    return {"decision": answer.outcome, "decided_by": by}


COMMAND = Command("policy", "check, test, explain and backtest policies", _arguments, _run)
