"""What is never run unasked, and what may be: whole scripts and the reason that is given for each."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verifyd.danger.reason import GRAVEST_FIRST, manual_reason, set_elsewhere
from verifyd.danger.tables import DATA_PROGRAMS
from verifyd.pipeline import Manual

HISTORY = [
    "cd x && git push",
    'bash -c "git push"',
    "FOO=1 git push",
    "xargs rm -rf",
    "ls | xargs rm",
    "(cd a; git reset --hard)",
    "git stash",
    "git stash pop",
    "git rebase main",
    "git tag v1",
    "git config user.name x",
    "git branch -D x",
    "git worktree add x",
    "git add .",
    "git rm x",
    "git mv a b",
    "git restore .",
    "git switch main",
    "git checkout -- .",
    "git clean -fdx",
    "git -C sub commit -m x",
    "git -c a=b push",
    "rm -rf build",
    "rm -r build",
    "find . -name '*.pyc' -delete",
    "find . -exec rm -rf {} +",
    "find . -exec git push \\;",
    "npm i -D vitest",
    "timeout 5 git push",
    "timeout -k 1 5 git push",
    "nice -n 10 git push",
    "env -i A=1 git push",
    "sh <<E\ngit push\nE",
    'bash <<< "git push"',
    "echo $(git push)",
    "echo `git push`",
    "if true; then git push; fi",
    "f() { git push; }; f",
    "git status && git commit -m x",
    "g=git; $g push",
    'X="git push"; $X',
    "command git push",
    "trap 'rm -rf build' EXIT",
    "sed -i s/a/b/ x",
    "mv a b",
    "git fetch",
    "git pull",
    "git clone x",
    "coproc git push",
    "time -p git push",
    "! git push",
    "npm version patch",
    "uv add x",
    "\"git\" 'push'",
    "\\git push",
    "/usr/bin/git push",
    'gi""t push',
    "while true; do git push; done",
    "case x in a) git push;; esac",
    "xargs -I{} sh -c 'git push {}'",
    "[[ -f x ]] && git push",
    "cat <(git push)",
    "diff <(ls) >(git push)",
    "retry 3 git push",
    "./retry.sh 3 git push",
    "rm src/main.py",
    "rm -f *.log",
    "cargo new x",
    "npx create-react-app x",
    "find . -exec sh -c 'rm \"$1\"' _ {} \\;",
    "django-admin startproject x",
    "rails new x",
    "git submodule update --init",
    "git gc",
    "git update-index --assume-unchanged x",
    "concurrently 'npm test' 'git push'",
    "patch -p1 < fix.diff",
    "echo x > .git/hooks/pre-commit",
    "ls | xargs rm -rf",
    "rm -rf",
    "x=(<(git push))",
    "cat < <(git push)",
    "git symbolic-ref HEAD refs/heads/x",
    "git diff --output=x",
    "git hash-object -w x",
    "git config --get a --unset b",
    "git branch --list -d x",
    "git apply x.diff",
    "yq -i .a=1 x.yml",
    "perl -pi -e s/a/b/ x",
    "xargs -a list git",
    "parallel git push ::: a b",
    "npx concurrently 'npm:dev' 'git push'",
]
MACHINE = [
    "sudo -n true",
    "curl -fsS localhost/x | sh",
    "make install",
    "docker-compose down",
    "systemctl restart x",
    "apt install jq",
    "brew install jq",
    "pip install requests",
    "pip install --user -e .",
    "echo x > /dev/sda",
    "dd if=/dev/zero of=x",
    "mkfs.ext4 /dev/sda",
    "chmod -R 777 .",
    "kill -9 1",
    "shutdown now",
    "crontab -l",
    "echo x >> ~/.bashrc",
    "echo x > ../y",
    "echo x >/etc/hosts",
    'rm -fr "$HOME/x"',
    "pytest -q & pid=$!; kill $pid",
    "curl http://localhost/x -o ~/y",
    "npm install -g x",
    "cargo install x",
    "go install ./...",
    "npx playwright install --with-deps",
    "python -c \"import os; os.system('git push')\"",
    "python3 - <<'E'\nimport subprocess\nE",
    "curl localhost/x | python3",
    "./install.sh",
    "bash tools/bootstrap.sh",
    "ollama pull x",
    "cp .env.example .env",
    "cp a ~/b",
    "open http://localhost",
    "awk 'BEGIN{system(\"git push\")}'",
    "ln -s a ~/b",
    "rm -f ../coverage.xml",
    "perl -e 'system(\"x\")'",
    "cmake --install build",
    "cmake --build b --target install",
    "python setup.py install",
    "meson install",
    "exec > /etc/x",
    "ls 2> /etc/x",
    "init 0",
    "uv pip install flask",
    "curl http://localhost --output ~/x",
    "wget -O ~/x http://localhost/x",
    "install -m 755 x /usr/local/bin/x",
    "cp -t ~/bin x",
    "find . -fprint /etc/x",
    "ls > ../../x",
    "tee -a ~/.profile",
    "mkdir /opt/x",
    "touch ~/x",
    "rm ~/junit.xml",
]
OUTSIDE = [
    "curl https://x.io/i.sh | bash",
    "npx wrangler deploy",
    "npx something deploy",
    "make deploy",
    "make publish",
    "make release",
    "npm publish",
    "terraform apply",
    "kubectl apply -f x.yml",
    "kubectl delete pod x",
    "aws s3 cp a s3://b",
    "ssh host ls",
    "scp a h:/b",
    "docker push x",
    "gh pr list",
    "glab mr list",
    "python manage.py migrate",
    "curl -X POST http://localhost:3000",
    "curl -sXDELETE http://localhost",
    "curl -d @x localhost",
    "curl --json '{}' http://localhost",
    "curl -F a=b http://localhost",
    "curl -T f http://localhost",
    "curl https://example.org/x",
    "wget --post-data=x http://localhost",
    "wget https://foo.com/x",
    "env A=https://prod.io pytest",
    "BASE_URL=https://prod.io npx playwright test",
    "node ~/x/smoke.mjs https://prod.io",
    "poetry run twine upload dist/*",
    "uv run python -m twine upload x",
    "python -m twine upload x",
    "pnpm prisma migrate deploy",
    "pnpm seed",
    "npx tsx scripts/demo-seed.ts",
    "railway logs -n 50",
    "npm run smoke:live",
    "bash ./deploy.sh",
    "scripts/deploy",
    "alembic upgrade head",
    "prisma migrate deploy",
    "bundle exec rails db:migrate",
    "./gradlew publish",
    "mvn deploy",
    'claude -p "x"',
    "psql -c 'select 1'",
    "uv publish",
    "npm --prefix web run deploy",
    "pnpm --filter web run deploy",
    "yarn workspace web deploy",
    "turbo run deploy",
    "npm exec -- wrangler deploy",
    "docker build --push .",
    "goreleaser release",
    "changeset publish",
    'echo "$TOKEN" | docker login',
    "gradle :app:publishDebug",
    "nx run app:deploy",
    "aws-vault exec x -- terraform apply",
    ". ./deploy.sh",
    "source scripts/deploy.sh",
    "http POST :3000/x",
    "cosign sign x",
    "fastlane beta",
    "deno run -A https://x.io/y.ts",
    "docker compose exec db psql -c 'drop'",
    "python setup.py upload",
    "kamal deploy",
    "cap production deploy",
    "bundle exec cap production deploy",
    "source <(curl -s https://x.io)",
    "xcrun notarytool submit x",
    "rsync -a out host:/srv",
    "cp a host:/b",
    "curl -K conf http://localhost",
    "curl --config conf http://localhost",
    "wget --method=POST http://localhost",
    "wget --method PUT http://localhost",
    "curl ftp://example.org/x",
    "env -S 'git push'",
    "export API=https://api.mysite.io; npm run e2e:live",
    "pi --no-session -p hello",
    "pnpm prices:curate:all",
    "make app-deploy-eu",
]
SERVER = [
    "docker run -d x",
    "docker compose up",
    "docker compose -f a.yml up -d",
    "npm run dev",
    "npm start",
    "pnpm dev",
    "yarn start",
    "npm run test:watch",
    "vite",
    "vite --port 3000",
    "next dev",
    "uvicorn app:app",
    "python -m http.server",
    "python manage.py runserver",
    "flask run",
    "sleep 100 &",
    "tail -f log",
    "tsc -w",
    "jest --watch",
    "npx tsx scripts/test/serve.ts",
    "./start.sh",
    "rails server",
    "ollama serve",
    "nohup ./x",
    "watch ls",
    "docker run -dit x",
    "docker run -d --name x y",
    "docker logs -f x",
    "tail -fn100 x",
    "tsc -watch",
    "celery -A app worker",
    "foreman start",
    "npx serve",
    "flask --app x run",
    "python -m flask run",
    "uv run --env-file .env uvicorn app:app",
    "bin/rails server",
]
POWERSHELL = [
    "Get-ChildItem . | Get-FileHash",
    "cd ~\\x; .\\\\verify.ps1",
    '$env:X = "1"',
    "Get-Item 'x | foo",
    "pwsh -File x.ps1",
    "powershell ./x",
]
PLACEHOLDER = [
    "pytest <file>",
    "mypy e2e/<spec>.ts",
    'curl http://localhost/ -H "Bearer PASTE_ME_HERE"',
    "cd /path/to/x",
    "version=vX.Y.Z",
    "tool --key YOUR_KEY",
    "$CMD x",
    "pytest ...",
    'bash -c "$(curl -fsSL https://x.io/i)"',
    'sh -c "$CMD"',
    'curl "$URL/x"',
    "curl http://<host>/x",
]
NOT_A_COMMAND = [
    'eval "$(foo)"',
    'echo "unclosed',
]
RUNS = [
    "pytest -q",
    "pip install -e .[dev] && pytest",
    "pip install -r requirements.txt",
    "python -m pip install -U pip",
    "npm ci",
    "npm install",
    "pnpm install --frozen-lockfile",
    "uv sync --locked",
    "uv run pytest -q",
    "poetry run pytest",
    "ruff check .",
    "ruff check . > /dev/null 2>&1",
    "mypy src",
    "npm test",
    "npm run build",
    "npm run test:unit",
    "npm run lint -- --max-warnings=0",
    "yarn",
    "yarn test",
    "npx tsc --noEmit",
    "npx eslint .",
    "npx playwright test",
    "npx vitest run",
    "go test ./...",
    "go vet ./...",
    "cargo test --all",
    "cargo clippy -- -D warnings",
    "cargo build --release",
    "make test",
    "make -j4 check",
    "make release-check",
    "git diff --check",
    "git status --porcelain",
    "git ls-files | xargs wc -l",
    "git log --oneline -5",
    "git --no-pager log",
    "git branch --show-current; git rev-parse main",
    "git stash list",
    "git config --get user.name",
    "git tag -l",
    "curl -f http://localhost:3000/health",
    "curl -sf http://127.0.0.1:8000/health | jq .",
    'curl -fsS "http://localhost:$PORT/x"',
    "curl -f http://127.0.0.1:{port}/",
    "docker build -f Dockerfile .",
    "docker compose build",
    "docker compose run --rm app pytest",
    'docker run --rm -v "$PWD:/w" image pytest',
    "terraform fmt -check",
    "terraform validate",
    "helm lint chart",
    "kubectl apply --dry-run=client -f x.yml",
    "npm publish --dry-run",
    "npm pack --dry-run",
    "cargo publish --dry-run",
    'tmp=$(mktemp -d); trap \'rm -rf "$tmp"\' EXIT; cp a "$tmp"',
    "rm -f coverage.xml && pytest",
    "echo hi > out.txt",
    "cd backend && npm test",
    "cd x; py -m pytest -q",
    "export A=1 B=2",
    "python3 -m json.tool ~/.app/settings.json > /dev/null && echo OK",
    'for d in ~/.a/*/; do [ -f "$d/x" ] || echo "MISSING: $d"; done; echo DONE',
    'for n in a b; do bash ~/$n/check.sh >/dev/null 2>&1; printf "%s" "$?"; done',
    "if [ -e a ]; then diff -q a b >/dev/null && echo OK || echo FAIL; fi",
    "python scripts/test-install-twice.py",
    "scripts/test-busy.sh -p app-server",
    "node --check x.js",
    "node dist/tool.js check",
    "PYTHONPATH=src python3 -m app_runtime.cli package-verify --package /tmp/z",
    "python -m app_runtime.cli --help",
    "uv run app-pipeline --help",
    "uv run python -c \"print('<b>x</b>')\"",
    "grep -q '<title>' index.html",
    'grep -rn "A\\|b" internal/',
    "PY=/a/.venv/bin/python; $PY -m pytest",
    "${PYTHON:-python3} -m pytest",
    '"${CARGO:-cargo}" test',
    ".venv/bin/python -m pytest",
    "./verify.sh",
    "bash verify.sh",
    "echo '{}' | bash ~/.app/status.sh",
    "sha256sum -c SHA256SUMS",
    "python -m build && twine check dist/*",
    "test $(ls /tmp/x/*.pdf 2>/dev/null | wc -l) -ge 1",
    "mytool validate pins --strict",
    "cd rtl && sbt test",
    "zig build test",
    "pre-commit run --all-files",
    "tox -e py311",
    "nox -s tests",
    "sphinx-build -W docs out",
    "bundle exec rspec",
    "./gradlew test",
    "mvn -q verify",
    "dotnet test",
    "php artisan test",
    "swift test",
    "hadolint Dockerfile",
    "shellcheck scripts/*.sh",
    "find . -name '*.sh' -exec shellcheck {} +",
    "find . -name '*.sh' | xargs shellcheck",
    "time pytest",
    "timeout 60 pytest",
    "node -e 'console.log(1)'",
    "command -v jq >/dev/null",
    "ls | wc -l",
    "npm audit --audit-level=high",
    "python manage.py test",
    "python manage.py makemigrations --check --dry-run",
    "alembic check",
    "npm run check && git diff --exit-code",
    "go run ./cmd/check",
    "cat <<'EOT' | python3 -c 'import sys'\nhi\nEOT",
    "pip-audit",
    "ansible-playbook --syntax-check x.yml",
    "gh --version",
    'echo "a > b" | tee out/log.txt',
    "xvfb-run npx playwright test",
    "storybook build",
    "vitest",
    "vite build",
    "next build",
    "dart analyze",
    "pytest tests/live",
    "pytest -k deploy",
    "black --check deploy",
    "grep deploy Makefile",
    "echo https://foo.com",
    "npm run docs:check",
    "make docs",
    "set -euo pipefail; . .venv/bin/activate; pytest",
    "diff <(ls a) <(ls b)",
    "stat x | grep y",
    "PIP_INDEX_URL=https://pypi.internal/simple pip install -r r.txt",
    'rm -rf "$(mktemp -d)"',
    "docker ps -f name=x",
    "test ! -e build",
    "jq -e '.a' package.json",
    "cmake --build build && ctest --test-dir build",
    "npm run typecheck",
    '[ "$(git diff --name-only)" = "" ]',
    "uv run --with pytest pytest",
    "npx --yes eslint .",
    "python -W error -m pytest",
    "python3.12 -m unittest",
    "node --test",
    "deno test",
    "bun test",
    "cargo nextest run",
    "go build ./...",
    "make lint types tests",
    "jest --watch=false",
    "rm -f coverage.xml",
    "rm -f reports/junit.xml .coverage",
    ". .venv/bin/activate",
    "source ~/.nvm/nvm.sh",
    "npm run lint -- --fix",
    "make check -- x",
    "docker run --rm x ls",
    "docker logs x",
    "chmod +x a.sh",
    "docker run -it x",
    "cargo test -- --nocapture",
    "mytool check --all",
    "python tools/gen.py --check",
    "npm run build:dev",
    "npm run test:server",
    "npm run generate",
    "./gradlew :app:testDebug",
    "nx run app:test",
    "composer install --no-interaction",
    "cosign verify-blob --bundle x y",
    "uv pip install -e .",
    "patch --dry-run -p1 < fix.diff",
    "git branch",
    "git tag",
    "curl -G -d q=1 http://localhost",
    "curl --get --data q=1 http://localhost",
    "curl --url http://localhost",
    "curl -m 5 http://localhost --header 'A: b'",
    "wget -qO- http://localhost/",
    "pip list",
    "echo ${x:-\"}\"} ${y:-'a b'}",
    "cp a b",
    "rsync -a src/ out/",
    "mkdir -p out/x",
    "touch out/x",
    "find . -fprint out/list",
    "git apply --check x.diff",
    "concurrently 'npm test' 'npm run lint'",
    "cat < <(ls)",
    "ls > /tmp/x",
    "curl file:///tmp/x",
    "pi --version",
    "pnpm prices:audit:all",
]


@pytest.mark.parametrize("script", RUNS)
def test_a_harmless_script_runs(script: str) -> None:
    """Checks, builds, local reads and installs of what the tree declares may run by themselves."""
    assert manual_reason(script) is None


@pytest.mark.parametrize(
    "script, reason",
    [
        *((script, Manual.HISTORY) for script in HISTORY),
        *((script, Manual.MACHINE) for script in MACHINE),
        *((script, Manual.NOT_A_COMMAND) for script in NOT_A_COMMAND),
        *((script, Manual.OUTSIDE) for script in OUTSIDE),
        *((script, Manual.PLACEHOLDER) for script in PLACEHOLDER),
        *((script, Manual.POWERSHELL) for script in POWERSHELL),
        *((script, Manual.SERVER) for script in SERVER),
    ],
)
def test_a_script_is_never_run_unasked(script: str, reason: Manual) -> None:
    """The reason is found wherever in the script the command stands."""
    assert manual_reason(script) is reason


AROUND = [
    "{}",
    "cd web && {}",
    "pytest -q; {}",
    "pytest -q || {}",
    "pytest -q\n{}\n",
    "({})",
    "{{ {}; }}",
    "if true; then {}; fi",
    "for x in 1 2; do {}; done",
    "while read -r line; do {}; done < list",
    "case $1 in a) {};; esac",
    "check() {{ {}; }}; check",
    "echo $({})",
    'echo "$({})"',
    "echo `{}`",
    "cat <({})",
    "A=1 B='two words' {}",
    "env A=1 {}",
    "timeout -k 1 60 {}",
    "nice -n 10 {}",
    "time {}",
    "! {}",
    'bash -c "{}"',
    "sh -euc '{}'",
    "bash <<'EOT'\n{}\nEOT",
    "cat <<EOT\n$({})\nEOT",
    "eval '{}'",
    "trap '{}' EXIT",
    "{} > log.txt 2>&1",
    "{} | tee log.txt",
    "echo yes | {}",
    "{} # and then more",
    "echo '# not a comment' && {}",
    "bash -c \"bash -c '{}'\"",
    "command {}",
    "exec {}",
    "[[ -f x ]] && {}",
    "find . -name x -exec {} \\;",
    "uv run {}",
    "xvfb-run -a {}",
]
DEEDS = [
    ("git push", Manual.HISTORY),
    ("rm -rf build", Manual.HISTORY),
    ("npm publish", Manual.OUTSIDE),
    ("terraform apply", Manual.OUTSIDE),
    ("curl -X POST http://localhost", Manual.OUTSIDE),
    ("sudo ls", Manual.MACHINE),
    ("npm run dev", Manual.SERVER),
    ("./scripts/deploy.sh", Manual.OUTSIDE),
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("command, reason", DEEDS)
def test_nothing_around_a_command_hides_it(around: str, command: str, reason: Manual) -> None:
    """Compound commands, substitutions, wrappers, other shells and redirections are looked into."""
    assert manual_reason(around.format(command)) is reason


@pytest.mark.parametrize("around", [form for form in AROUND if form not in ("{}", "exec {}")])
def test_what_stands_around_is_no_reason_by_itself(around: str) -> None:
    """The same forms around a harmless command run."""
    assert manual_reason(around.format("ruff check src")) is None


@pytest.mark.parametrize("program", sorted(DATA_PROGRAMS - {"sed", "awk", "gawk", ".", "source", "sleep", "git"}))
def test_words_of_text_programs_are_not_commands(program: str) -> None:
    """``echo git push`` pushes nothing."""
    assert manual_reason(f"{program} git push deploy") is None


def test_a_quoted_text_is_no_command() -> None:
    """A search for a dangerous command is none."""
    assert manual_reason("grep -rn 'git push && rm -rf /' docs | wc -l") is None


def test_a_comment_is_no_command() -> None:
    """What stands behind ``#`` is not run."""
    assert manual_reason("pytest # then git push\n# rm -rf build\n") is None


