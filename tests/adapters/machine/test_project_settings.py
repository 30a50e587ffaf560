"""What a tree tells the clients is read without following it anywhere."""

import os
from pathlib import Path

import pytest

from seawall.adapters.machine import project
from seawall.adapters.machine.project import look_at_project
from seawall.kernel.client import Layer, Project
from seawall.kernel.lockfile import ProblemKind


def look(root: Path) -> Project:
    files = [str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir() or p.is_symlink()]
    return look_at_project(root, files)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_every_file_is_read_by_those_who_read_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".npmrc": "min-release-age=7\n",
            "pnpm-workspace.yaml": "minimumReleaseAge: 10080\n",
            ".yarnrc": "ignore-scripts true\n",
            ".yarnrc.yml": "npmMinimalAgeGate: 7d\n",
            "bunfig.toml": "[install]\nminimumReleaseAge = 1\n",
            "pip.conf": "[global]\nuploaded-prior-to = P7D\n",
            "pyproject.toml": '[tool.uv]\nexclude-newer = "7 days"\n',
            "poetry.toml": "[solver]\nmin-release-age = 7\n",
            "sub/uv.toml": 'exclude-newer = "1 day"\n',
            "sub/.npmrc": "min-release-age=0\n",
            "README.md": "registry=https://evil.example/\n",
        },
    )
    got = look(tmp_path)
    assert {(p.path, p.format) for p in got.configurations} == {
        (".npmrc", "npmrc"),
        ("pnpm-workspace.yaml", "pnpm-yaml"),
        (".yarnrc", "yarnrc-v1"),
        (".yarnrc.yml", "yarnrc"),
        ("bunfig.toml", "bunfig"),
        ("pip.conf", "pip"),
        ("pyproject.toml", "uv"),
        ("pyproject.toml", "poetry"),
        ("poetry.toml", "poetry"),
        ("sub/uv.toml", "uv"),
        ("sub/.npmrc", "npmrc"),
    }
    assert {p.layer for p in got.configurations} == {Layer.PROJECT}
    assert got.notes == ()


def test_a_uv_toml_hides_the_pyproject_beside_it(tmp_path: Path) -> None:
    text = '[tool.uv]\nexclude-newer = "7 days"\n'
    write(tmp_path, {"uv.toml": "", "pyproject.toml": text, "sub/pyproject.toml": text})
    uv = [p.path for p in look(tmp_path).configurations if p.format == "uv"]
    assert sorted(uv) == ["sub/pyproject.toml", "uv.toml"]


def test_no_variable_of_ours_is_put_into_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary-value")
    write(
        tmp_path,
        {
            ".npmrc": "registry=https://${CANARY}/\nbefore=${CANARY}\n",
            ".yarnrc.yml": "npmMinimalAgeGate: ${CANARY}\n",
        },
    )
    assert "canary-value" not in repr(look(tmp_path))


@pytest.mark.parametrize(
    ("manifest", "declared"),
    [
        ('{"packageManager": "pnpm@10.12.1+sha512.abc"}', [("pnpm", "10.12.1")]),
        ('{"packageManager": "yarn@4.9.2"}', [("yarn", "4.9.2")]),
        ('{"packageManager": "cargo@1.2.3"}', []),
        ('{"packageManager": "npm"}', []),
        ('{"packageManager": ["npm@1.2"]}', []),
        ('["packageManager"]', []),
        ("[" * 100_000, []),
        ("{", []),
    ],
)
def test_what_a_manifest_declares(tmp_path: Path, manifest: str, declared: list[tuple[str, str]]) -> None:
    write(tmp_path, {"package.json": manifest})
    assert [(c.name, c.version) for c in look(tmp_path).declared] == declared


def test_a_yarn_that_lies_in_the_tree_is_known_by_its_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.9.2.cjs\n",
            ".yarn/releases/yarn-4.9.2.cjs": "process.exit(1)",
            "package.json": '{"packageManager": "yarn@4.1.0"}',
        },
    )
    assert [(c.version, c.note) for c in look(tmp_path).declared] == [
        ("4.1.0", "packageManager"),
        ("4.9.2", "yarnPath"),
    ]


@pytest.mark.parametrize("kind", ["pipe", "link out", "loop", "huge", "binary", "no link target"])
def test_a_hostile_file_is_a_place_with_a_problem(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (tmp_path / "secret").write_text("min-release-age=7\n")
    for name in (".npmrc", "pyproject.toml", "package.json"):
        path = root / name
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "link out":
            path.symlink_to("../secret")
        elif kind == "loop":
            path.symlink_to(name)
        elif kind == "no link target":
            path.symlink_to("nothing")
        elif kind == "huge":
            path.write_bytes(b"#" * (1024 * 1024 + 1))
        else:
            path.write_bytes(b"# \xff\nmin-release-age=0\n")
    got = look(root)
    assert {p.format for p in got.configurations} == {"npmrc", "uv", "poetry"}
    for place in got.configurations:
        assert not place.options
        assert len(place.problems) == 1
        if kind == "link out":
            assert place.problems[0].kind is ProblemKind.OUTSIDE
    assert got.declared == ()


def test_a_link_inside_the_tree_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"shared": "min-release-age=7\n"})
    (tmp_path / ".npmrc").symlink_to("shared")
    (place,) = look(tmp_path).configurations
    assert place.options["min-release-age"].value == "7"


def test_what_is_too_much_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "_DIRECTORIES", 3)
    write(tmp_path, {f"a{n}/.npmrc": "min-release-age=7\n" for n in range(5)})
    write(tmp_path, {"a0/b/.npmrc": "", ".npmrc": "", "docs/x.md": ""})
    got = look(tmp_path)
    assert [p.path for p in got.configurations] == [".npmrc", "a0/.npmrc", "a1/.npmrc"]
    assert got.notes == ("only 3 of 7 directories with settings of clients were looked at",)
