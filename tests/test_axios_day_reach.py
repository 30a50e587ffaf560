"""The axios day, in a pipeline that signs: what a floating `npm install` had in reach, and the cut."""

from textwrap import dedent

import pytest

from seawall.kernel.reach.edge import Edge, Reach
from seawall.reach import of_tree

WORKFLOW = """\
    name: release
    on:
      push:
        tags: ["v*"]
    permissions:
      contents: read
    jobs:
      sign:
        runs-on: macos-14
        permissions:
          contents: read
          id-token: write
        env:
          APPLE_NOTARY_KEY: ${{ secrets.APPLE_NOTARY_KEY }}
        steps:
          - uses: actions/checkout@v4
          - uses: actions/cache@v4
            with:
              path: ~/.npm
              key: ${{ runner.os }}-npm-${{ hashFiles('package.json') }}
          - run: npm install
          - run: npm run build
          - name: import the certificate
            env:
              APPLE_CERT_P12: ${{ secrets.APPLE_CERT_P12 }}
              APPLE_CERT_PASSWORD: ${{ secrets.APPLE_CERT_PASSWORD }}
            run: |
              echo "$APPLE_CERT_P12" | base64 --decode > "$RUNNER_TEMP/cert.p12"
              security create-keychain -p ci build.keychain
              security import "$RUNNER_TEMP/cert.p12" -k build.keychain -P "$APPLE_CERT_PASSWORD" -T /usr/bin/codesign
          - run: codesign --force --options runtime --sign "Developer ID Application" dist/App.app
          - run: npx create-dmg@7 dist/App.app
          - run: xcrun notarytool submit dist/App.dmg --key "$APPLE_NOTARY_KEY" --wait
          - uses: actions/upload-artifact@v4
            with:
              name: app
              path: dist/App.dmg
      publish:
        needs: sign
        runs-on: ubuntu-latest
        environment: release
        steps:
          - uses: actions/download-artifact@v4
            with:
              name: app
              path: dist
          - run: gh release upload "$GITHUB_REF_NAME" dist/App.dmg
            env:
              GH_TOKEN: ${{ github.token }}
          - run: scp dist/App.dmg deploy@files.example:/srv
            env:
              DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}
"""
PACKAGE = """\
    {"name": "app", "version": "1.0.0", "scripts": {"build": "esbuild src/main.js --outfile=dist/app.js"},
     "dependencies": {"axios": "^1.7.0"}}
"""


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    top = tmp_path_factory.mktemp("axios")
    (top / ".github" / "workflows").mkdir(parents=True)
    (top / ".github" / "workflows" / "release.yml").write_text(dedent(WORKFLOW))
    (top / "package.json").write_text(dedent(PACKAGE))
    return of_tree(top)


def _edges(reach: Reach, code: str) -> dict[str, Edge]:
    found = [edge for edge in reach.edges if edge.code.name == code]
    assert {edge.place for edge in found} == {".github/workflows/release.yml#sign"}
    return {edge.target.name: edge for edge in found}


def test_the_install_reaches_what_it_reached_that_day(reach: Reach) -> None:
    edges = _edges(reach, "npm install")
    said = {name: str(edge.confidence) for name, edge in edges.items()}
    releases = {name for name, edge in edges.items() if edge.target.kind == "release"}
    # What the other job uploads, and what it copies to a host.
    assert releases == {"github-release", "deploy"}
    assert {said.pop(name) for name in releases} == {"integrity"}
    assert said == {
        "APPLE_NOTARY_KEY": "certain",
        "APPLE_CERT_P12": "strong",
        "APPLE_CERT_PASSWORD": "strong",
        "keychain": "strong",
        "GITHUB_TOKEN": "certain",
        "id-token": "certain",
        "${{ runner.os }}-npm-": "conditional",
        "app": "integrity",
    }
    assert edges["APPLE_NOTARY_KEY"].rules == ("R1", "R3′", "R4")
    assert edges["APPLE_CERT_P12"].rules == ("R3", "R4")
    assert edges["app"].target.kind == "artifact"


def test_the_keychain_is_certain_for_what_runs_after_the_import(reach: Reach) -> None:
    (after,) = [name for name in {edge.code.name for edge in reach.edges} if "create-dmg" in name]
    edges = _edges(reach, after)
    assert (edges["keychain"].rules, str(edges["keychain"].confidence)) == (("R2",), "certain")
    assert edges["keychain"].target.kind == "signing"
    assert str(edges["APPLE_CERT_P12"].confidence) == "certain", "it was decoded to a file"
    assert str(edges["APPLE_CERT_PASSWORD"].confidence) == "strong", "it never left its step"


def test_the_other_jobs_deploy_key_is_out_of_reach(reach: Reach) -> None:
    assert not [
        edge for edge in reach.edges if edge.target.name == "DEPLOY_KEY" and edge.place.endswith("#sign")
    ]


def test_the_worst_comes_first_and_its_cut_is_named(reach: Reach) -> None:
    first = reach.edges[0]
    assert first.target.worth == 100
    assert first.target.name.startswith(("APPLE_", "keychain"))
    edges = _edges(reach, "npm install")
    cuts = {cut.id: cut for cut in edges["APPLE_NOTARY_KEY"].cuts}
    assert list(cuts)[:2] == ["step-env", "split-job"]
    assert cuts["step-env"].line == 14
    assert cuts["ignore-scripts"].mechanical
    assert cuts["ignore-scripts"].line == 21
    assert edges["app"].cuts[0].id == "lock"


def test_each_edge_shows_lines_that_say_so(reach: Reach) -> None:
    lines = dedent(WORKFLOW).splitlines()
    for edge in reach.edges:
        assert edge.evidence, edge
        if edge.target.kind == "secret":
            shown = [lines[one.line - 1] for one in edge.evidence if one.path.endswith(".yml")]
            assert any(edge.target.name in line for line in shown), (edge.target.name, shown)
