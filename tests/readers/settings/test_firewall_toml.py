"""firewall.toml: everything that it may say, and that everything else is said to be wrong, with its line."""

import re
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.client import KEYRING, CredentialPlace
from seawall.kernel.gate_settings import Exemption, GateSettings, GithubTrust, Listen, ModeFor
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.origin import Origin
from seawall.kernel.policy.facts import Mode
from seawall.readers.settings.firewall_toml import LAYOUT, FirewallFile, read, read_frozen, written

CANARY = "not-a-real-secret-1q7"
RING = (CredentialPlace(KEYRING, "ci"), CredentialPlace(KEYRING, "ci", "hub"))
WHOLE = """
[listen]
host = "10.1.2.3"
port = 8443
urls = ["https://firewall.example/"]
certificate = "/etc/seawall/tls.pem"
key = "/etc/seawall/tls.key"
client_ca = "~/ca.pem"
proxies = ["10.0.0.0/8", "::1"]

[mode]
default = "observe"

[[mode.for]]
mode = "enforce"
who = "team:payments"

[[mode.for]]
mode = "enforce"
path = "/npm/@acme/*"

[[upstream]]
ecosystem = "npm"
name = "acme"
url = "https://registry.example/npm/"
owns = ["@acme/*"]
files = ["Files.example:8443"]
credentials = [{ variable = "ACME_TOKEN" }, { file = "~/.npmrc", key = "//registry.example/npm/:_authToken" }]

[[upstream]]
ecosystem = "hugging face"
name = "hf"
url = "http://127.0.0.1:9000"
credentials = [{ file = "/run/token" }, { keyring = "ci" }, { keyring = "ci", service = "hub" }]

[[exemptions]]
asset = "pkg:npm/axios@1.14.2"
reason = "it repairs the login"
author = "the web team"
expires = 2027-01-31
kind = "hotfix"

[identity]
anonymous = false

[[identity.github]]
audience = "https://firewall.example"
issuer = "https://issuer.example"
owners = ["1234567", 89]
refs = ["refs/heads/main"]
minutes = 30

[ledger]
durability = "async"
within_seconds = 2

[cache]
size = "1.5 GiB"
documents = 1000000
hold = "64 MiB"
fresh_seconds = 0.5
stale_seconds = 3600

[limits]
file = "1 TiB"
document = "8 MiB"
connections = 4
requests_per_second = 5

[compare]
days = 30
"""


def of(text: str, limits: Limits = DEFAULT_LIMITS) -> FirewallFile:
    return read(text.encode(), "firewall.toml", limits)


def test_everything_that_can_be_said() -> None:
    found = of(WHOLE)
    assert found.problems == ()
    assert found.names_upstreams
    assert found.settings == GateSettings(
        listen=Listen(
            "10.1.2.3", 8443, ("https://firewall.example",), "/etc/seawall/tls.pem", "/etc/seawall/tls.key",
            "~/ca.pem", ("10.0.0.0/8", "::1"),
        ),
        origins=(
            Origin(
                "npm", "acme", "https://registry.example/npm/", ("@acme/*",),
                (CredentialPlace("", "ACME_TOKEN"), CredentialPlace("~/.npmrc", "//registry.example/npm/:_authToken")),
                ("files.example:8443",),
            ),
            Origin("Hugging Face", "hf", "http://127.0.0.1:9000", (), (CredentialPlace("/run/token", ""), *RING)),
        ),
        mode=Mode.OBSERVE,
        modes=(ModeFor(Mode.ENFORCE, "team:payments"), ModeFor(Mode.ENFORCE, "", "/npm/@acme/*")),
        exemptions=(
            Exemption("pkg:npm/axios@1.14.2", "it repairs the login", "the web team", date(2027, 1, 31), "hotfix", 36),
        ),
        github=(
            GithubTrust(
                "https://firewall.example", "https://issuer.example", ("1234567", "89"), refs=("refs/heads/main",),
                minutes=30,
            ),
        ),
        anonymous=False, durability="async", within_seconds=2.0, cache_bytes=3 * 1024**3 // 2, heard_bytes=1_000_000,
        hold_bytes=64 * 1024**2, fresh_seconds=0.5, stale_seconds=3600.0, file_bytes=1024**4,
        document_bytes=8 * 1024**2, connections=4, requests_per_second=5.0, compare_days=30,
    )  # fmt: skip


def test_every_field_has_its_key() -> None:
    for table, kind, more in (
        ("[listen]", Listen, set()),
        ("[[upstream]]", Origin, set()),
        ("[[mode.for]]", ModeFor, set()),
        ("[[exemptions]]", Exemption, {"line"}),
        ("[[identity.github]]", GithubTrust, set()),
    ):
        assert {key.field for key in LAYOUT if key.table == table} == {f.name for f in fields(kind)} - more
    single = {key.field for key in LAYOUT if not key.table.startswith("[[") and key.table != "[listen]"}
    apart = {"listen", "origins", "modes", "exemptions", "github", "frozen"}
    assert single == {f.name for f in fields(GateSettings)} - apart


