"""Printed paths are matched with files of the tree: by folder, by root, by a unique ending, never by guessing."""

from __future__ import annotations

import pytest

from tests.support.evidence import ROOT, a_tree
from verifyd.evidence.model import SourceTree
from verifyd.evidence.places import NOWHERE, Place, Places

TREE = a_tree(
    "src/a.py", "web/src/index.ts", "api/src/index.ts", "web/only.ts", "odd name/x y.py", "a%20b.py", cwd="web"
)


@pytest.mark.parametrize(
    "printed, meant",
    [
        ("only.ts", "web/only.ts"),
        ("./only.ts", "web/only.ts"),
        ("../src/a.py", "src/a.py"),
        ("src/a.py", "src/a.py"),
        (f"{ROOT}/src/a.py", "src/a.py"),
        (f"{ROOT}/web/../src/a.py", "src/a.py"),
        (f"/private{ROOT}/src/a.py", "src/a.py"),
        (f"file://{ROOT}/odd%20name/x%20y.py", "odd name/x y.py"),
        ("odd name/x y.py", "odd name/x y.py"),
        ("a.py", "src/a.py"),
        ("", None),
        ("nothing.py", None),
        ("/usr/lib/src/a.py", None),
        ("../../src/a.py", None),
        ("src", None),
        ("x" * 5000, None),
        ("src/a.py\0", None),
        ("src/a.py\n", None),
    ],
)
def test_a_printed_path_means_a_file_of_the_tree_or_nothing(printed: str, meant: str | None) -> None:
    """Relative to the gate's folder, then to the root, then the only file that ends so; absolute below the root alone."""
    assert Places(TREE).find(printed) == meant


def test_the_gates_folder_comes_first() -> None:
    """The same relative path exists in both places: the tool ran in the gate's folder."""
    assert Places(a_tree("x.py", "web/x.py", cwd="web")).find("x.py") == "web/x.py"


def test_one_of_several_is_not_guessed() -> None:
    """Two packages have this file and the script may have gone into either."""
    places = Places(a_tree("web/src/index.ts", "api/src/index.ts"))
    assert (places.find("src/index.ts"), places.is_ambiguous("src/index.ts"), places.is_ambiguous("src/none.ts")) == (
        None,
        True,
        False,
    )


def test_uris_are_decoded_unless_the_file_is_named_so() -> None:
    """SARIF percent-encodes; a tool that forgot to is understood too."""
    assert [Places(TREE).find_uri(uri) for uri in ("odd%20name/x%20y.py", "../a%20b.py", "../a%2520b.py")] == [
        "odd name/x y.py",
        "a%20b.py",
        "a%20b.py",
    ]


def test_a_root_in_private_is_found_without_it() -> None:
    """macOS: /var/… is a link to /private/var/…, and the view's root may be either."""
    tree = SourceTree(root="/private/var/t", paths=frozenset({"a.py"}))
    assert Places(tree).find("/var/t/a.py") == "a.py"


def test_a_copy_of_the_tree_is_the_tree() -> None:
    """The gate ran in another folder, and its tools print that one."""
    tree = SourceTree(root="/home/user/p", paths=frozenset({"a.py"}), views=("/tmp/view-1/",))
    assert [Places(tree).find(path) for path in ("/tmp/view-1/a.py", "/home/user/p/a.py", "/tmp/view-2/a.py")] == [
        "a.py",
        "a.py",
        None,
    ]


@pytest.mark.parametrize(
    "package, meant",
    [("example.com/m/api", "api/x_test.go"), ("example.com/m/web", "web/x_test.go"), ("example.com/other", None)],
)
def test_a_bare_name_is_found_in_its_package(package: str, meant: str | None) -> None:
    """go prints ``x_test.go``; the package's import path ends like its folder."""
    assert Places(a_tree("api/x_test.go", "web/x_test.go")).find_beside("x_test.go", package) == meant


def test_a_place_keeps_what_the_tool_said() -> None:
    """Line and column 0 mean unknown."""
    places = Places(a_tree())
    assert [places.at("src/a.py", 3, 0), places.at("gone.py", 3, 4), NOWHERE] == [
        Place(path="src/a.py", line=3, column=None, said="src/a.py:3"),
        Place(path=None, line=3, column=4, said="gone.py:3:4"),
        Place(),
    ]


def test_a_path_is_given_back_as_the_gates_tool_wants_it() -> None:
    """Selectors are relative to the gate's folder."""
    assert [Places(TREE).from_cwd(path) for path in ("web/only.ts", "src/a.py")] == ["only.ts", "../src/a.py"]
