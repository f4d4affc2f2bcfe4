"""
What well-known programs do, as tables: data for danger.py and command_shape.py, no rules.

The tables lean to the careful side: a program that is missing here is judged by its name and its first argument alone
(danger.py), and a person who knows better puts the line into a script of the repository and calls that.
"""

from __future__ import annotations

from collections.abc import Mapping

from verifyd.pipeline import Manual

HISTORY, OUTSIDE, MACHINE, SERVER = Manual.HISTORY, Manual.OUTSIDE, Manual.MACHINE, Manual.SERVER


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# --- programs that do one thing, whatever they are asked, but for a few subcommands -----------------------------------

GUARDED: Mapping[Manual, Mapping[str, frozenset[str]]] = {
    OUTSIDE: {
        **dict.fromkeys(
            names(
                "gh glab hub tea ssh scp sftp ftp lftp mail mailx sendmail mutt nc ncat netcat telnet aws gcloud gsutil bq az "
                "doctl heroku flyctl fly railway render eb oc argocd ansible ansible-pull salt semantic-release release-it np "
                "claude codex gemini aider cursor-agent opencode copilot pi psql mysql mongosh mongo redis-cli s3cmd sentry-cli "
                "datadog-ci codecov coveralls sonar-scanner terragrunt release-please hasura http https xh ssh-copy-id dropdb "
                "createdb pg_restore mysqladmin eas notarytool"
            ),
            frozenset(),
        ),
        "fastlane": names("lanes test tests lint scan"),
        "vercel": names("build"),
        "netlify": names("build"),
        "firebase": names("emulators:exec"),
        "supabase": frozenset(),
        "sam": names("validate build"),
        "serverless": names("package print"),
        "sls": names("package print"),
        "cdk": names("synth ls list"),
        "pulumi": names("version"),
        "terraform": names("fmt validate version providers graph init"),
        "tofu": names("fmt validate version providers graph init"),
        "kubectl": names("version explain kustomize"),
        "helm": names("lint template version show dependency"),
        "packer": names("validate fmt inspect version"),
        "rclone": names("version check ls lsf"),
    },
    MACHINE: {
        **dict.fromkeys(
            names(
                "sudo doas su apt-get aptitude snap flatpak port choco scoop winget nix-env systemctl service launchctl "
                "crontab at useradd userdel usermod groupadd passwd chown chgrp mount umount mkfs dd fdisk parted mkswap "
                "swapon shutdown reboot halt poweroff kill pkill killall iptables nft ufw modprobe insmod hostnamectl "
                "timedatectl visudo update-alternatives ldconfig defaults diskutil nvram open xdg-open vi vim nvim nano "
                "emacs code vagrant multipass virsh stow chroot ssh-keygen systemd-run unshare nsenter init osascript"
            ),
            frozenset(),
        ),
        "apt": names("list show policy search"),
        "dnf": names("list info search"),
        "yum": names("list info search"),
        "pacman": frozenset(),
        "zypper": names("search info"),
        "apk": names("info search list"),
        "brew": names("list info config doctor deps leaves style audit"),
        "minikube": names("status version"),
        "kind": names("version get"),
        "k3d": names("version"),
    },
    SERVER: {
        **dict.fromkeys(
            names(
                "uvicorn gunicorn hypercorn daphne waitress-serve nodemon webpack-dev-server http-server live-server "
                "json-server browser-sync watchexec entr watch ptw pytest-watch redis-server mongod mysqld postgres nginx "
                "httpd apache2 ngrok cloudflared air top htop yes nohup sphinx-autobuild streamlit electron http.server "
                "start-storybook react-native puma thin unicorn rackup supervisord"
            ),
            frozenset(),
        ),
        "caddy": names("validate fmt adapt version"),
        "jupyter": names("nbconvert"),
    },
    HISTORY: {
        **dict.fromkeys(names("mv shred truncate unlink standard-version bump2version bumpversion"), frozenset()),
        "hg": names("status st diff log id identify cat annotate summary"),
        "svn": names("status st diff log info cat blame ls list"),
        "jj": names("status st diff log show"),
        "bump-my-version": names("show"),
    },
}

