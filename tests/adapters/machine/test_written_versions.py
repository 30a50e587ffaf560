"""A package manager's version is read from files where they tell it: starting it costs more than a scan."""

from pathlib import Path

import pytest

from seawall.adapters.machine import clients


@pytest.fixture(autouse=True)
def _nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object, **_more: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(clients.subprocess, "Popen", refuse)


def _program(path: Path, first_line: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{first_line}\n")
    path.chmod(0o755)
    return path


def _python_with_pip(prefix: Path, packages: str, version: str) -> None:
    _program(prefix / "bin" / "pip", f"#!{prefix}/bin/python3")
    (prefix / "lib" / packages / f"pip-{version}.dist-info").mkdir(parents=True)


def _pip(tmp_path: Path, directory: Path, **more: str) -> tuple[str, str]:
    machine = clients.look({"PATH": str(directory), "HOME": str(tmp_path / "home"), **more})
    (pip,) = [client for client in machine.clients if client.name == "pip"]
    return pip.version, pip.path


def test_beside_the_python_of_a_script(tmp_path: Path) -> None:
    _python_with_pip(tmp_path / "own", "python3.11/site-packages", "24.0")
    assert _pip(tmp_path, tmp_path / "own" / "bin") == ("24.0", str(tmp_path / "own" / "bin" / "pip"))


def test_where_debian_keeps_its_packages(tmp_path: Path) -> None:
    _python_with_pip(tmp_path / "usr", "python3/dist-packages", "23.0.1")
    assert _pip(tmp_path, tmp_path / "usr" / "bin")[0] == "23.0.1"


def _pyenv(tmp_path: Path) -> Path:
    root = tmp_path / "pyenv"
    _program(root / "shims" / "pip", "#!/usr/bin/env bash")
    _python_with_pip(root / "versions" / "3.11.7", "python3.11/site-packages", "23.2.1")
    _python_with_pip(root / "versions" / "3.12.1", "python3.12/site-packages", "24.1")
    (root / "version").write_text("3.13.0\n3.11.7\n")
    return root


def test_behind_a_shim_of_pyenv(tmp_path: Path) -> None:
    shims = _pyenv(tmp_path) / "shims"
    assert _pip(tmp_path, shims) == ("23.2.1", str(shims / "pip"))
    assert _pip(tmp_path, shims, PYENV_VERSION="3.12.1:3.11.7")[0] == "24.1"


@pytest.mark.parametrize("chosen", ["../versions/3.11.7", "..", "system", "/"])
def test_a_shim_is_asked_when_its_files_do_not_tell(tmp_path: Path, chosen: str) -> None:
    shims = _pyenv(tmp_path) / "shims"
    with pytest.raises(AssertionError, match="started"):
        _pip(tmp_path, shims, PYENV_VERSION=chosen)
