import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.source import SourceKind, clean_address, source_from_url

SECRET = "canary-51d0a4"


@pytest.mark.parametrize(
    ("text", "address", "host"),
    [
        ("https://a.example/", "https://a.example/", "a.example"),
        ("HTTPS://A.Example:8443/Npm/", "https://a.example:8443/Npm/", "a.example:8443"),
        ("https://u:p@a.example/npm/", "https://a.example/npm/", "a.example"),
        ("https://me@corp.example:p@ss@a.example/", "https://a.example/", "a.example"),
        ("https://a.example/?token=x&v=2", "https://a.example/?v=2", "a.example"),
        ("https://a.example/#here", "https://a.example/", "a.example"),
        ("https://${HOST}/npm/", "https://${host}/npm/", "${host}"),
        ("http://[::1]:4873/", "http://[::1]:4873/", "[::1]:4873"),
    ],
)
def test_an_address_is_cleaned(text: str, address: str, host: str) -> None:
    assert clean_address(text) == (address, host)


@pytest.mark.parametrize(
    "text",
    [
        '= "https://u:%s@a.example/"',
        "https://u:%s/x@a.example/",
        "https://%s/x@a.example/",
        "https://%s?x@a.example/",
        "https://%s#x@a.example/",
        "https://%s%%40a.example/",
        "https:\\\\u:%s@a.example\\",
        "https://x\\u:%s@a.example",
        "https:/u:%s@a.example/",
        "https://a.example/https://u:%s@b.example/",
        "https://a.example:99999/%s",
        "https://a.example:/x y%s",
        "ftp://u:%s@a.example/",
        "file:///home/%s/wheels",
        "/home/%s/wheels",
        "u:%s@a.example",
        "",
        "https://",
    ],
)
def test_of_what_is_unclear_nothing_is_kept(text: str) -> None:
    assert clean_address(text.replace("%s", SECRET).replace("%%", "%")) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        '= "https://u:%s@a.example/"',
        "x https://u:%s@a.example/p",
        "https:///u:%s@a.example/p",
        "1://u:%s@a.example/p",
        "https://u:%s@a.example:port/p",
        "git+https://u:%s@a.example/p",
        "git+ https://u:%s@a.example/p",
        "https://a.example/p?token=%s",
    ],
)
@pytest.mark.parametrize("kind", list(SourceKind))
def test_a_source_holds_no_credential(text: str, kind: SourceKind) -> None:
    assert SECRET not in repr(source_from_url(text.replace("%s", SECRET), kind))


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["", "https://", "git+ssh://", "//"]))
def test_nothing_before_the_last_at_sign_of_an_odd_address_is_kept(a: str, b: str, scheme: str) -> None:
    address, _ = clean_address(f"{a}{scheme}u:{SECRET}@{b}")
    assert SECRET not in address