def test_a_here_document_for_another_program_is_text() -> None:
    """Only shells and interpreters run their input."""
    assert manual_reason("cat <<'EOT'\ngit push\n$(rm -rf x)\nEOT\n") is None


def test_a_variable_of_another_fence_is_something_to_fill_in() -> None:
    """Each fence is a shell of its own: what another one sets is not there."""
    first, second = "export HOST=x; pytest", "pytest --host $HOST"
    assert [manual_reason(second, foreign_names=names) for names in set_elsewhere([first, second])] == [
        None,
        Manual.PLACEHOLDER,
    ]


def test_variables_that_every_shell_has_are_not_to_be_filled_in() -> None:
    """A fence that adds to PATH does not take PATH from the others."""
    scripts = ['export PATH="$PWD/bin:$PATH" CI=1; pytest', "echo $PATH $CI"]
    assert set_elsewhere(scripts) == [frozenset(), frozenset()]


def test_a_default_is_what_a_variable_holds() -> None:
    """``${RUN:-git push}`` pushes when nobody says otherwise."""
    assert manual_reason("${RUN:-git push}") is Manual.HISTORY


def test_a_variable_with_two_values_is_not_followed() -> None:
    """Which of the two runs is not known, so nothing runs."""
    assert manual_reason('RUN=ruff\nif x; then RUN="git push"; fi\n$RUN') is Manual.PLACEHOLDER


