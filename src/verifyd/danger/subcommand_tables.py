"""Of which programs only some subcommands or options matter, as tables: data for the rules beside this module."""

from __future__ import annotations

from collections.abc import Mapping

from verifyd.danger.tables import HISTORY, JAVASCRIPT_MANAGERS, MACHINE, OUTSIDE, SERVER, names
from verifyd.pipeline import Manual

PUBLISHING = dict.fromkeys(
    names("publish unpublish deprecate owner access dist-tag token login logout adduser star unstar hook profile"),
    OUTSIDE,
)
JAVASCRIPT = {
    **PUBLISHING,
    "link": MACHINE,
    "unlink": MACHINE,
    "global": MACHINE,
    "cache clean": MACHINE,
    "init": HISTORY,
    "create": HISTORY,
    "pkg": HISTORY,
    "version": HISTORY,
    "audit fix": HISTORY,
    **dict.fromkeys(names("add remove rm uninstall un update up upgrade dedupe import patch-commit"), HISTORY),
}
CONTAINERS = {
    **dict.fromkeys(names("push login logout"), OUTSIDE),
    "stack deploy": OUTSIDE,
    **dict.fromkeys(names("rm rmi stop kill restart start rename update swarm"), MACHINE),
    **{
        f"{thing} {verb}": MACHINE
        for thing in ("system", "volume", "image", "container", "network", "builder", "buildx")
        for verb in ("rm", "prune", "create", "remove")
    },
}
MIGRATIONS = names(
    "migrate upgrade downgrade stamp rollback seed push drop flush loaddata dbshell createsuperuser reset undo"
)