# --- programs of which only some subcommands matter -------------------------------------------------------------------

JAVASCRIPT_MANAGERS = names("npm pnpm yarn bun")
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

# --- programs that run another one ------------------------------------------------------------------------------------

WRAPPERS: Mapping[str, int] = {
    **dict.fromkeys(
        names(
            "env nice ionice time gtime exec command builtin stdbuf setsid chronic xvfb-run dbus-run-session unbuffer strace "
            "ltrace caffeinate parallel xargs npx bunx uvx dotenv cross-env cross-env-shell env-cmd c8 nyc"
        ),
        0,
    ),
    **dict.fromkeys(names("timeout gtimeout chrt taskset flock faketime kcov"), 1),
    **dict.fromkeys(
        (
            "pipx run", "uv run", "uv tool run", "poetry run", "pipenv run", "pdm run", "hatch run", "rye run", "pixi run",
            "conda run", "mamba run", "bundle exec", "npm exec", "npm x", "pnpm exec", "pnpm dlx", "yarn exec", "yarn dlx",
            "bun x", "mise exec", "mise x", "doppler run", "op run", "dotenvx run", "infisical run", "cargo xtask",
        ),
        0,
    ),
    **dict.fromkeys(("direnv exec", "docker exec", "podman exec", "docker-compose exec", "docker-compose run", "yarn workspace"), 1),
}  # fmt: skip
"""For the words that start it, how many words of its own stand before the other program's name."""

TASK_RUNNERS = names(
    "make gmake just task rake invoke inv nox tox mage poe poethepoet gulp grunt ninja mvn mvnw gradle gradlew sbt lein bazel "
    "turbo nx rush moon duty doit earthly dagger rails"
)
"""Programs whose arguments are names of things that somebody wrote down: judged by those names."""
RUN_SUBCOMMANDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(JAVASCRIPT_MANAGERS, names("run run-script rum")),
    "deno": names("task"),
    "composer": names("run run-script"),
    "lerna": names("run"),
    "mise": names("run"),
    "cargo": names("make"),
}
MANAGER_SUBCOMMANDS = names(
    "install i ci test t run run-script why list ls audit outdated pack exec dlx x view info config fetch rebuild licenses "
    "ping prune root bin explain help doctor workspaces query sbom diff dedupe --version -v"
)
"""What a JavaScript package manager does itself; any other word is a script or a program of the project."""

SHELLS = names("bash sh zsh dash ksh ash fish")
INTERPRETERS = names("python pypy node deno bun ruby perl php tsx ts-node Rscript julia lua groovy elixir jshell")
CODE_OPTIONS = names("-c -e -E --eval -p --print -r -pe -ne")

CARRIED = names(
    "git npm pnpm yarn npx cargo docker docker-compose kubectl terraform helm sudo rm curl wget ssh scp aws gcloud gh twine uv pip "
    "make bash sh zsh systemctl kill pkill psql mysql redis-cli"
)
"""Programs that are looked for among the arguments of a program that no table knows: it may run them (``retry 3 git push``)."""

# --- programs whose arguments are not verbs ---------------------------------------------------------------------------