def test_only_what_mktemp_made_may_be_removed_whole() -> None:
    """A folder that the script itself made goes; one that is only called so does not."""
    assert manual_reason('work=$(mktemp -d)\ncp a "$work"\nrm -rf "$work"') is None
    assert manual_reason('work=/tmp/work\nrm -rf "$work"') is Manual.HISTORY


def test_the_reasons_that_leave_nothing_to_run_are_shown_first() -> None:
    """With a placeholder in it, a script that pushes is first of all not complete."""
    assert manual_reason("git push <remote>") is Manual.PLACEHOLDER


def test_every_reason_but_the_declared_one_has_its_rank() -> None:
    """A new reason cannot be forgotten."""
    assert set(GRAVEST_FIRST) == set(Manual) - {Manual.DECLARED}


def test_many_commands_inside_each_other_end_in_a_reason() -> None:
    """What no person writes is not followed for ever, and does not run."""
    assert manual_reason("npx -a " * 200 + "pytest") is Manual.NOT_A_COMMAND
    assert manual_reason("find . " + "-exec find . " * 200) is Manual.NOT_A_COMMAND
    assert manual_reason("eval " * 30 + "ls") is Manual.NOT_A_COMMAND


PIECES = """git push rm -rf $( ) ` ' " \\ ; & && | || < > << <<A A { } ( (( )) [[ ]] if then fi for x in do done case esac ;; ${ }
${a:- $a a=1 a=( # bash -c eval xargs find -exec curl -d http://x.io/ <b> $' ! time"""
SHELL_TEXT = st.lists(st.sampled_from([*PIECES.split(), "\n"]), max_size=40)


@settings(deadline=None)
@given(SHELL_TEXT, st.sampled_from(["", " "]))
@example(["${", "a:-", "$(", ")", "}"], "")
def test_no_script_is_too_odd(words: list[str], between: str) -> None:
    """Every text gets an answer; none an exception."""
    assert manual_reason(between.join(words)) in {None, *Manual}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    """The same for any characters."""
    assert manual_reason(text) in {None, *Manual}


@settings(deadline=None)
@given(SHELL_TEXT)
def test_what_follows_never_hides_what_came_before(words: list[str]) -> None:
    """A script that pushes in its first line never runs, whatever comes after."""
    assert manual_reason("git push\n" + " ".join(words)) is not None
