"""The policy engine: questions that all differ, against Cedar itself answering the same requests."""

from collections.abc import Iterator
from pathlib import Path

from .measure import Line, seconds

QUESTIONS = 1_000


def lines(place: Path) -> Iterator[Line]:
    """CPU time per decision, policies parsed before. In a scan, questions that are alike are asked once."""
    del place
    import cedarpy

    from seawall.decide import chosen_policy
    from seawall.kernel.policy.engine import decide_all
    from seawall.kernel.policy.facts import Answer, Facts, Question, package

    for name in ("observe", "default", "strict"):
        policy = chosen_policy(name)
        questions = [
            Question(
                Facts(
                    malware_checked=True,
                    vulnerabilities_checked=True,
                    worst_vulnerability=number % 4,
                    findings=frozenset({"packages/vulnerable"}) if number % 3 else frozenset(),
                    age_days=number,
                    age_hours=number * 24,
                    install_script=Answer.YES if number % 2 else Answer.NO,
                    ecosystem="npm",
                    cooldown_days=number % 30,
                ),
                resource=package(f"pkg:npm/name@{number}.0.0", "npm", "name", f"{number}.0.0"),
            )
            for number in range(QUESTIONS)
        ]
        requests = [
            {
                "principal": {"type": "Workload", "id": "seawall"},
                "action": {"type": "Action", "id": "keep"},
                "resource": {"type": "Package", "id": q.resource.id},
                "context": q.facts.context(),
            }
            for q in questions
        ]
        entities = cedarpy.Entities.from_json_str("[]", policy._schema)
        # Each request apart, so that nothing can be shared between questions.
        ours = seconds(lambda p=policy, asked=questions: [decide_all(p, (q,)) for q in asked])  # type: ignore[misc]
        theirs = seconds(
            lambda p=policy, asked=requests, e=entities: [  # type: ignore[misc]
                cedarpy.is_authorized_batch([r], p._every, e, p._schema) for r in asked
            ]
        )
        yield Line(
            f"one decision by the policy `{name}` ({len(policy.statements)} statements), CPU",
            f"{ours / QUESTIONS * 1e6:.0f} µs",
            f"{theirs / QUESTIONS * 1e6:.0f} µs (cedarpy alone, the same request)",
            f"{ours / theirs:.2f}",
        )
