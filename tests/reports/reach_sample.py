"""A graph for the tests of reports: a job that signs, and one name that tries to break out of each format."""

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.finding import Skipped
from seawall.kernel.reach.edge import (
    Confidence,
    Cut,
    Edge,
    Line,
    Place,
    PlaceKind,
    Reach,
    Target,
    TargetKind,
)

FILE = ".github/workflows/release.yml"
SIGN, PUBLISH = f"{FILE}#sign", f"{FILE}#publish"
NPM = Code(
    CodeKind.PACKAGES, "npm install", Firmness.FLOATING, FILE, 24, 3, ecosystem="npm", packages=("axios",)
)
ACTION = Code(CodeKind.ACTION, "acme/upload", Firmness.SHA, FILE, 40, 0, ref="a" * 40)
HOSTILE = '</script><b>"`#\x1b[31m\u202e'
NOTARY = Target(TargetKind.SECRET, "APPLE_NOTARY_KEY", "repository", 95)
APP = Target(TargetKind.RELEASE, "app.dmg", "job", 90)
CUT = Cut("split-job", "move `npm install` into a job of its own", FILE, 24)
PERSIST = Cut("persist-credentials", "persist-credentials: false", FILE, 20, mechanical=True)


def graph() -> Reach:
    edges = (
        Edge(
            NPM,
            SIGN,
            NOTARY,
            ("R1",),
            Confidence.CERTAIN,
            evidence=(Line(FILE, 24), Line(FILE, 12)),
            cuts=(CUT,),
        ),
        Edge(NPM, SIGN, APP, ("R9",), Confidence.INTEGRITY, "push of a tag", evidence=(Line(FILE, 30),)),
        Edge(
            ACTION,
            PUBLISH,
            Target(TargetKind.TOKEN, "GITHUB_TOKEN", "contents:write", 60),
            ("R0", "R2"),
            Confidence.CERTAIN,
            "after approval of environment release",
            evidence=(Line(FILE, 40),),
            cuts=(PERSIST,),
        ),
        Edge(
            ACTION, PUBLISH, Target(TargetKind.SECRET, HOSTILE, "repository", 10), ("R4",), Confidence.STRONG
        ),
    )
    places = (
        Place(SIGN, PlaceKind.JOB, FILE, "sign", "", 8, ("macos-14",), ("push",)),
        Place(PUBLISH, PlaceKind.JOB, FILE, "publish", "release", 36, ("ubuntu-latest",), ("push",)),
    )
    skipped = (Skipped("ci.yml", "line 3: not YAML", "mend it"),)
    return Reach(places, ((SIGN, NPM), (PUBLISH, ACTION)), edges, skipped)
