"""Two canaries over every output of every command: what acts on a terminal, and what nobody may repeat."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import COMMANDS
from simulators.command_line import Done, run
from simulators.osv import record, zipped
from simulators.repository import LOCK, Repo
from simulators.verdicts import DANGEROUS

SECRET = "s3cr3tC4n4ryT0k3n9876543210"
ACT = "\x1b[31mX\x1b]0;t\x07\x9b2J\u202eevil\u2066\u200b\ufeff\r"
HALF = "\ud800"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CI", "SEAWALL_STORE", "SEAWALL_TRUST_BASE", "SEAWALL_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "data").mkdir()
    return tmp_path


def lock(name: str, **more: Any) -> str:
    packages = {"": {"dependencies": {name: "^1"}}, f"node_modules/{name}": {"version": "1.0.0", **more}}
    return json.dumps({"lockfileVersion": 3, "packages": packages})


def plant_what_acts(repo: Repo) -> None:
    """Names, paths, commits, settings and broken files that hold what would act on a terminal."""
    name = f"a{ACT}{HALF}b"
    repo.commit({
        LOCK: lock(name, resolved=f"http://{ACT}.example/x.tgz", license=ACT),
        f"d{ACT}/{LOCK}": lock("axios", version="1.14.1"),
        f"d{ACT}/package.json": json.dumps({"dependencies": {name: f"git+ssh://git@{ACT}.example/x#{ACT}"}}),
        "e/yarn.lock": f'"{ACT}@^1.0.0":\n  version "{ACT}"\n  resolved "https://{ACT}.example/{ACT}.tgz"\n',
        "f/pnpm-lock.yaml": f"lockfileVersion: '9.0'\npackages:\n  'a@{ACT}':\n    resolution: {{}}\n  {ACT}",
        "g/requirements.txt": f"six=={ACT}\n-r {ACT}\n--index-url http://{ACT}.example/\nx @ git+http://{ACT}/y\n",
        "h/Cargo.lock": f'[[package]]\nname = "{ACT}"\nversion = "1\n',
        "i/uv.lock": 'version = 1\n[[package]]\nname = "a\\u001b[31mb"\nversion = "1.0"\nsource = { git = "https://x\\u202e/y" }\n',
        "j/go.mod": f"module x\nrequire {ACT} v1.0.0\n",
        "k/bom.cdx.json": json.dumps({"bomFormat": "CycloneDX", "components": [{"purl": f"pkg:npm/{ACT}@1", "name": ACT, "version": ACT}]}),
        "l/venv/lib/python3.11/site-packages/x.pth": f"import os; print('{ACT}')\n",
        ".npmrc": f"registry=http://{ACT}.example/\n{ACT}={ACT}\nmin-release-age={ACT}\n",
        ".yarnrc.yml": f"npmRegistryServer: 'http://x{ACT}'\nyarnPath: .yarn/{ACT}.cjs\n",
        "pip.conf": f"[global]\nindex-url = http://{ACT}/\n",
        "seawall.toml": f'["{ACT!r}"]\nx = 1\n[rules]\n"a\\u001bb" = 1\n[[waivers]]\nrule = "\\u001b"\nreason = "\\u202e"\nauthor = "\\u001b[31m"\nexpires = 2999-01-01\n',
        f"{ACT}.txt": ACT,
        os.fsdecode(b"caf\xe9/") + LOCK: lock("axios", version="1.14.1"),
    }, message=ACT)  # fmt: skip
    repo.commit({"b/" + LOCK: lock("axios", version="1.14.1")})
    (repo.path / f"link{ACT}.lock").symlink_to(f"/nowhere/{ACT}")
    (repo.path / "yarn.lock").symlink_to(f"../../{ACT}")


def advisories(place: Path) -> Path:
    """A feed whose every text acts, among them names that somebody will ask about."""
    bad = [
        record("GHSA-1", "npm", "axios", ("1.14.1",), summary=ACT, details=ACT, aliases=[f"CVE-1{ACT}", HALF],
               published=ACT, database_specific={"severity": ACT}),
        record(f"GHSA-2{ACT}", "npm", "axios", ("1.14.1",), summary=ACT),
        record("GHSA-3", "npm", f"a{ACT}{HALF}b", ("1.0.0",), summary=ACT, withdrawn=ACT,
               ranges=[{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": ACT}]}]),
        record("GHSA-4", "npm", "axios", ("1.14.1", ACT), modified=ACT),
        record("GHSA-5", f"npm{ACT}", "axios", ("1.14.1",)),
    ]  # fmt: skip
    folder = place / f"feeds{ACT}" / "npm"
    folder.mkdir(parents=True)
    (folder / "all.zip").write_bytes(zipped(bad))
    (folder / f"broken{ACT}.json").write_text(f"{{{ACT}")
    return folder.parent


def every_command(repo: Repo, feeds: Path, place: Path, capsys: Any) -> Iterator[tuple[str, Done]]:
    """Each command in each of its formats, with good and with bad words."""
    policy = place / f"p{ACT}.cedar"
    policy.write_text(
        f'@id("{ACT}")\n@advice("{ACT}")\npermit (principal, action, resource) when {{ context.{ACT} }};\n'
    )
    fine = place / f"q{ACT}.cedar"
    fine.write_text(
        '@id("a/\\u{1b}[31m")\n@advice("\\u{1b}[31m \\u{202e}")\nforbid (principal, action in [Action::"keep", Action::"fetch"], resource) when { context.malware };\n'
        '@id("a/b")\n@advice("x")\npermit (principal, action, resource);\n'
    )
    cases = place / f"c{ACT}.toml"
    cases.write_text('policy = "q"\n[[case]]\nname = "\\u001b[31m"\nexpect = "\\u001b"\n')
    settings = place / f"s{ACT}.toml"
    settings.write_text("[policy]\nuse = 3\n")
    missing = place / f"no{ACT}"
    lines: list[tuple[object, ...]] = [
        ("sync", "--from", feeds),
        ("sync", "--from", feeds, "--format", "json"),
        ("sync", "--from", missing),
        ("sync", "--from", f"https://{ACT}"),
        ("sync", "--from", feeds, "--ecosystem", ACT),
        *(("scan", repo.path, "--offline", *more, "--format", kind)
          for kind in ("text", "json", "sarif", "cyclonedx", "markdown") for more in ((), ("--all",), ("--policy", fine))),
        ("scan", repo.path, "--offline", "--policy", policy),
        ("scan", repo.path, "--offline", "--trust-base", ACT),
        ("scan", repo.path, "--offline", "--rule", ACT),
        ("scan", repo.path, "--offline", "--report", f"json={missing}/x"),
        ("scan", repo.path, "--offline", "--baseline", missing),
        ("scan", repo.path, "--offline", "--store", f"sqlite:///{settings}"),
        ("scan", repo.path, "--offline", "--index", settings),
        ("scan", repo.path, f"--{ACT}"),
        ("scan", missing),
        ("scan", f"pkg:npm/{ACT}@1.0.0", "--offline"),
        ("scan", f"pkg:{ACT}/x@1", "--offline"),
        (ACT,),
        *(("explain", about, "--format", kind) for kind in ("text", "json") for about in (
            "packages/known-malware", "pkg:npm/axios@1.14.1", "pkg:npm/axios", f"pkg:npm/{ACT}@1.0.0", f"pkg:{ACT}/x@1",
            "MAL-2026-2307", "GHSA-1", f"GHSA-2{ACT}", "GHSA-3", "GHSA-4", ACT, HALF)),
        *(("setup", repo.path, "--format", kind) for kind in ("text", "json")),
        ("setup", missing),
        *(("reach", repo.path, *more, "--format", kind)
          for kind in ("text", "json", "mermaid", "html") for more in ((), ("--all",))),
        ("reach", repo.path, "--from", ACT, "--to", ACT),
        ("reach", repo.path, "--people"),
        ("reach", repo.path, "--fix"),
        ("reach", repo.path, "--at", ACT),
        ("reach", missing),
        *(("trace", "pkg:npm/axios@1.14.1", repo.path, "--offline", "--format", kind) for kind in ("text", "json")),
        ("trace", ACT, repo.path, "--offline"),
        ("trace", "pkg:npm/axios@1.14.1", missing, "--offline"),
        ("policy", "check", policy),
        ("policy", "check", fine),
        ("policy", "test", cases),
        ("policy", "explain", fine),
        ("policy", "explain", ACT),
        ("policy", ACT),
        ("ledger", "check"),
        ("ledger", "check", "--format", "json"),
        ("ledger", "check", "--store", f"sqlite:///{settings}"),
        ("ledger", "backup", place / f"backup{ACT}"),
        ("ledger", "backup", place / f"backup{ACT}"),
        ("ledger", "backup", missing / "x"),
        ("ledger", "show", "--asset", ACT),
        ("ledger", "prove", ACT),
        ("ledger", "verify", "--checkpoint", missing),
        ("firewall", "check", "--config", missing),
        ("firewall", "check", "--config", policy),
        ("firewall", "--listen", ACT),
        ("firewall", "token", "add", ACT),
        ("firewall", "token", "revoke", ACT),
        ("run", "--firewall", f"http://127.0.0.1:9/{ACT}", "--", ACT),
        ("run", "--firewall", ACT, "--", "true"),
        ("run", "--token-from", ACT, "--", "true"),
    ]  # fmt: skip
    assert {name for name, _, _ in COMMANDS} <= {str(line[0]) for line in lines}
    for line in lines:
        yield " ".join(map(repr, line)), run(*line, capsys=capsys)


def test_nothing_acts_on_a_terminal_or_hides(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(place / f"repo{ACT}")
    plant_what_acts(repo)
    repo.git("branch", "b\u202eranch", check=False)
    feeds = advisories(place)
    wrong = []
    seen = 0
    for words, done in every_command(repo, feeds, place, capsys):
        for stream in (done.out, done.err):
            found = sorted({c for c in DANGEROUS if c in stream and c != "\n"})
            if found:
                wrong.append(
                    f"{words}: {[hex(ord(c)) for c in found]}: {next(line for line in stream.splitlines(True) if found[0] in line)!r}"
                )
            seen += stream.count("\\u{1b}") + stream.count("\\u001b")
        if done.code == 70:
            wrong.append(f"{words}: {done.err}")
    assert not wrong, "\n".join(wrong)
    assert seen > 100, "the canary is there to be seen"
    monkeypatch.setenv("SEAWALL_CONFIG", str(place / f"s{ACT}.toml"))
    assert "\x1b" not in run("scan", repo.path, capsys=capsys, code=2).err


def plant_secrets(repo: Repo) -> None:
    """A credential in every place where formats and settings can hold one, also where it does not belong."""
    web = f"https://user:{SECRET}@registry.example"
    token = f"https://{SECRET}@host.example/x.git"
    query = f"https://host.example/x.tgz?token={SECRET}&x=1#{SECRET}"
    repo.commit({
        LOCK: json.dumps({"lockfileVersion": 3, "packages": {
            "": {"dependencies": {"a": f"git+{token}#main", "b": query, "c": f"{web}/c.tgz"}},
            "node_modules/a": {"version": "1.0.0", "resolved": f"git+{token}#abc"},
            "node_modules/b": {"version": "1.0.0", "resolved": query},
            "node_modules/c": {"version": f"git+https://{SECRET}:x@host.example/c.git#1", "resolved": f"{web}/c.tgz"},
            "node_modules/axios": {"version": "1.14.1", "resolved": f"{web}/axios.tgz"}}}),
        "old/" + LOCK: json.dumps({"lockfileVersion": 1, "dependencies": {"a": {"version": f"git+{token}#abc", "from": f"git+{token}"},
            "b": {"version": query}, "c": {"version": "1.0.0", "resolved": f"{web}/c.tgz"}}}),
        "package.json": json.dumps({"dependencies": {"a": f"git+{token}", "b": query, "c": f"{web}/c.tgz", "d": f"user:{SECRET}@host.example:x"},
            "packageManager": f"npm@10.0.0+{SECRET}", "publishConfig": {"registry": web}}),
        "y/yarn.lock": f'"a@git+{token}":\n  version "1.0.0"\n  resolved "git+{token}#abc"\n\nb@^1:\n  version "1.0.0"\n  resolved "{query}"\n',
        "z/yarn.lock": f'__metadata:\n  version: 8\n\n"a@git@{token}":\n  version: 1.0.0\n  resolution: "a@{token}#commit=abc"\n',
        "p/pnpm-lock.yaml": f"lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: git+{token}\n        version: {token}\n"
            f"packages:\n  a@{token}:\n    resolution: {{tarball: '{query}'}}\n    version: 1.0.0\n",
        "b/bun.lock": json.dumps({"lockfileVersion": 1, "workspaces": {"": {"dependencies": {"a": f"git+{token}"}}}, "packages": {
            "a": [f"a@git+{token}#abc", {}, "abc"], "b": ["b@1.0.0", f"{web}/b.tgz", {}, ""]}}),
        "r/requirements.txt": f"--index-url {web}/simple\n--extra-index-url https://{SECRET}@registry.example/simple\n-f {query}\n--trusted-host user:{SECRET}@x\n"
            f"a @ git+{token}@main\nb @ {query}\nc @ {web}/c.whl ; python_version > '3'\n-e git+{token}#egg=d\n--proxy http://u:{SECRET}@p\ngit+ssh://u:{SECRET}@h.example/x\n!!{web}!!\n",
        "u/uv.lock": f'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\nsource = {{ git = "{token}?rev=x#abc" }}\n'
            f'[[package]]\nname = "b"\nversion = "1.0"\nsource = {{ registry = "{web}/simple" }}\nsdist = {{ url = "{query}", hash = "sha256:{"0" * 64}" }}\n'
            f'[[package]]\nname = "c"\nversion = "1.0"\nsource = {{ url = "{web}/c.whl" }}\n',
        "u/pyproject.toml": f'[project]\nname = "x"\nversion = "1"\ndependencies = ["a @ git+{token}", "b @ {query}"]\n[[tool.uv.index]]\nurl = "{web}/simple"\n'
            f'[tool.uv.sources]\na = {{ git = "{token}" }}\n[[tool.poetry.source]]\nname = "s"\nurl = "{web}/simple"\n[tool.poetry.dependencies]\nq = {{ git = "{token}" }}\n',
        "o/poetry.lock": f'[[package]]\nname = "a"\nversion = "1.0"\nfiles = []\n[package.source]\ntype = "git"\nurl = "{token}"\nreference = "main"\nresolved_reference = "abc"\n'
            f'[[package]]\nname = "b"\nversion = "1.0"\nfiles = []\n[package.source]\ntype = "legacy"\nurl = "{web}/simple"\nreference = "s"\n',
        "d/pdm.lock": f'[[package]]\nname = "a"\nversion = "1.0"\ngit = "{token}"\nref = "main"\nrevision = "abc"\n[[package]]\nname = "b"\nversion = "1.0"\nurl = "{query}"\n',
        "l/pylock.toml": f'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\nindex = "{web}/simple"\n[packages.vcs]\ntype = "git"\nurl = "{token}"\ncommit-id = "abc"\n',
        "i/Pipfile.lock": json.dumps({"_meta": {"sources": [{"url": f"{web}/simple", "name": "s"}]}, "default": {"a": {"git": token, "ref": "abc"}, "b": {"file": query}}}),
        "c/conda-lock.yml": f"version: 1\nmetadata: {{channels: [{{url: '{web}'}}]}}\npackage:\n- name: a\n  version: '1'\n  manager: conda\n  platform: linux-64\n  url: {web}/t/{SECRET}/x/a.conda\n  hash: {{md5: abc}}\n  category: main\n",
        "k/Cargo.lock": f'[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "git+{token}?branch=x#abc"\n[[package]]\nname = "b"\nversion = "1.0.0"\nsource = "registry+{web}/index"\n',
        "s/bom.cdx.json": json.dumps({"bomFormat": "CycloneDX", "components": [{"purl": f"pkg:npm/a@1.0.0?download_url=https://u:{SECRET}@h.example/a", "name": "a", "version": "1.0.0",
            "externalReferences": [{"type": "vcs", "url": token}]}]}),
        "s/x.spdx.json": json.dumps({"spdxVersion": "SPDX-2.3", "packages": [{"name": "a", "versionInfo": "1.0.0", "downloadLocation": f"git+{token}",
            "externalRefs": [{"referenceType": "purl", "referenceLocator": f"pkg:npm/a@1.0.0?vcs_url=git+{token}"}]}]}),
        "v/venv/lib/python3.11/site-packages/a-1.0.dist-info/METADATA": "Name: a\nVersion: 1.0\n",
        "v/venv/lib/python3.11/site-packages/a-1.0.dist-info/direct_url.json": json.dumps({"url": token, "vcs_info": {"vcs": "git", "commit_id": "abc"}}),
        "v/venv/lib/python3.11/site-packages/x.pth": f"import os; os.environ['TOKEN'] = '{SECRET}'\n",
        "n/node_modules/a/package.json": json.dumps({"name": "a", "version": "1.0.0", "_resolved": f"{web}/a.tgz", "_from": f"git+{token}"}),
        ".npmrc": f"registry={web}/\n//registry.example/:_authToken={SECRET}\n_auth={SECRET}\n//x.example/:_password={SECRET}\nproxy=http://u:{SECRET}@p.example\n",
        ".yarnrc.yml": f"npmRegistryServer: '{web}'\nnpmAuthToken: {SECRET}\nnpmScopes:\n  x:\n    npmRegistryServer: '{web}'\n    npmAuthToken: {SECRET}\n",
        ".yarnrc": f'registry "{web}/"\n"//registry.example/:_authToken" "{SECRET}"\n',
        "bunfig.toml": f'[install]\nregistry = {{ url = "{web}", token = "{SECRET}" }}\n[install.scopes]\nx = "{web}"\n',
        "pip.conf": f"[global]\nindex-url = {web}/simple\nextra-index-url = https://{SECRET}@registry.example/simple\nproxy = http://u:{SECRET}@p.example\n",
        "uv.toml": f'[[index]]\nurl = "{web}/simple"\n',
        "poetry.toml": f'[repositories.x]\nurl = "{web}"\n[http-basic.x]\nusername = "u"\npassword = "{SECRET}"\n',
        "seawall.toml": f'[registries]\nknown = ["user:{SECRET}@registry.example"]\n',
        "broken/" + LOCK: f'{{"packages": {{"node_modules/a": {{"resolved": "{web}/a.tgz" {SECRET}',
        "broken/uv.lock": f'[[package]]\nname = "a"\nsource = {{ registry = "{web}" {SECRET}\n',
        "broken/pnpm-lock.yaml": f"packages:\n  a: {web}\n {SECRET}: [\n",
    })  # fmt: skip


def test_no_credential_is_ever_repeated(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = Repo(place / "repo")
    plant_secrets(repo)
    feeds = place / "osv" / "npm"
    feeds.mkdir(parents=True)
    (feeds / "all.zip").write_bytes(zipped([record("GHSA-1", "npm", "a", ("1.0.0",))]))
    (place / "ours.cedar").write_text('@id("a/b")\n@advice("x")\npermit (principal, action, resource);\n')
    wrong = []
    lines: list[tuple[object, ...]] = [
        ("sync", "--from", feeds.parent),
        *(("scan", target, "--offline", *more, "--format", kind)
          for target in (repo.path, repo.path / LOCK, repo.path / "r" / "requirements.txt")
          for kind in ("text", "json", "sarif", "cyclonedx", "markdown") for more in ((), ("--all",), ("--policy", "strict"))),
        *(("setup", repo.path, "--format", kind) for kind in ("text", "json")),
        ("sync", "--from", f"https://user:{SECRET}@127.0.0.1:9/"),
        ("sync", "--from", f"https://127.0.0.1:9/?token={SECRET}"),
    ]  # fmt: skip
    for line in lines:
        done = run(*line, capsys=capsys)
        shown = " ".join(map(str, line)).replace(SECRET, "…")
        wrong += [
            f"{shown}: {text[:200]!r}"
            for stream in (done.out, done.err)
            for text in stream.splitlines()
            if SECRET in text
        ]
        if done.code == 70:
            wrong.append(f"{shown}: {done.err}")
    kept = [p for p in (place / "data").rglob("*") if p.is_file()]
    assert {p.name for p in kept} >= {"seawall.db", "advisories.db"}
    wrong += [f"{p} holds it" for p in kept if SECRET.encode() in p.read_bytes()]
    assert not wrong, "\n".join(wrong)