SUBCOMMANDS: Mapping[str, Mapping[str, Manual]] = {
    **dict.fromkeys(JAVASCRIPT_MANAGERS, JAVASCRIPT),
    **dict.fromkeys(names("docker podman nerdctl"), CONTAINERS),
    "docker-compose": {
        **dict.fromkeys(names("up start watch"), SERVER),
        **dict.fromkeys(names("down stop rm kill restart pause unpause"), MACHINE),
        "push": OUTSIDE,
    },
    "twine": dict.fromkeys(names("upload register"), OUTSIDE),
    "uv": {
        "publish": OUTSIDE,
        **dict.fromkeys(names("add remove version"), HISTORY),
        **dict.fromkeys(("tool install", "tool uninstall", "tool upgrade", "python install", "self update"), MACHINE),
    },
    "poetry": {
        "publish": OUTSIDE,
        "self": MACHINE,
        "config": MACHINE,
        **dict.fromkeys(names("add remove update"), HISTORY),
    },
    "pdm": {"publish": OUTSIDE, "config": MACHINE, **dict.fromkeys(names("add remove update"), HISTORY)},
    "hatch": {"publish": OUTSIDE, "version": HISTORY},
    "flit": {"publish": OUTSIDE},
    "pip": dict.fromkeys(("uninstall", "config set", "cache purge"), MACHINE),
    "pipx": dict.fromkeys(names("install uninstall upgrade inject upgrade-all reinstall"), MACHINE),
    "ensurepip": {"": MACHINE},
    "conda": dict.fromkeys(names("install create update remove config clean"), MACHINE),
    "mamba": dict.fromkeys(names("install create update remove config clean"), MACHINE),
    "cargo": {
        **dict.fromkeys(names("publish yank login logout owner release"), OUTSIDE),
        **dict.fromkeys(names("install uninstall"), MACHINE),
        **dict.fromkeys(names("add remove rm fix new init"), HISTORY),
        "watch": SERVER,
    },
    "rustup": dict.fromkeys(
        ("component add", "target add", "toolchain install", "update", "install", "default"), MACHINE
    ),
    "nvm": {"install": MACHINE, "alias": MACHINE},
    **dict.fromkeys(
        names("pyenv rbenv asdf mise fnm volta"), dict.fromkeys(names("install uninstall global use"), MACHINE)
    ),
    "nix": {"profile": MACHINE},
    "go": {"install": MACHINE, "get": HISTORY, "mod init": HISTORY},
    "gem": {
        **dict.fromkeys(names("push yank signin owner"), OUTSIDE),
        **dict.fromkeys(names("install uninstall update cleanup"), MACHINE),
    },
    "bundle": dict.fromkeys(names("add update remove"), HISTORY),
    "composer": {"global": MACHINE, **dict.fromkeys(names("require remove update"), HISTORY)},
    "dotnet": {"watch": SERVER, "nuget push": OUTSIDE, "ef database": OUTSIDE, "tool install": MACHINE, "add": HISTORY},
    "mix": {
        "phx.server": SERVER,
        "ecto.migrate": OUTSIDE,
        "ecto.reset": OUTSIDE,
        "ecto.drop": OUTSIDE,
        "hex.publish": OUTSIDE,
    },
    "rails": {
        **dict.fromkeys(names("server s console c dbconsole"), SERVER),
        **dict.fromkeys(names("generate g destroy d new"), HISTORY),
    },
    "flask": {"run": SERVER, "db upgrade": OUTSIDE, "db downgrade": OUTSIDE},
    "manage.py": {"runserver": SERVER, "shell": SERVER, **dict.fromkeys(MIGRATIONS, OUTSIDE)},
    "django-admin": {
        "runserver": SERVER,
        "shell": SERVER,
        "startproject": HISTORY,
        "startapp": HISTORY,
        **dict.fromkeys(MIGRATIONS, OUTSIDE),
    },
    "fastapi": {"dev": SERVER, "run": SERVER},
    "alembic": {"revision": HISTORY, **dict.fromkeys(MIGRATIONS, OUTSIDE)},
    "prisma": {
        "studio": SERVER,
        **dict.fromkeys(
            ("migrate deploy", "migrate dev", "migrate reset", "db push", "db seed", "db execute"), OUTSIDE
        ),
    },
    "drizzle-kit": {"studio": SERVER, **dict.fromkeys(names("migrate push drop up"), OUTSIDE)},
    "typeorm": dict.fromkeys(names("migration:run migration:revert schema:sync schema:drop"), OUTSIDE),
    **dict.fromkeys(names("flyway liquibase"), dict.fromkeys(names("migrate update rollback clean drop-all"), OUTSIDE)),
    **dict.fromkeys(names("dbmate goose"), dict.fromkeys(names("up down up-to down-to reset"), OUTSIDE)),
    "sqlx": dict.fromkeys(
        ("migrate run", "migrate revert", "database create", "database drop", "database reset"), OUTSIDE
    ),
    "diesel": dict.fromkeys(("migration run", "migration redo", "database reset", "setup"), OUTSIDE),
    "vite": {"": SERVER, "dev": SERVER, "serve": SERVER, "preview": SERVER},
    "parcel": {"": SERVER, "serve": SERVER, "watch": SERVER},
    **dict.fromkeys(
        names(
            "next nuxt nuxi astro remix gatsby ng vue-cli-service react-scripts expo webpack storybook vitest wrangler tauri"
        ),
        dict.fromkeys(names("dev develop start serve preview watch"), SERVER),
    ),
    "wrangler": {
        **dict.fromkeys(names("dev"), SERVER),
        **dict.fromkeys(names("deploy publish secret kv d1 r2 login delete rollback"), OUTSIDE),
    },
    "hugo": {"server": SERVER, "serve": SERVER},
    "jekyll": {"serve": SERVER, "server": SERVER},
    "mkdocs": {"serve": SERVER, "gh-deploy": OUTSIDE},
    "mdbook": {"serve": SERVER, "watch": SERVER},
    "zola": {"serve": SERVER},
    "trunk": {"serve": SERVER, "watch": SERVER},
    "cypress": {"open": SERVER},
    "playwright": {
        "install": MACHINE,
        "install-deps": MACHINE,
        "uninstall": MACHINE,
        **dict.fromkeys(names("codegen open show-report show-trace"), SERVER),
    },
    "lerna": {"publish": OUTSIDE, "version": HISTORY},
    "changeset": {"publish": OUTSIDE, "version": HISTORY, "": HISTORY},
    **dict.fromkeys(
        names("pre-commit prek lefthook husky"), dict.fromkeys(names("install uninstall autoupdate init"), HISTORY)
    ),
    "cz": {"bump": HISTORY, "commit": HISTORY},
    "goreleaser": {"release": OUTSIDE, "publish": OUTSIDE, "": OUTSIDE},
    "ollama": {"serve": SERVER, "run": SERVER, "push": OUTSIDE, "pull": MACHINE, "rm": MACHINE},
    **dict.fromkeys(names("hf huggingface-cli"), dict.fromkeys(names("upload login repo"), OUTSIDE)),
    "xcrun": {"notarytool": OUTSIDE, "altool": OUTSIDE},
    "dvc": {"push": OUTSIDE, "gc": MACHINE},
    "snyk": {"monitor": OUTSIDE},
    "cast": {"send": OUTSIDE},
    "cosign": dict.fromkeys(names("sign attest upload copy clean"), OUTSIDE),
    "celery": dict.fromkeys(names("worker beat flower"), SERVER),
    "rq": {"worker": SERVER},
    "hardhat": {"node": SERVER},
    "php": {"artisan serve": SERVER},
    "sleep": {"infinity": SERVER, "inf": SERVER},
    "mvn": {"spring-boot:run": SERVER, "release:perform": OUTSIDE, "release:prepare": HISTORY},
    "gradle": {"bootRun": SERVER},
}
"""For a program, the reason by subcommand, by two words of one, or by "" for none at all."""

OPTIONS: Mapping[str, Mapping[str, Manual]] = {
    **dict.fromkeys(names("tsc rollup babel sass tailwindcss mocha webpack postcss"), dict.fromkeys(("-w",), SERVER)),
    "tail": {"-f": SERVER, "-F": SERVER, "--follow": SERVER},
    "journalctl": {"-f": SERVER, "--follow": SERVER},
    "esbuild": {"--serve": SERVER},
    "php": {"-S": SERVER},
    "playwright": {"--ui": SERVER, "--debug": SERVER},
    "docker": {"--push": OUTSIDE, "--detach": SERVER, "--follow": SERVER},
    "docker run": {"-d": SERVER},
    "docker logs": {"-f": SERVER},
    "forge": {"--broadcast": OUTSIDE},
    "sysctl": {"-w": MACHINE},
    "chmod": {"-R": MACHINE, "--recursive": MACHINE},
    "ln": {"-f": HISTORY},
    "cmake": {"--install": MACHINE},
    "rsync": {"--delete": HISTORY},
    "find": {"-delete": HISTORY},
}
"""For a program, or a program and its subcommand, the reason by option."""
WATCH_OPTIONS = names("--watch --watchAll --watch-all")

DRY_RUNS = names("--dry-run --dry-run=client --snapshot --check --syntax-check --dryrun")
"""Options with which a publishing or migrating command only says what it would do."""
DRY_RUN_PROGRAMS = names(
    "npm pnpm yarn bun cargo uv poetry goreleaser semantic-release wrangler kubectl helm alembic manage.py lerna np release-it"
)
