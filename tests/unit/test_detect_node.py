"""Node projects as their package.json and their tools' settings declare them, and the gates they get."""

from __future__ import annotations

import pytest

from tests.support.detection import commands, detected, gate, package
from verifyd.errors import UsageError


def test_scripts_become_gates_of_their_kind() -> None:
    """Each kind takes the script that is named for it; nothing is made of dev, start, release and their like."""
    scripts = {
        "dev": "vite", "start": "node server.js", "serve": "vite preview", "prepare": "husky", "postinstall": "node x.js",
        "deploy": "gh-pages -d dist", "release": "np", "watch": "tsc -w",
        "lint": "eslint .", "format:check": "prettier --check .", "typecheck": "tsc --noEmit", "test": "vitest run", "build": "vite build",
    }  # fmt: skip
    assert commands({"package.json": package(scripts), "package-lock.json": ""}) == {
        "lint": "npm run lint",
        "format": "npm run format:check",
        "types": "npm run typecheck",
        "build": "npm run build",
        "tests": "npm test",
    }


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"package-lock.json": ""}, ["npm run lint", "npm test"]),
        ({}, ["npm run lint", "npm test"]),
        ({"pnpm-lock.yaml": ""}, ["pnpm run lint", "pnpm test"]),
        ({"yarn.lock": ""}, ["yarn run lint", "yarn test"]),
        ({"bun.lock": ""}, ["bun run lint", "bun run test"]),
        ({"bun.lockb": ""}, ["bun run lint", "bun run test"]),
    ],
)
def test_the_lock_file_names_the_manager(files: dict[str, str], expected: list[str]) -> None:
    """npm where there is none."""
    scripts = {"lint": "eslint .", "test": "jest"}
    assert list(commands({"package.json": package(scripts), **files}).values()) == expected


def test_package_manager_field_wins() -> None:
    """``packageManager`` says more than a lock file."""
    files = {"package.json": package({"test": "jest"}, packageManager="pnpm@9.4.0"), "package-lock.json": ""}
    assert commands(files) == {"tests": "pnpm test"}


@pytest.mark.parametrize(
    "script, why",
    [
        ('echo "Error: no test specified" && exit 1', "only says that there is no test"),
        ("jest --watch", "does not end by itself"),
        ("vitest watch", "does not end by itself"),
        ("nodemon --exec mocha", "does not end by itself"),
        ("eslint --fix . && mocha", "rewrites files"),
        ("mocha && git push", "changes something outside the tree"),
    ],
)
def test_a_script_that_is_no_gate_is_left_out_with_the_reason(script: str, why: str) -> None:
    """The page does without it, and a note says why."""
    found = detected({"package.json": package({"lint": "eslint .", "test": script})})
    assert [gate.name for gate in found.gates] == ["lint"]
    assert found.notes == (f"package.json: the script test is left out, it {why}",)


def test_nothing_but_npm_inits_test_script_is_nothing() -> None:
    """The script that ``npm init`` writes is no gate; the message says that it was seen."""
    with pytest.raises(UsageError) as raised:
        detected({"package.json": package({"test": 'echo "Error: no test specified" && exit 1'})})
    assert raised.value.problem == (
        "nothing here says how this repository is checked "
        "(package.json: the script test is left out, it only says that there is no test)"
    )


def test_bare_vitest_is_a_gate() -> None:
    """``vitest`` without ``run`` watches only at a terminal; gates run with CI=1 and without one."""
    assert commands({"package.json": package({"test": "vitest"})}) == {"tests": "npm test"}


def test_angulars_runner_is_told_not_to_watch() -> None:
    """``ng test`` watches whatever CI says."""
    assert commands({"package.json": package({"test": "ng test"})}) == {"tests": "npm test -- --watch=false"}


def test_a_fixing_lint_script_is_the_fix_of_a_checking_gate() -> None:
    """``eslint --fix`` as the lint script would rewrite files: the tool is called without it, and the script mends."""
    files = {"package.json": package({"lint": "eslint . --fix"}, "eslint"), "eslint.config.js": ""}
    found = gate(files, "lint")
    assert (found.command, found.fix) == ("npx --no-install eslint .", "npm run lint")