def test_an_empty_file_sets_nothing() -> None:
    assert of("") == FirewallFile("firewall.toml")


UPSTREAM = '[[upstream]]\necosystem = "npm"\nname = "a"\nurl = "https://registry.example/"\n'
EXEMPTION = (
    '[[exemptions]]\nasset = "pkg:npm/a"\nreason = "r"\nauthor = "a"\nexpires = 2027-01-31\nkind = "hotfix"\n'
)
GITHUB = '[[identity.github]]\naudience = "a"\nissuer = "https://issuer.example"\nowners = ["1"]\n'


def swapped(text: str, key: str, line: str) -> str:
    return "\n".join(line if old.startswith(f"{key} =") else old for old in text.splitlines())


WRONG = [
    ("[listne]\nport = 1", 1, "is not a table"),
    ("listen = 1", 1, "must be a table"),
    ("port = 1", 0, "is not a table"),
    ("[listen]\nprot = 1", 2, "no setting 'prot'"),
    ("[listen]\nport = 70000", 2, "from 0 to 65535"),
    ("[listen]\nport = true", 2, "whole number"),
    ('[listen]\nhost = ""', 2, "not empty"),
    ('[listen]\nhost = "a\\u0007"', 2, "one line"),
    ('[listen]\ncertificate = "/a"', 1, "certificate and key"),
    ('[listen]\nclient_ca = "/a"', 1, "needs certificate"),
    ('[listen]\nkey = "tls.key"', 2, "absolute path"),
    ('[listen]\nproxies = ["everybody"]', 2, "networks"),
    ('[listen]\nurls = ["http://firewall.example"]', 2, "must be https"),
    ('[listen]\nurls = ["https://firewall.example/pypi"]', 2, "without a path"),
    ('[listen]\nurls = ["https://[::1"]', 2, "addresses"),
    ('[mode]\ndefault = "audit"', 2, "enforce or observe"),
    ('[[mode.for]]\nmode = "observe"', 1, "'who' or 'path'"),
    ('[[mode.for]]\nwho = "a"', 1, "'mode' is missing"),
    ('[[mode.for]]\nmode = "observe"\npath = "npm"', 3, "slash"),
    ('[mode]\nfor = "x"', 0, "[[mode.for]]"),
    ("[upstream]\na = 1", 1, "[[upstream]]"),
    ("upstream = [1]", 0, "[[upstream]]"),
    (UPSTREAM + UPSTREAM, 0, "called 'a'"),
    (swapped(UPSTREAM, "name", 'name = "cache"'), 3, "not cache"),
    (swapped(UPSTREAM, "name", 'name = "A B"'), 3, "short word"),
    (swapped(UPSTREAM, "ecosystem", 'ecosystem = "maven"'), 2, "npm, PyPI, Hugging Face"),
    (swapped(UPSTREAM, "url", ""), 1, "'url' is missing"),
    (swapped(UPSTREAM, "url", 'url = "http://registry.example/"'), 4, "must be https"),
    (swapped(UPSTREAM, "url", 'url = "https://registry.example/?a=b"'), 4, "must be an address"),
    (swapped(UPSTREAM, "url", 'url = "https://[::1"'), 4, "must be an address"),
    (swapped(UPSTREAM, "url", f'url = "https://ci:{CANARY}@registry.example/"'), 4, "`credentials`"),
    (swapped(UPSTREAM, "url", f'url = "https://{CANARY}@registry.example/"'), 4, "`credentials`"),
    (swapped(UPSTREAM, "url", f'url = "ftp://{CANARY}@registry.example/"'), 4, "`credentials`"),
    (UPSTREAM + 'files = ["https://files.example/"]', 5, "must be hosts"),
    (UPSTREAM + f'credentials = ["{CANARY}"]', 5, "never a credential"),
    (UPSTREAM + f'credentials = "{CANARY}"', 5, "never a credential"),
    (UPSTREAM + f'credentials = [{{ token = "{CANARY}" }}]', 5, "never a credential"),
    (UPSTREAM + 'credentials = [{ key = "a" }]', 5, "never a credential"),
    (UPSTREAM + 'credentials = [{ service = "a" }]', 5, "never a credential"),
    (UPSTREAM + 'credentials = [{ keyring = "-b" }]', 5, "{ keyring = USER, service = NAME }"),
    (UPSTREAM + 'credentials = [{ keyring = "ci", service = "--disable" }]', 5, "never a credential"),
    (UPSTREAM + f'credentials = [{{ keyring = "ci", password = "{CANARY}" }}]', 5, "never a credential"),
    (UPSTREAM + f'token = "{CANARY}"', 5, "no setting 'token'"),
    (UPSTREAM + 'owns = "@acme/*"', 5, "list of texts"),
    *[
        (swapped(EXEMPTION, key, ""), 1, f"'{key}' is missing")
        for key in ("asset", "reason", "author", "expires", "kind")
    ],
    (swapped(EXEMPTION, "reason", 'reason = " "'), 3, "not empty"),
    (swapped(EXEMPTION, "expires", 'expires = "2027-01-31"'), 5, "without quotation marks"),
    (swapped(EXEMPTION, "asset", 'asset = "axios"'), 2, "purl"),
    (swapped(EXEMPTION, "kind", 'kind = "malware"'), 6, "cooldown or hotfix"),
    (swapped(GITHUB, "audience", ""), 1, "'audience' is missing"),
    (swapped(GITHUB, "issuer", ""), 1, "'issuer' is missing"),
    (swapped(GITHUB, "issuer", 'issuer = "http://issuer.example"'), 3, "must be https"),
    (swapped(GITHUB, "owners", ""), 1, "jobs of anybody"),
    (swapped(GITHUB, "owners", "owners = []"), 1, "jobs of anybody"),
    (swapped(GITHUB, "owners", 'owners = ["acme"]'), 4, "taken over"),
    (GITHUB + "minutes = 1441", 5, "1440"),
    ("[identity]\nanonymous = 1", 2, "true or false"),
    ('[ledger]\ndurability = "maybe"', 2, "closed or async"),
    ("[ledger]\nwithin_seconds = 0", 2, "more than 0"),
    ("[ledger]\nwithin_seconds = nan", 2, "more than 0"),
    ('[cache]\nsize = "20 GB"', 2, "20 GiB"),
    ("[cache]\nsize = 0", 2, "20 GiB"),
    ("[cache]\nsize = true", 2, "20 GiB"),
    ("[limits]\nconnections = 0", 2, "from 1"),
    ("[compare]\ndays = -1", 2, "from 0"),
    ("frozen = 2026-11-25T13:00:00Z", 0, "not a table"),
    ("[listen\n", 1, "not TOML"),
]


