"""What a child is given leads to one address, and nothing that leads elsewhere is left to it."""

from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.leading import LED, RELAYED, led

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


def test_every_client_is_led() -> None:
    told = led({}, BASE)
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
    told = led({**around, "KEPT": "yes"}, BASE, ["SECRET"])
    assert "https://elsewhere.example/" not in told.values()
    assert told["KEPT"] == "yes"


def test_users_own_scopes_and_indexes_are_led_too() -> None:
    told = led({}, BASE, scopes=["@acme"], extra_indexes=True)
    assert told["npm_config_@acme:registry"] == f"{BASE}/npm/"
    assert told["PIP_EXTRA_INDEX_URL"] == f"{BASE}/pypi/simple/"


def test_a_proxy_is_not_asked_for_the_relay() -> None:
    told = led({"NO_PROXY": "a.example, b.example", "HTTPS_PROXY": "http://p.example:3128"}, BASE)
    assert told["NO_PROXY"] == "a.example, b.example,127.0.0.1"
    assert told["no_proxy"] == "127.0.0.1"
    assert told["HTTPS_PROXY"] == "http://p.example:3128"


def test_an_address_of_a_relay_is_recognised() -> None:
    assert RELAYED.fullmatch(BASE)
    assert not RELAYED.search("http://127.0.0.1:4711/pypi/simple/")
    assert not RELAYED.search("http://other.example:4711/seawall-run-" + "0a" * 16)
