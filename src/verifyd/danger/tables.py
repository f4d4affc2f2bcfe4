"""
What well-known programs are, as tables: data for the rules beside this module.

The tables lean to the careful side: a program that is missing here is judged by its name and its first argument alone,
and a person who knows better puts the line into a script of the repository and calls that.
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
JAVASCRIPT_MANAGERS = names("npm pnpm yarn bun")
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
