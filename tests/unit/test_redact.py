"""What looks like a secret is masked, what merely resembles one is left, and it never takes long."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifyd.redact import redact

SECRET = "s3cr3tValue"
HEX = "0123456789abcdef"

# Made up, and put together here so that no scanner takes this file for a leak.
TOKENS = [
    ("gh" + "p_", "a1B2" * 9),
    ("gh" + "s_", "a1B2" * 9),
    ("github" + "_pat_", "11ABCDEFG0_" + "a1" * 20),
    ("gl" + "pat-", "a1B2-c3D4_e5F6g7H8i9"),
    ("s" + "k-", "a1B2" * 12),
    ("s" + "k-ant-", "api03-" + "a1_B" * 20),
    ("s" + "k-proj-", "a1_B" * 20),
    ("s" + "k_live_", "a1B2" * 6),
    ("AK" + "IA", "IOSFODNN7EXAMPLE"),
    ("AS" + "IA", "IOSFODNN7EXAMPLE"),
    ("xo" + "xb-", "123456789012-abcDEF"),
    ("xa" + "pp-", "1-A0B1C2D3-4567-abcdef"),
    ("AI" + "za", "aB3_" * 8 + "aB3"),
    ("ya" + "29.", "aB3_" * 10),
    ("np" + "m_", "a1B2" * 9),
    ("py" + "pi-", "AgEIcHlwaS5vcmc" + "aB3_" * 12),
    ("h" + "f_", "aBcD" * 9),
    ("S" + "G.", "a" * 22 + "." + "b" * 43),
    ("dckr" + "_pat_", "aB3-" * 6),
    ("do" + "p_v1_", HEX * 4),
    ("shp" + "at_", HEX * 2),
    ("e" + "yJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig-na_ture"),
]


@pytest.mark.parametrize("kind, rest", TOKENS, ids=[kind for kind, _ in TOKENS])
def test_tokens_are_known_by_their_first_letters(kind: str, rest: str) -> None:
    """Wherever they stand; the letters that say what it was stay."""
    for before, after in (("", ""), ("x=", " y"), ("'", "'"), ("(", ")"), ("https://h/?t=", "&u"), ("line\n", "\n")):
        assert redact(f"{before}{kind}{rest}{after}") == f"{before}{kind}***{after}"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("password=s3cr3t", "password=***"),
        ("PASSWORD=hunter", "PASSWORD=***"),
        ("DB_PASS=hunter", "DB_PASS=***"),
        ("PGPASSWORD='a b c' psql", "PGPASSWORD='***' psql"),
        ("passwd: 'hunter2'", "passwd: '***'"),
        ('{"password": "hunter2", "user": "me"}', '{"password": "***", "user": "me"}'),
        ('{\\"api_key\\": \\"abc\\"}', '{\\"api_key\\": \\"***\\"}'),
        ('{"token": "foo"}', '{"token": "***"}'),
        ("api-key: abcd1234efgh", "api-key: ***"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=***"),
        ("secret_key: str = 'abc'", "secret_key: str = '***'"),
        ("client_secret := abcdefgh1", "client_secret := ***"),
        ("token => 'abcdefgh1'", "token => '***'"),
        ("login(user='me', password='hunter2')", "login(user='me', password='***')"),
        ("?access_token=abc&user=me", "?access_token=***&user=me"),
        ("mysql --password hunter2 -u me", "mysql --password *** -u me"),
        ("tool --api-key=abc --verbose", "tool --api-key=*** --verbose"),
        ("tool --github-token 'abc'", "tool --github-token '***'"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic ***"),
        ("'Authorization': 'Token 0123456789abcdef'", "'Authorization': 'Token ***'"),
        ("curl -H 'bearer abcdefghijklmnop=='", "curl -H 'bearer ***'"),
        ("postgres://me:hunter2@host/db", "postgres://me:***@host/db"),
        ("redis://:hunter2@host", "redis://:***@host"),
        ("https://hooks.slack.com/services/T000/B000/abcdefgh1234", "https://hooks.slack.com/services/***"),
    ],
)
def test_values_with_a_telling_name(text: str, expected: str) -> None:
    """The value goes, the name stays."""
    assert redact(text) == expected


KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc+/=\n-----END RSA " + "PRIVATE KEY-----"


@pytest.mark.parametrize("join", ["\n", "\\n", " "])
def test_private_keys(join: str) -> None:
    """Their body goes, on several lines, on one, and when it is cut off."""
    text = f"before {KEY.replace(chr(10), join)} after"
    masked = "-----BEGIN RSA " + "PRIVATE KEY----- *** -----END RSA " + "PRIVATE KEY-----"
    assert redact(text) == f"before {masked} after"
    cut = "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1rZXk"
    assert redact(cut) == "-----BEGIN OPENSSH " + "PRIVATE KEY----- ***"


@pytest.mark.parametrize(
    "text",
    [
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "tests/test_api.py::test_token_is_refreshed PASSED",
        "def login(password: str, token: str | None = None) -> None:",
        "token = read_token(path)",
        "password = getpass()",
        "SyntaxError: unexpected token: 'foo'",
        "error: expected token '}' but found 'EOF'",
        "max_tokens=4096",
        "token=17",
        "tokens: 35",
        "tokenizer = 'bert'",
        "password=None, secret=null, token=<unset>, api_key=${API_KEY}, secret={}",
        "password: wrong",
        "The password is stored: see the manual",
        "assert token == 'abcdefgh1'",
        "https://example.org:8080/a@b",
        "http://[::1]:80/",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "sk-learn is fast, task-1 is done, disk-usage-of-the-whole-machine",
        "Bearer of news",
        "key=value",
        "monkey: 12345678a",
        "assert 1 == 2",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """A report that masks what is to be mended is of no use."""
    assert redact(text) == text


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(st.sampled_from(string.ascii_letters + string.digits + " =:'\"-_./@#$\n"), max_size=80))
def test_masking_twice_changes_nothing(noise: str) -> None:
    """Texts pass through more than one renderer."""
    for text in (noise, f"password={noise}", f"token: '{noise}'", f"https://u:{noise}@h"):
        once = redact(text)
        assert redact(once) == once


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_token_is_found_between_any_words(before: str, after: str) -> None:
    """Whatever stands around it, parted by a space."""
    kind, rest = TOKENS[0]
    assert rest not in redact(f"{before} {kind}{rest} {after}")


PIECES = (
    *(
        "a",
        "token",
        "--token-",
        "eyJ-",
        "://",
        "://a:",
        KEY[:31],
        "password ",
        "password=\\",
        'password="',
        "bearer ",
        "sk-",
    ),
    *(
        "ghp_",
        "password_",
        "--api-",
        "authorization:",
        "a.eyJ",
        "\\n",
        "secret: str = ",
        "-----",
        "eyJaaaaaaaaa.",
        "key\u0130",
    ),
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_no_text_makes_it_slow(piece: str) -> None:
    """Two hundred thousand characters of the worst: what is quadratic would not come back within the limit."""
    assert isinstance(redact(piece * (200_000 // len(piece))), str)