DATA_PROGRAMS = names(
    "echo printf grep egrep fgrep rg ag ack ls cat head tail wc diff cmp sort uniq cut tr test [ stat file basename dirname "
    "realpath readlink pwd date which type hash jq yq sed awk gawk true false : cd pushd popd export set unset shopt source . "
    "read wait exit return break continue shift umask ulimit alias seq sha256sum sha1sum shasum md5sum md5 cksum b2sum xxd od "
    "hexdump strings column comm join paste nl rev tac fold fmt expand bc expr let getopts printenv uname hostname whoami id "
    "groups df du free nproc ps pgrep lsof tree less more man info local declare readonly typeset mapfile sleep cosign"
)
"""Their arguments are text and files."""
TOOLS = names(
    "pytest py.test unittest ruff black isort flake8 pylint mypy pyright basedpyright ty pyre bandit vulture interrogate "
    "coverage eslint prettier stylelint tsc biome oxlint knip depcheck vitest jest mocha ava karma playwright cypress phpunit "
    "phpstan psalm rspec rubocop standardrb shellcheck shfmt hadolint yamllint markdownlint markdownlint-cli2 actionlint "
    "codespell cspell typos lychee gofmt goimports golangci-lint staticcheck govulncheck gotestsum rustfmt clang-format "
    "clang-tidy cppcheck cmake ctest bats checkov tflint semgrep gitleaks trivy grype detect-secrets zizmor swiftlint ktlint "
    "detekt buf sqlfluff djlint xmllint check-jsonschema jsonschema sphinx-build doc8 vale proselint nbqa xenon radon lizard "
    "deptry pip-audit safety osv-scanner lighthouse pa11y hyperfine pre-commit prek doctest compileall py_compile json.tool "
    "venv virtualenv build twine nose2 stestr hypothesis lint-imports import-linter validate-pyproject swift xcodebuild "
    "javac java kotlinc gcc g++ cc clang ld ar ngspice zig nim crystal ocaml dune opam stack cabal ghc elm dart flutter "
    "mkdir touch cp tar unzip zip gzip gunzip bzip2 xz zstd openssl gpg install ln chmod rsync find tee trap eval patch "
    "curl wget go git docker-compose ansible-lint ansible-playbook cargo-nextest protoc sqlite3 gawk dpkg rpm"
)
"""Their arguments name tests, files and options: never judged by verbs."""
DOWNLOADERS = names(
    "pip uv npm pnpm yarn bun gem cargo go composer bundle poetry pdm pipx conda mamba uvx npx cosign git"
)
"""Their addresses are where packages come from."""

# --- words in the names of scripts, targets and subcommands -----------------------------------------------------------

FIRST_WORDS: Mapping[str, Manual] = {
    **dict.fromkeys(
        names(
            "deploy publish release ship upload promote rollback migrate seed push prod production staging undeploy destroy "
            "notify send apply login logout broadcast"
        ),
        OUTSIDE,
    ),
    **dict.fromkeys(names("install uninstall setup bootstrap provision stop down nuke wipe purge drop kill"), MACHINE),
    **dict.fromkeys(names("dev develop serve start watch preview up storybook runserver devserver"), SERVER),
    **dict.fromkeys(names("bump commit tag amend rebase create init scaffold eject"), HISTORY),
}
"""The first word of a name: ``deploy:staging``, ``install-hooks.sh``."""
LAST_WORDS: Mapping[str, Manual] = {
    **dict.fromkeys(
        names(
            "deploy publish ship upload promote rollback migrate seed push prod production staging live reset destroy apply"
        ),
        OUTSIDE,
    ),
    **dict.fromkeys(names("nuke wipe purge drop"), MACHINE),
    **dict.fromkeys(names("serve watch"), SERVER),
}
"""The last word of a name: ``db:migrate``, ``smoke:live``, ``demo-seed.ts``."""
STRONG_WORDS = names("deploy publish migrate rollback seed destroy backfill curate purge wipe promote upload")
"""Deeds that are meant wherever in a name they stand: ``app:deploy:eu``, ``prices:curate:all``."""
ONLY_WORDS: Mapping[str, Manual] = {"server": SERVER}
"""A name of one word."""
REASSURING_WORDS = names("check verify lint validate audit status diff dry notes docs")
"""With one of these after it, a name is about the deed and does not do it: ``release-check``, ``deploy:dry-run``."""
