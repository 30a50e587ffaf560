"""apt, apk, dnf, brew, choco, snap and their like: packages of an operating system, installed by name.

Their maintainer scripts run at install, as root. A version on the line fixes that package alone.
Source: apt-get(8), apk(8), dnf(8), zypper(8), pacman(8), brew(1), snap(8); Chocolatey, winget and Scoop docs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.kernel.code import Code, CodeKind, Firmness

from .options import Known, known, parsed
from .running import Run
from .scene import Scene, code, loosest


@dataclass(frozen=True, slots=True)
class _Manager:
    """`verbs` install what is named, `upgrades` what is there. `exact`: how a word fixes its version."""

    verbs: tuple[str, ...]
    options: Known
    exact: str = ""
    ranged: str = ""
    upgrades: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    ecosystem: str = ""


_APT = _Manager(
    ("install", "build-dep", "reinstall"),
    known(
        "-t --target-release --default-release -o --option -c --config-file -a --host-architecture -q=",
        "-y --yes --assume-yes -q -qq --quiet --no-install-recommends --install-recommends "
        "--install-suggests "
        "--no-install-suggests --allow-downgrades --allow-unauthenticated --allow-change-held-packages "
        "--force-yes -f "
        "--fix-broken --fix-missing -m --reinstall --no-upgrade --only-upgrade -d --download-only -s "
        "--simulate --dry-run "
        "-u --show-upgraded -V -b --auto-remove --purge --print-uris --show-progress --no-show-progress",
    ),
    exact=r"=",
    upgrades=("upgrade", "dist-upgrade", "full-upgrade"),
)
_DNF = _Manager(
    ("install", "reinstall", "localinstall", "groupinstall", "swap", "in"),
    known(
        "-c --config -e --enablerepo --disablerepo --repo --repoid --exclude -x --setopt --releasever "
        "--installroot "
        "--forcearch --advisory --from --root -R",
        "-y --assumeyes --best --nobest --allowerasing -q --quiet -v --nogpgcheck --skip-broken "
        "--refresh --nodocs -n "
        "--non-interactive --no-recommends --gpg-auto-import-keys --no-confirm "
        "--setopt=install_weak_deps=False -l "
        "--auto-agree-with-licenses --no-gpg-checks",
    ),
    exact=r"-\d[\w.]*-\d|=",
    upgrades=("update", "upgrade", "distro-sync", "up", "dup", "patch"),
)
_MANAGERS: dict[str, _Manager] = {
    "apt-get": _APT,
    "apt": _APT,
    "aptitude": _APT,
    "apt-fast": _APT,
    "nala": _APT,
    "apk": _Manager(
        ("add",),
        known(
            "-t --virtual -X --repository -p --root --arch --keys-dir --repositories-file --cache-dir --wait "
            "--cache-max-age",
            "--no-cache --update -U --update-cache -q --quiet -u --upgrade -l --latest "
            "--allow-untrusted --no-progress -f "
            "--force --initdb --no-network --no-scripts -v",
        ),
        exact=r"[^<>~]=\d",
        ranged=r"~|<",
        upgrades=("upgrade",),
        ecosystem="Alpine",
    ),
    "dnf": _DNF,
    "yum": _DNF,
    "microdnf": _DNF,
    "tdnf": _DNF,
    "zypper": _DNF,
    "brew": _Manager(
        ("install", "reinstall"),
        known(
            "--appdir --language --arch --cc --bottle-arch",
            "--cask --casks --formula --formulae -q --quiet -v --verbose -f --force --HEAD --overwrite "
            "--no-quarantine "
            "--ignore-dependencies --build-from-source -s --only-dependencies --display-times -d "
            "--debug --adopt --zap "
            "--force-bottle --skip-cask-deps --no-upgrade",
        ),
        upgrades=("upgrade", "bundle"),
    ),
    "choco": _Manager(
        ("install", "upgrade", "cinst"),
        known(
            "--version -version -s --source --params --package-parameters --install-arguments --ia --timeout "
            "--execution-timeout --checksum --user -u --password -p --cert",
            "-y --yes --confirm --no-progress -r --limit-output --force -f --pre --prerelease "
            "--ignore-checksums "
            "--allow-downgrade --allow-empty-checksums --side-by-side -m -q -v --no-color --x86 "
            "--acceptlicense",
        ),
        version=("--version", "-version"),
    ),
    "winget": _Manager(
        ("install", "add", "upgrade"),
        known(
            "--id -v --version -s --source --scope -a --architecture -l --location --override --name -m "
            "--moniker "
            "--custom --locale --installer-type",
            "-e --exact -h --silent --accept-package-agreements --accept-source-agreements "
            "--disable-interactivity "
            "--force --no-upgrade -i --interactive --ignore-security-hash",
        ),
        version=("-v", "--version"),
    ),
    "scoop": _Manager(("install",), known("-a --arch", "-g --global -k -s -u -i"), exact=r"@\d"),
    "snap": _Manager(
        ("install", "refresh"),
        known(
            "--channel --revision --cohort --name",
            "--classic --devmode --edge --beta --candidate --stable --dangerous --jailmode",
        ),
        version=("--revision",),
    ),
    "flatpak": _Manager(("install",), known("--arch --installation", "-y --user --system --noninteractive")),
    "pacman": _Manager((), known()),
    "pkg": _Manager(("install",), known("-r --repository", "-y -q"), upgrades=("upgrade",)),
    "port": _Manager(("install",), known("", "-N -q"), exact=r"@\d"),
}  # fmt: skip
PROGRAMS = tuple(_MANAGERS)
_ALIASES = {"cinst": "choco"}
_LOCAL = ("./", "../", "/", "~/")
_FILE = re.compile(r"\.(?:deb|rpm|apk|pkg|msi|exe|snap|flatpakref)\Z")


def system(run: Run, scene: Scene) -> Iterator[Code]:
    """Any of these managers."""
    manager = _MANAGERS[run.program]
    args = run.args
    line = parsed(args, manager.options)
    words = list(line.texts)
    if run.program == "pacman":
        yield from _pacman(run, scene)
        return
    verb = words.pop(0) if words else ""
    if line.has("--simulate", "--dry-run", "--print-uris", "--help") or (
        run.program in ("apt-get", "apt") and line.has("-s")
    ):
        return
    shown = f"{run.program} {verb}"
    if verb in manager.upgrades and not (run.program == "brew" and "cleanup" in words):
        yield code(
            run,
            scene,
            CodeKind.PACKAGES,
            shown,
            Firmness.FLOATING,
            ecosystem=manager.ecosystem,
            packages=words,
            manifests=_bundle(run, scene, verb),
        )
        return
    if run.program == "brew" and verb == "tap":
        yield from _tap(run, scene, words)
        return
    if verb not in manager.verbs:
        return
    ids = line.values("--id") if run.program == "winget" else []
    asked = [
        word
        for word in (*ids, *words, *(w.text for w in line.rest))
        if not _FILE.search(word) and not word.startswith(_LOCAL)
    ]
    if not asked and not line.doubtful and not run.piped:
        return
    yield code(
        run, scene, CodeKind.PACKAGES, f"{shown} {' '.join(asked)}".strip(),
        _pin(manager, asked, line.value(*manager.version)), ref=line.value(*manager.version),
        ecosystem=manager.ecosystem, packages=[_name(manager, word) for word in asked],
        note="" if asked else "what is asked for was not understood",
    )  # fmt: skip


def _pin(manager: _Manager, words: list[str], version: str) -> Firmness:
    if version and not version.startswith(("$", "%")):
        return Firmness.VERSION
    pins = []
    for word in words:
        if manager.exact and re.search(manager.exact, word) and "$" not in word and "*" not in word:
            pins.append(Firmness.VERSION)
        elif manager.ranged and re.search(manager.ranged, word):
            pins.append(Firmness.RANGE)
        else:
            pins.append(Firmness.FLOATING)
    return loosest(pins or [Firmness.FLOATING])


def _name(manager: _Manager, word: str) -> str:
    return re.split(r"[=<>~]", word)[0] if manager.exact.startswith(("=", "[^")) else word


def _bundle(run: Run, scene: Scene, verb: str) -> tuple[str, ...]:
    found = scene.beside(run.directory, "Brewfile") if verb == "bundle" else ""
    return (found,) if found else ()


def _tap(run: Run, scene: Scene, words: list[str]) -> Iterator[Code]:
    if words:
        yield code(
            run,
            scene,
            CodeKind.SOURCE,
            f"brew tap {' '.join(words)}",
            Firmness.BRANCH,
            packages=words[:1],
            runs="import",
        )


def _pacman(run: Run, scene: Scene) -> Iterator[Code]:
    first = next((text for text in run.texts if text.startswith("-S")), "")
    names = [text for text in run.texts if not text.startswith("-")]
    if first and "s" not in first[2:] and "i" not in first[2:] and (names or "u" in first):
        yield code(
            run,
            scene,
            CodeKind.PACKAGES,
            f"pacman {first} {' '.join(names)}".strip(),
            Firmness.FLOATING,
            packages=names,
        )
