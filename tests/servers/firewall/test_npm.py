import gzip
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.decision import DecidedBy, Decision, Outcome
from seawall.kernel.dialect import Asked, Audit, Document, File, Said, Wanted
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.servers.firewall.npm import NPM

BASE = "http://127.0.0.1:8080/npm"
SHORT = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"


def ask(path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Wanted:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return NPM.understand(Asked(method, path, "", named, BASE, body))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/axios", Document("axios", "full")),
        ("/axios/", Document("axios", "full")),
        ("/@s%2fn", Document("@s/n", "full")),
        ("/@s%2Fn", Document("@s/n", "full")),
        ("/@s/n", Document("@s/n", "full")),
        ("/%40s%2fn", Document("@s/n", "full")),
        ("/JSONStream", Document("JSONStream", "full")),
        ("/axios/1.14.0", Document("axios", "manifest:1.14.0")),
        ("/axios/next", Document("axios", "manifest:next")),
        ("/@s%2fn/latest", Document("@s/n", "manifest:latest")),
        ("/@s/n/1.0.0-rc.1", Document("@s/n", "manifest:1.0.0-rc.1")),
        ("/-/package/axios/dist-tags", Document("axios", "tags")),
        ("/-/package/@s%2fn/dist-tags", Document("@s/n", "tags")),
        ("/-/npm/v1/attestations/axios@1.14.0", File("axios", "axios-1.14.0.tgz", "attestations")),
        ("/-/npm/v1/attestations/@s/n@1.0.0", File("@s/n", "n-1.0.0.tgz", "attestations")),
        ("/-/npm/v1/attestations/@s%2fn@1.0.0", File("@s/n", "n-1.0.0.tgz", "attestations")),
        ("/axios/-/axios-1.14.0.tgz", File("axios", "axios-1.14.0.tgz")),
        ("/@s/n/-/n-1.0.0.tgz", File("@s/n", "n-1.0.0.tgz")),
        ("/@s%2fn/-/n-1.0.0.tgz", File("@s/n", "n-1.0.0.tgz")),
        ("/@s/n/-/@s/n-1.0.0.tgz", File("@s/n", "n-1.0.0.tgz")),
        ("/a/-/a-1.0.0%2Bx.tgz", File("a", "a-1.0.0+x.tgz")),
    ],
)
def test_what_clients_ask(path: str, wanted: Wanted) -> None:
    assert ask(path) == wanted
    assert ask(path, "HEAD") == wanted


def test_installs_ask_for_the_short_form() -> None:
    assert ask("/axios", accept=SHORT) == Document("axios", "abbreviated")
    assert ask("/axios/latest", accept=SHORT) == Document("axios", "manifest:latest")


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "//", "axios", "/..", "/axios/..", "/axios/%2e%2e", "/axios/-/..", "/axios/-/%2e%2e%2fx.tgz",
        "/axios/-/x%00.tgz", "/axios/-/x\\y.tgz", "/axios/-/x.tar", "/axios/-/", "/axios/-", "/axios/-/a/b.tgz",
        "/axios/1/2", "/%ff", "/@s", "/@s/", "/@/n", "/@s%2fn%2fx", "/a%2fb", "/.git/config", "/_x", "/-/..",
        "/-/all", "/-/v1/search", "/-/whoami", "/-/npm/v1/keys", "/-/npm/v1/attestations/axios",
        "/-/npm/v1/attestations/@s/n", "/-/npm/v1/attestations/", "/-/npm/v1/attestations/a@b/c",
        "/-/npm/v1/attestations/a@1/../../x", "/-/npm/v1/attestations/@1.0.0",
        "/-/package/../dist-tags", "/-/package/dist-tags", "/a" * 40, "/" + "a" * 300, "/axios%250a", "/a%0a",
        "/axios/" + "x" * 300, "/axios/%e2%80%aex", "/node modules", "/@s/n/-/@t/n-1.0.0.tgz",
    ],
)  # fmt: skip
def test_what_is_not_here(path: str) -> None:
    said = ask(path)
    assert isinstance(said, Said)
    assert said.status in (400, 404)
    assert json.loads(said.body)["error"].startswith("Seawall: ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/axios"),
        ("PUT", "/-/user/org.couchdb.user:x"),
        ("POST", "/-/v1/login"),
        ("DELETE", "/axios/-rev/1"),
        ("POST", "/axios"),
        ("PUT", "/-/package/axios/dist-tags/latest"),
        ("BREW", "/axios"),
    ],
)
def test_it_only_hands_out(method: str, path: str) -> None:
    said = ask(path, method, b"{}")
    assert isinstance(said, Said)
    assert said.status == 405
    assert "only hands out packages" in json.loads(said.body)["error"]
    assert ("allow", "GET, HEAD") in said.headers


def test_ping() -> None:
    assert ask("/-/ping") == Said(200, b"{}")


