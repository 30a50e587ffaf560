"""What a child is given leads to one address, and nothing that leads elsewhere is left to it."""

from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.leading import LED, RELAYED, Door, led, npmrc_of

BASE = "http://127.0.0.1:4711/seawall-run-" + "0a" * 16
_NAMES = [
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX_PRIVATE_PASSWORD",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
    "npm_config_@acme:registry",
    "npm_config_//registry.example/:_authToken",
    "pnpm_config_registry",
    "YARN_NPM_REGISTRY_SERVER",
    "YARN_NPM_AUTH_TOKEN",
    "BUN_CONFIG_TOKEN",
    "HF_ENDPOINT",
    "SEAWALL_TOKEN",
    "SEAWALL_DATA",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SECRET",
]


KEPT = "http://127.0.0.1:4711/seawall-run-" + "1b" * 16
KEY = "2c" * 16
DOOR = Door(BASE, KEPT, KEY)


def test_every_client_is_led() -> None:
    told = led({}, Door(BASE))
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        assert told[name] == f"{BASE}/pypi/simple/"
    for name in ("npm_config_registry", "pnpm_config_registry", "YARN_REGISTRY", "BUN_CONFIG_REGISTRY"):
        assert told[name] == f"{BASE}/npm/"
    assert told["YARN_NPM_REGISTRY_SERVER"] == f"{BASE}/npm"
    assert told["YARN_UNSAFE_HTTP_WHITELIST"] == "127.0.0.1"
    assert told["HF_ENDPOINT"] == f"{BASE}/hf"
    assert set(told) == {name for client in LED for name in client.variables} | {"NO_PROXY", "no_proxy"}


@given(st.dictionaries(st.sampled_from(_NAMES), st.just("https://elsewhere.example/")))
def test_nothing_that_leads_elsewhere_is_left(around: dict[str, str]) -> None:
    told = led({**around, "KEPT": "yes"}, Door(BASE), ["SECRET"])
    assert "https://elsewhere.example/" not in told.values()
    assert told["KEPT"] == "yes"


def test_users_own_scopes_and_indexes_are_led_too() -> None:
    told = led({}, Door(BASE), scopes=["@acme"], extra_indexes=True)
    assert told["npm_config_@acme:registry"] == f"{BASE}/npm/"
    assert told["PIP_EXTRA_INDEX_URL"] == f"{BASE}/pypi/simple/"


def test_a_proxy_is_not_asked_for_the_relay() -> None:
    told = led({"NO_PROXY": "a.example, b.example", "HTTPS_PROXY": "http://p.example:3128"}, Door(BASE))
    assert told["NO_PROXY"] == "a.example, b.example,127.0.0.1"
    assert told["no_proxy"] == "127.0.0.1"
    assert told["HTTPS_PROXY"] == "http://p.example:3128"


def test_what_clients_keep_by_address_has_an_address_that_stays_and_a_key_that_does_not() -> None:
    told = led(
        {"NPM_CONFIG_USERCONFIG": "/own"}, DOOR, scopes=["@acme"], extra_indexes=True, npmrc="/private"
    )
    keyed = f"http://run:{KEY}@127.0.0.1:4711/seawall-run-" + "1b" * 16
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX"):
        assert told[name] == f"{keyed}/pypi/simple/"
    assert told["pnpm_config_registry"] == f"{KEPT}/npm/"
    for name in ("npm_config_registry", "YARN_REGISTRY", "npm_config_@acme:registry", "BUN_CONFIG_REGISTRY"):
        assert told[name] == f"{BASE}/npm/"
    assert told["HF_ENDPOINT"] == f"{BASE}/hf"
    assert told["npm_config_userconfig"] == "/private"
    assert "NPM_CONFIG_USERCONFIG" not in told
    assert KEY not in repr(DOOR)
    assert {name for name, value in told.items() if KEY in value} == {
        "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX",
    }  # fmt: skip


def test_the_npmrc_of_a_run_is_the_users_without_what_leads_elsewhere() -> None:
    own = """registry=https://other.example/
 "@acme:registry" = https://acme.example/
//acme.example/:_authToken=${TOKEN}
"//acme.example/:_password"=x
_auth=x
_authToken=y
username=me
always-auth=true
ignore-scripts=true
cafile=/etc/ca.pem
; registry of ours
save-exact
[section]
proxy=http://p.example
"""
    lines = npmrc_of(own, DOOR, ["@acme"]).splitlines()
    assert lines == [
        f"registry={BASE}/npm/",
        f"@acme:registry={BASE}/npm/",
        f"//127.0.0.1:4711/seawall-run-{'1b' * 16}/npm/:_authToken={KEY}",
        "ignore-scripts=true",
        "cafile=/etc/ca.pem",
        "; registry of ours",
        "save-exact",
        "[section]",
        "proxy=http://p.example",
    ]
    assert npmrc_of("", Door(BASE)) == f"registry={BASE}/npm/\n"


def test_an_address_of_a_relay_is_recognised() -> None:
    assert RELAYED.fullmatch(DOOR.keyed)
    assert RELAYED.fullmatch(DOOR.keyed.replace(KEY, "****"))
    assert RELAYED.fullmatch(BASE)
    assert not RELAYED.search("http://127.0.0.1:4711/pypi/simple/")
    assert not RELAYED.search("http://other.example:4711/seawall-run-" + "0a" * 16)