@pytest.mark.parametrize(
    ("text", "line", "words"), WRONG, ids=[f"{n}: {w}" for n, (_, _, w) in enumerate(WRONG)]
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, words: str) -> None:
    found = of(text)
    assert len(found.problems) == 1, found.problems
    (problem,) = found.problems
    assert words in problem.message
    assert problem.line == line
    assert CANARY not in str(found)


def test_lines_of_later_entries() -> None:
    found = of(f"{UPSTREAM}\n# note\n{swapped(UPSTREAM, 'url', 'url = 1')}\n{EXEMPTION}\nx = 1\n")
    assert [problem.line for problem in found.problems] == [10, 18]
    assert [problem.message.partition(":")[0] for problem in found.problems] == ["upstream 2", "exemptions 1"]


def test_bounds() -> None:
    assert of("#" * 2_000_000).problems
    assert read(b"\xff\xfe\x00", "f", DEFAULT_LIMITS).problems
    assert read(b"a = " + b"[" * 5_000, "f", DEFAULT_LIMITS).problems


@given(st.text(max_size=300) | st.sampled_from(WHOLE.splitlines()).map(lambda line: f"{line}\n{line}"))
def test_it_never_raises(text: str) -> None:
    read(text.encode("utf-8", "surrogatepass"), "f", DEFAULT_LIMITS)
    read_frozen(text.encode("utf-8", "surrogatepass"), "f", DEFAULT_LIMITS)


@given(
    st.dictionaries(
        st.sampled_from([key.key for key in LAYOUT]), st.none() | st.integers() | st.text(max_size=5)
    )
)
def test_whatever_stands_in_an_entry(entry: dict[str, object]) -> None:
    lines = [
        f"{key} = {value!r}" if isinstance(value, int) else f"{key} = []" for key, value in entry.items()
    ]
    for table in {key.table for key in LAYOUT}:
        of(table + "\n" + "\n".join(lines))


PAGE = Path(__file__).parents[3] / "docs" / "firewall-settings.head.md"


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_what_the_page_shows_can_be_written(block: str) -> None:
    assert of(block).problems == ()


AT = datetime(2026, 11, 25, 13, 25, tzinfo=UTC)


def test_what_was_frozen_is_read_again() -> None:
    origins = of(WHOLE).settings.origins
    text = written(origins, AT)
    found = read_frozen(text.encode(), "f", DEFAULT_LIMITS)
    assert found.problems == ()
    assert (found.settings.origins, found.settings.frozen) == (origins, AT)
    assert read_frozen(written((), AT).encode(), "f", DEFAULT_LIMITS).settings.origins == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UPSTREAM, "frozen must be"),
        (f"frozen = 2026-11-25T13:25:00\n{UPSTREAM}", "frozen must be"),
        ("frozen = 2026-11-25T13:25:00Z\n[mode]\ndefault = 'observe'", "does not belong"),
        ("frozen = 2026-11-25T13:25:00Z\n[[upstream]]\nname = 'a'", "missing"),
        ("frozen = ", "not TOML"),
    ],
)
def test_a_frozen_file_holds_nothing_else(text: str, words: str) -> None:
    found = read_frozen(text.encode(), "f", DEFAULT_LIMITS)
    assert words in found.problems[0].message