def test_audits() -> None:
    bulk = json.dumps({"axios": ["1.14.1"]}).encode()
    asked = ask("/-/npm/v1/security/advisories/bulk", "POST", gzip.compress(bulk), content_encoding="gzip")
    assert asked == Audit((("axios", ("1.14.1",)),), "bulk")
    tree = json.dumps({"dependencies": {"axios": {"version": "1.14.1"}}}).encode()
    for path in ("/-/npm/v1/security/audits", "/-/npm/v1/security/audits/quick"):
        assert ask(path, "POST", tree) == Audit((("axios", ("1.14.1",)),), "quick")
        said = ask(path, "POST", b"{")
        assert isinstance(said, Said)
        assert said.status == 400


WORDS = st.sampled_from(
    ["-", "..", ".", "@s", "n", "%2f", "%2e", "%00", "npm", "v1", "a-1.0.0.tgz", "%ff", "\u0660", ""]
)


@given(
    st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=8).map("/".join)).map(lambda path: f"/{path}"),
    st.sampled_from(["GET", "HEAD", "POST", "PUT", ""]),
    st.binary(max_size=20),
    st.sampled_from(["", SHORT, "\xff"]),
)
def test_every_path_is_understood(path: str, method: str, body: bytes, accept: str) -> None:
    match ask(path, method, body, accept=accept, content_encoding=accept):
        case Document(name, form):
            assert NPM.address("https://registry.example", name)
            assert form.partition(":")[0] in ("full", "abbreviated", "manifest", "tags")
            assert ".." not in name.split("/")
        case File(name, filename, aside):
            assert aside in ("", "attestations")
            assert NPM.address("https://registry.example", name)
            assert "/" not in filename
            assert filename.endswith(".tgz")
        case Said(status, said):
            assert status in (200, 400, 404, 405)
            json.loads(said)
        case Audit(packages, _):
            assert method == "POST"
            assert all(versions for _, versions in packages)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20))
def test_a_name_is_the_same_however_it_is_written(name: str) -> None:
    plain, coded = ask(f"/{quote(name)}"), ask("/" + "".join(f"%{byte:02x}" for byte in name.encode()))
    if name and "/" not in name:
        assert plain == coded


DENIED = Admission(Decision(Outcome.DENY, (DecidedBy("cooldown", "too young"),)))
ALLOWED = Admission(Decision(Outcome.ALLOW))


@pytest.fixture
def offering() -> Offering:
    document = {"name": "a", "dist-tags": {"latest": "2.0.0"}, "versions": {"1.0.0": {}, "2.0.0": {}}}
    url = NPM.address("https://registry.example", "a")
    return NPM.read(json.dumps(document).encode(), "application/json", url, "a", "main", DEFAULT_LIMITS)


def test_forms(offering: Offering) -> None:
    ruling = Ruling({"a-1.0.0.tgz": ALLOWED, "a-2.0.0.tgz": DENIED})
    for form, kind in (("full", "application/json"), ("abbreviated", "application/vnd.npm.install-v1+json")):
        made = NPM.render(offering, ruling, form, BASE)
        assert (made.status, made.content_type) == (200, kind)
        assert json.loads(made.body)["versions"].keys() == {"1.0.0"}
        assert dict(made.headers)["npm-notice"].startswith("Seawall: a 2.0.0 is held back: too young")
        assert dict(made.headers)["cache-control"] == "no-store"  # else npm does not print the notice
    assert json.loads(NPM.render(offering, ruling, "tags", BASE).body) == {"latest": "1.0.0"}
    assert json.loads(NPM.render(offering, ruling, "manifest:latest", BASE).body)["version"] == "1.0.0"
    for wanted, status in (("2.0.0", 403), ("3.0.0", 404), ("nope", 404)):
        made = NPM.render(offering, ruling, f"manifest:{wanted}", BASE)
        assert made.status == status
        assert "Seawall" in json.loads(made.body)["error"]


def test_nothing_to_tell_no_notice(offering: Offering) -> None:
    made = NPM.render(offering, Ruling({"a-1.0.0.tgz": ALLOWED, "a-2.0.0.tgz": ALLOWED}), "full", BASE)
    assert made.headers == ()


def test_a_name_of_which_nothing_is_left_is_a_denial(offering: Offering) -> None:
    ruling = Ruling({"a-1.0.0.tgz": DENIED, "a-2.0.0.tgz": DENIED})
    for form in ("full", "abbreviated", "tags", "manifest:1.0.0"):
        made = NPM.render(offering, ruling, form, BASE)
        assert made.status == 403
        assert "too young" in json.loads(made.body)["error"]


def test_what_nobody_judged_is_empty_and_no_defect(offering: Offering) -> None:
    assert json.loads(NPM.render(offering, Ruling({}), "full", BASE).body)["versions"] == {}
