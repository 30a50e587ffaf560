"""Where tools take plugins, features and extensions from, and what those bring along."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from seawall.kernel.advisory import Severity
from seawall.kernel.code import LOOSENESS, Firmness
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.launch import fetched, from_git, subject
from seawall.kernel.rule import rule
from seawall.kernel.tool import Moment, Reference, ReferenceKind, ToolFile

_MOVES = frozenset(
    {ReferenceKind.MARKETPLACE, ReferenceKind.PLUGIN, ReferenceKind.FEATURE, ReferenceKind.IMAGE}
)


@rule("tools/floating-rev", Severity.MEDIUM)
def floating_rev(intake: Intake) -> Iterator[Evidence]:
    """A branch or tag of somebody else's repository is code that they can change under you.

    Marketplaces and plugins of agents, features and images of dev containers, and launch lines that start
    from git, without a full commit or a digest. A feature that the lockfile beside it fixes is fixed; one
    with a version tag, and what a marketplace offers, is information.

    Why: an update of a plugin brings new hooks and servers, and nobody is asked again.

    Attack: Nx Console 18.95.0 (18 May 2026) ran `npx -y github:nrwl/nx#…` when a folder was opened: code
    from git, by a commit that belonged to no branch, which no registry control sees.

    Fix: pin the full commit (`sha`) or the digest; keep `devcontainer-lock.json` in the tree.
    """
    locked = _locked(intake)
    for file in intake.tools:
        for reference in file.references:
            severity = _severity(reference, file, locked)
            if severity is not None:
                yield _of_reference(reference, file, severity)
        yield from _launches(file)


def _severity(item: Reference, file: ToolFile, locked: set[tuple[str, str]]) -> Severity | None:
    if (
        item.kind not in _MOVES
        or item.relation == "locks"
        or LOOSENESS[item.pin] <= LOOSENESS[Firmness.VERSION]
    ):
        return None
    if item.kind is ReferenceKind.PLUGIN and item.relation == "installs":
        return None  # its marketplace says from where it comes
    if item.kind is ReferenceKind.FEATURE and (dirname(file.path), item.name) in locked:
        return None
    if item.kind is ReferenceKind.MARKETPLACE:
        return Severity.MEDIUM if _enabled(item, file) else Severity.LOW
    if item.relation == "offers" or item.pin is Firmness.TAG:
        return Severity.INFO
    return Severity.LOW


def _enabled(market: Reference, file: ToolFile) -> bool:
    """A plugin of the marketplace is switched on in the same file."""
    return any(r.kind is ReferenceKind.PLUGIN and r.owner == market.name for r in file.references)


def _locked(intake: Intake) -> set[tuple[str, str]]:
    return {
        (dirname(file.path), item.name)
        for file in intake.tools
        for item in file.references
        if item.relation == "locks" and item.pin is Firmness.HASH
    }


def _of_reference(item: Reference, file: ToolFile, severity: Severity) -> Evidence:
    where = item.source.location
    told = f" from {where}" if where and where != item.name else ""
    what = f"at {item.ref}, which can move" if item.ref else "at whatever is newest"
    return Evidence(
        message=f"the {item.kind} {item.name}{told} is taken {what}",
        advice="pin the full commit or the digest",
        path=file.path,
        line=item.line,
        severity=severity,
        subject=f"{item.kind} {item.name}",
        detail={"kind": str(item.kind), "pin": str(item.pin), "ref": item.ref},
    )


def _launches(file: ToolFile) -> Iterator[Evidence]:
    seen: set[str] = set()
    for launch in file.launches:
        for code in fetched(launch, file.path):
            name = subject(code)
            loose = LOOSENESS[code.pin] > LOOSENESS[Firmness.VERSION]
            if from_git(code) and loose and name not in seen:
                seen.add(name)
                quiet = launch.moment in (Moment.CONTAINER, Moment.ASKED)
                yield Evidence(
                    message=f"the {launch.kind} {launch.name!r} starts what {name} is now",
                    advice="pin the full commit, or use a release by its exact version",
                    path=file.path,
                    line=launch.line,
                    severity=Severity.INFO if quiet else None,
                    subject=f"{launch.kind} {launch.name} {name}",
                    detail={"kind": "git", "pin": str(code.pin), "ref": code.ref},
                )


_KNOWN_PUBLISHERS = frozenset({
    "aaron-bond", "adpyke", "alefragnani", "amazonwebservices", "antfu", "anthropic", "anysphere",
    "arcanis", "astral-sh", "astro-build", "atlassian", "augment", "batisteo", "bierner", "biomejs",
    "bradlc", "bufbuild", "charliermarsh", "christian-kohler", "codeium", "codezombiech", "continue",
    "cschleiden", "csstools", "cursor", "cweijan", "dart-code", "davidanson", "dbaeumer", "denoland",
    "docker", "dotjoshjohnson", "dtsvet", "eamodio", "eamonn", "ecmel", "editorconfig", "eg2",
    "elixir-lsp", "eriklynd", "esbenp", "expo", "figma", "fill-labs", "firsttris", "formulahendry",
    "foxundermoon", "github", "gitlab", "golang", "google", "googlecloudtools", "grafana", "graphql",
    "gruntfuggly", "hashicorp", "haskell", "hbenl", "humao", "iliazeus", "jakebecker", "james-yu",
    "jebbs", "jnoortheen", "johnpapa", "julialang", "kevinrose", "llvm-vs-code-extensions",
    "mathiasfrohlich", "mechatroner", "mgmcdermott", "mhutchie", "mikestead", "mongodb", "monosans",
    "ms-azure-devops", "ms-azuretools", "ms-ceintl", "ms-dotnettools", "ms-kubernetes-tools",
    "ms-mssql", "ms-playwright", "ms-pyright", "ms-python", "ms-toolsai", "ms-vscode",
    "ms-vscode-remote", "ms-vsliveshare", "ms-windows-ai-studio", "msjsdiag", "mtxr", "nefrob",
    "njpwerner", "nrwl", "oderwat", "openai", "orta", "oven", "oxc", "pivotal", "pkief", "platformio",
    "prettier", "prisma", "quarto", "quicktype", "rangav", "redhat", "rust-lang", "sass", "scala-lang",
    "scalameta", "serayuzgur", "shardulm94", "skellock", "skyapps", "snyk-security", "sonarsource",
    "streetsidesoftware", "stylelint", "svelte", "swiftlang", "tamasfe", "tauri-apps", "teabyii",
    "timonwong", "tomoki1207", "unifiedjs", "usernamehw", "vadimcn", "visualstudioexptteam", "vitest",
    "vmware", "vscjava", "vscode", "vscode-icons-team", "vscodevim", "vstirbu", "vue", "wayou",
    "wholroyd", "wix", "yoavbls", "yzhang", "ziglang", "zxh404",
})  # fmt: skip
"""Publishers whose extensions are installed by very many people; being one is no proof of anything."""

_PACKS = ("extension-pack", "extensionpack", "-pack", "vscode-pylance-pack")


@rule("tools/extension-pack", Severity.LOW)
def extension_pack(intake: Intake) -> Iterator[Evidence]:
    """One click on an extension can install others that nobody looked at.

    Extensions of an installed editor that pull in others (`extensionPack`, `extensionDependencies`), packs
    among those that a tree recommends or a dev container installs, and, as information, publishers whom few
    people know.

    Why: an extension runs as you, updates itself, and may add a companion in any update.

    Attack: between 31 January and 9 March 2026 GlassWorm published 72 harmless extensions and then, in an
    update, had them pull in its loader as a pack or dependency.

    Fix: recommend single extensions of publishers you know, pin their version, and switch off automatic
    updates where secrets are.
    """
    for file in intake.tools:
        yield from _pulled_in(file)
        named = [r for r in file.references if r.kind is ReferenceKind.EXTENSION]
        for item in named:
            if item.relation in ("installs", "recommends") and item.name.lower().endswith(_PACKS):
                yield _pack(item, file)
        yield from _strangers(file, named)


def _pack(item: Reference, file: ToolFile) -> Evidence:
    verb = "installs" if item.relation == "installs" else "recommends"
    known = _publisher(item) in _KNOWN_PUBLISHERS
    return Evidence(
        message=f"{verb} {item.name}, which brings other extensions along",
        advice="name the extensions that you want, one by one",
        path=file.path,
        line=item.line,
        severity=Severity.INFO if known else None,
        subject=item.name,
        detail={"extension": item.name},
    )


def _pulled_in(file: ToolFile) -> Iterator[Evidence]:
    names = [r for r in file.references if r.relation == "pulls-in"]
    if names:
        strangers = [r.name for r in names if _publisher(r) not in _KNOWN_PUBLISHERS]
        shown = ", ".join(r.name for r in names[:3]) + (
            f" and {len(names) - 3} more" if len(names) > 3 else ""
        )
        yield Evidence(
            message=f"this extension pulls in {shown}",
            advice="look at each of them, or take an extension that stands alone",
            path=file.path,
            line=names[0].line,
            severity=None if strangers else Severity.INFO,
            subject="pulls-in",
            detail={"extensions": [r.name for r in names[:50]]},
        )


def _strangers(file: ToolFile, named: list[Reference]) -> Iterator[Evidence]:
    found = [
        r for r in named
        if r.relation in ("installs", "recommends") and _publisher(r) not in _KNOWN_PUBLISHERS
    ]  # fmt: skip
    if found:
        shown = ", ".join(r.name for r in found[:3]) + (
            f" and {len(found) - 3} more" if len(found) > 3 else ""
        )
        yield Evidence(
            message=f"extensions of publishers that few people know: {shown}",
            advice="look at who publishes them before you install them",
            path=file.path,
            line=found[0].line,
            severity=Severity.INFO,
            subject="strangers",
            detail={"extensions": [r.name for r in found[:50]]},
        )


def _publisher(item: Reference) -> str:
    return item.name.partition(".")[0].lower()