def test_the_fix_of_a_gate_is_the_projects_own_script() -> None:
    """lint:fix and format mend what lint and format:check find."""
    scripts = {
        "lint": "eslint .",
        "lint:fix": "eslint . --fix",
        "format": "prettier -w .",
        "format:check": "prettier -c .",
    }
    files = {"package.json": package(scripts)}
    assert gate(files, "lint").fix == "npm run lint:fix"
    assert gate(files, "format").command == "npm run format:check"


def test_a_lone_linter_mends_by_its_own_option() -> None:
    """Through npm's ``--``; a script of several commands has no such option."""
    assert gate({"package.json": package({"lint": "eslint src"})}, "lint").fix == "npm run lint -- --fix"
    assert gate({"package.json": package({"lint": "eslint src"}), "yarn.lock": ""}, "lint").fix == "yarn run lint --fix"
    assert gate({"package.json": package({"lint": "biome check ."})}, "lint").fix == "npm run lint -- --write"
    assert gate({"package.json": package({"lint": "eslint src && tsc"})}, "lint").fix is None


def test_a_formatter_that_prints_is_no_check() -> None:
    """A script called prettier that was not asked to check always ends well."""
    with pytest.raises(UsageError):
        detected({"package.json": package({"prettier": 'prettier "**/*.css"'})})


def test_a_script_is_known_by_its_tool_too() -> None:
    """``test:code`` is a linter's, ``test:other`` a formatter's: their tools say so."""
    scripts = {"test": "vitest", "test:code": "eslint .", "test:other": "prettier --list-different .", "build": "tsc"}
    assert commands({"package.json": package(scripts)}) == {
        "lint": "npm run test:code",
        "format": "npm run test:other",
        "build": "npm run build",
        "tests": "npm test",
    }


def test_an_aggregate_gives_way_to_its_parts() -> None:
    """A test script that only starts scripts with gates of their own is left out."""
    scripts = {"test": "npm run lint && npm run test:unit", "lint": "eslint .", "test:unit": "mocha"}
    assert commands({"package.json": package(scripts)}) == {"lint": "npm run lint", "tests": "npm run test:unit"}


def test_an_aggregate_of_more_stays_whole() -> None:
    """A part that no gate is named for (size) keeps the whole; its other parts are not proposed again."""
    scripts = {"test": "run-s lint test:unit size", "lint": "eslint .", "test:unit": "mocha", "size": "size-limit"}
    assert commands({"package.json": package(scripts)}) == {"tests": "npm test"}


@pytest.mark.parametrize(
    "scripts",
    [
        {"test": "xo && ava", "lint": "xo"},
        {"test": "mocha", "posttest": "npm run lint", "lint": "eslint ."},
        {"test": "npm run lint && mocha", "lint": "eslint ."},
    ],
)
def test_what_the_tests_do_already_is_not_proposed_again(scripts: dict[str, str]) -> None:
    """A linter that the test script starts, itself or through its hooks, has no gate of its own."""
    assert commands({"package.json": package(scripts)}) == {"tests": "npm test"}


def test_scripts_that_start_each_other_end() -> None:
    """A cycle of scripts is read once round."""
    scripts = {"test": "npm run unit", "unit": "npm test && mocha"}
    assert commands({"package.json": package(scripts)}) == {"tests": "npm run unit"}


@pytest.mark.parametrize("text, name", [("svelte-check", "types"), ("biome check .", "lint"), ("make all", "check")])
def test_check_is_what_its_tool_is(text: str, name: str) -> None:
    """A script called check is a type checker's, a linter's, or everything at once."""
    assert commands({"package.json": package({"check": text})}) == {name: "npm run check"}


def test_check_is_left_out_beside_its_parts() -> None:
    """A command for everything is taken only where there is nothing finer."""
    scripts = {"check": "make all", "lint": "eslint .", "test": "jest"}
    assert list(commands({"package.json": package(scripts)})) == ["lint", "tests"]


def test_build_into_the_tree_is_no_gate() -> None:
    """Where dist is committed, building would move the tree under the other gates."""
    files = {"package.json": package({"build": "rollup -c", "test": "jest"}), "dist/shop.js": ""}
    assert list(commands(files)) == ["tests"]


def test_tools_without_scripts() -> None:
    """Configured tools among the dependencies are started without anything being downloaded."""
    files = {
        "package.json": package({}, "eslint", "prettier", "typescript", "vitest"),
        "eslint.config.mjs": "", ".prettierrc": "", "tsconfig.json": "{}", "src/a.test.ts": "", "pnpm-lock.yaml": "",
    }  # fmt: skip
    assert commands(files) == {
        "lint": "pnpm exec eslint .",
        "format": "pnpm exec prettier --check .",
        "types": "pnpm exec tsc --noEmit",
        "tests": "pnpm exec vitest run",
    }
    assert gate(files, "format").fix == "pnpm exec prettier --write ."
    assert gate(files, "types").tools[1].beside == ("node_modules/.bin",)


def test_settings_without_the_dependency_are_nothing() -> None:
    """``npx --no-install`` would not find it."""
    files = {"package.json": package({"test": "jest"}), "eslint.config.js": "", "tsconfig.json": "{}"}
    assert list(commands(files)) == ["tests"]


def test_biome_checks_without_writing() -> None:
    """``biome ci`` lints and checks the format."""
    files = {"package.json": package({}, "@biomejs/biome"), "biome.json": "{}"}
    assert commands(files) == {"lint": "npx --no-install biome ci ."}
    assert gate(files, "lint").fix == "npx --no-install biome check --write ."


def test_oxlint_needs_no_settings() -> None:
    """The dependency is enough."""
    files = {"package.json": package({}, "oxlint")}
    assert commands(files) == {"lint": "npx --no-install oxlint"}
    assert gate(files, "lint").fix == "npx --no-install oxlint --fix"


def test_a_tsconfig_of_references_is_built() -> None:
    """As Vite writes it: without --build nothing would be checked."""
    files = {
        "package.json": package({}, "typescript"),
        "tsconfig.json": '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }',
    }
    assert commands(files) == {"types": "npx --no-install tsc --build --noEmit"}


def test_the_compiler_is_not_proposed_beside_a_build_that_runs_it() -> None:
    """``tsc && vite build`` checks the types already."""
    files = {"package.json": package({"build": "tsc && vite build"}, "typescript"), "tsconfig.json": "{}"}
    assert list(commands(files)) == ["build"]


def test_nodes_own_runner() -> None:
    """Test files, no test script and no other runner: ``node --test``."""
    files = {"package.json": package({}), "test/shop.test.js": ""}
    assert commands(files) == {"tests": "node --test"}


def test_a_tool_of_node_modules_is_installed_from_the_lock_file() -> None:
    """The hint is the command that installs exactly what is locked, in the folder that keeps the lock."""
    files = {
        "frontend/package.json": package({"lint": "eslint ."}, "eslint"),
        "frontend/package-lock.json": "",
        "go.mod": "",
        "a.go": "",
    }
    tool = gate(files, "lint-frontend").tools[1]
    assert (tool.name, tool.install, tool.beside) == (
        "eslint",
        "cd frontend && npm ci",
        ("frontend/node_modules/.bin",),
    )


def test_a_workspaces_members_are_joined() -> None:
    """One gate runs the script in all of them; one of a single member stays its own."""
    files = {
        "package.json": package({}, workspaces=["packages/*"]),
        "package-lock.json": "",
        "packages/a/package.json": package({"test": "jest", "lint": "eslint ."}),
        "packages/b/package.json": package({"test": "mocha"}),
    }
    assert commands(files) == {
        "lint-packages-a": "npm run lint",
        "tests": "npm run test --workspaces --if-present",
    }


@pytest.mark.parametrize(
    "lock, command",
    [
        ({"pnpm-workspace.yaml": "", "pnpm-lock.yaml": ""}, "pnpm --recursive --if-present run test"),
        ({"bun.lock": ""}, "bun run --filter '*' test"),
        ({"yarn.lock": "", ".yarnrc.yml": ""}, "yarn workspaces foreach --all run test"),
    ],
)
def test_each_manager_has_its_way_into_all_members(lock: dict[str, str], command: str) -> None:
    """pnpm, bun and the newer Yarn."""
    members = {f"packages/{name}/package.json": package({"test": "jest"}) for name in "ab"}
    assert commands({"package.json": package({}, workspaces=["packages/*"]), **lock, **members}) == {"tests": command}


def test_a_root_script_speaks_for_the_members() -> None:
    """What the root tests is not tested again in each package, nor are its tools."""
    files = {
        "package.json": package({"test": "turbo run test"}, "typescript", workspaces=["packages/*"]),
        "package-lock.json": "",
        "packages/a/package.json": package({"test": "jest"}),
        "packages/a/tsconfig.json": "{}",
    }
    assert commands(files) == {"tests": "npm test"}


def test_a_broken_package_json_makes_a_note() -> None:
    """Its scripts are unknown; the rest of the repository is still seen."""
    found = detected({"package.json": "{", "go.mod": "", "a_test.go": ""})
    assert found.notes == (
        (
            "package.json cannot be read, so what it declares was not seen: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ),
    )


CONFIGURATION = "export default defineConfig({{ webServer: {{ command: 'npm run preview', {address}, {reuse} }}, }});"


def playwright(configuration: str, **more: str) -> dict[str, str]:
    """A project with this playwright.config.ts."""
    return {"package.json": package({}, "@playwright/test"), "playwright.config.ts": configuration, **more}


def test_playwright_without_a_server_is_optional() -> None:
    """Nobody can see whether the tests have what they need."""
    found = gate(playwright("export default {}"), "browser")
    assert (found.command, found.optional, found.server) == ("npx --no-install playwright test", True, None)
    assert (found.artifacts, found.paths) == (("test-results/**",), ())


def test_playwright_starts_its_own_server() -> None:
    """With CI=1 it refuses one that already runs, so none is declared; the gate is required."""
    text = CONFIGURATION.format(address="url: 'http://127.0.0.1:4173'", reuse="reuseExistingServer: !process.env.CI")
    found = gate(playwright(text), "browser")
    assert (found.optional, found.server, found.ready) == (False, None, None)


@pytest.mark.parametrize(
    "address, ready",
    [("url: 'http://127.0.0.1:4173/'", "http://127.0.0.1:4173/"), ("port: 4173", "127.0.0.1:4173")],
)
def test_a_server_that_may_run_already_is_ours_to_start(address: str, ready: str) -> None:
    """``reuseExistingServer: true`` takes a running one: then a server that never comes up is not the code's failure."""
    found = gate(playwright(CONFIGURATION.format(address=address, reuse="reuseExistingServer: true")), "browser")
    assert (found.optional, found.server, found.ready) == (False, "npm run preview", ready)


def test_several_servers_are_playwrights_own() -> None:
    """A list is not read further."""
    found = gate(playwright("export default { webServer: [{ command: 'a', reuseExistingServer: true }] }"), "browser")
    assert (found.optional, found.server) == (False, None)


def test_a_server_in_a_comment_is_none() -> None:
    """As the template of ``npm init playwright`` has it."""
    found = gate(
        playwright("export default {\n  // webServer: {\n  //   command: 'npm run start',\n  // },\n};"), "browser"
    )
    assert found.optional


def test_a_test_script_that_is_playwrights() -> None:
    """It is the browser gate, not a tests gate; its own output folder is kept."""
    files = playwright("export default { outputDir: './out' }")
    files["package.json"] = package({"test": "playwright test"}, "@playwright/test")
    assert commands(files) == {"browser": "npm test"}
    assert gate(files, "browser").artifacts == ("out/**",)


def test_a_browser_gate_of_a_folder_depends_on_that_folder() -> None:
    """Below the root it runs only when something in its folder changed."""
    files = {
        "web/package.json": package({"e2e": "playwright test"}, "@playwright/test"),
        "web/playwright.config.ts": "",
        "go.mod": "",
        "a.go": "",
    }
    found = gate(files, "browser-web")
    assert (found.folder, found.paths, found.command) == ("web", ("web/**",), "npm run e2e")
