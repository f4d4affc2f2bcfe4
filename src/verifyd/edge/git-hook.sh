# shellcheck shell=sh
# A tree with a ready verdict is answered here, by git and sh alone: the verdict's file holds the tree, what it rests on, and
# a seal made with a key that only you can read (docs: adr/0017). All else is the program's to answer. Nothing here changes a
# file. A verdict that is older than a tool, another approval, another PATH, another base, another repository: ask.

say() {
    printf 'verifyd: %s\n' "$@" >&2
}

# The environment that the seal covers, as the program writes it; what git put before PATH for this hook left out.
telling() {
    search=$PATH
    [ -z "${GIT_EXEC_PATH-}" ] || search=${search#"$GIT_EXEC_PATH:"}
    printf 'environment\nPATH=%s\n' "$search"
    set -f
    IFS='
'
    for line in $(export -p); do
        name=${line#export } name=${name#declare -x } name=${name%%=*}
        case $name in
        PYTEST_CURRENT_TEST* | PYTEST_VERSION* | PYTEST_XDIST* | *[!A-Za-z0-9_]* | '') continue ;;
        PYTHON* | PYTEST_* | LD_* | DYLD_* | NODE_* | npm_config_* | NPM_CONFIG_* | RUST* | CARGO_* | GO* | JAVA_* | JDK_* | MAVEN_* | \
            GRADLE_* | MYPY* | RUFF_* | TOX_* | NOX* | COVERAGE_* | DJANGO_* | RUBY* | BUNDLE_* | PHP* | DOTNET_* | LANG | LC_?* | TZ)
            case $line in "export $name="* | "declare -x $name="*) eval "printf '%s=%s\n' \"\$name\" \"\$$name\"" ;; esac
            ;;
        esac
    done
}

# Whether the tree $1 has a ready verdict that holds for a commit on top of $2.
is_ready() {
    file=$common/verifyd/verdicts/$1
    [ -n "$1" ] && [ -f "$file" ] && [ ! -L "$file" ] && [ -r "$key_file" ] || return 1
    text='' schema='' tree='' readiness='' base='' base_name='' approved='' approval='' repository='' seal=''
    while IFS= read -r line; do
        case $line in
        'schema '*) schema=${line#* } ;;
        'tree '*) tree=${line#* } ;;
        'readiness '*) readiness=${line#* } ;;
        'base '*) base=${line#* } ;;
        'base-name '*) base_name=${line#* } ;;
        'approved '*) approved=${line#* } ;;
        'approval '*) approval=${line#* } ;;
        'repository '*) repository=${line#* } ;;
        'rests-on '*)
            path=${line#* }
            [ -e "$path" ] || return 1
            [ "$path" -nt "$file" ] && return 1
            ;;
        'pipeline '* | 'measured '*) ;;
        'seal '*)
            seal=${line#* }
            break
            ;;
        *) return 1 ;;
        esac
        text=$text$line'
'
    done <"$file"
    [ "$schema" = 'verifyd.verdict/1' ] && [ "$tree" = "$1" ] && [ "$readiness" = ready ] || return 1
    [ -f "$approval" ] && [ "$repository" -ef "$common" ] || return 1
    read -r key <"$key_file" || return 1
    [ "${#key}" -eq 64 ] || return 1
    made=$({
        printf '%s\n%s' "$key" "$text"
        telling
        printf '%s\n' "$key"
    } | git hash-object --no-filters --stdin "$approval") || return 1
    [ "$made" = "$seal
$approved" ] || return 1
    case $base in
    -) ;;
    *)
        if [ "$base_name" = auto ]; then
            now=$(git rev-parse --verify --quiet "$2^{commit}") || now=none
        else
            now=$(git merge-base "$base_name" "$3") || return 1
        fi
        [ "$now" = "$base" ] || return 1
        ;;
    esac
}

# Hand over to the program, with these arguments.
ask() {
    if [ ! -x "$command" ]; then
        command=$(command -v verifyd) || missing
    fi
    exec "$command" hook "$hook" --asked "$@"
}

missing() {
    if [ -n "${VERIFYD_SKIP-}" ]; then
        say "skipped, and kept nowhere, for the program is not there: $VERIFYD_SKIP"
        exit 0
    fi
    say 'the program verifyd is not there any more, so nothing can be verified: stopped' \
        "  install it again, or take its hooks away: rm \"$0\"" \
        '  to go on without it this time: VERIFYD_SKIP="the reason" git commit, or git commit --no-verify'
    exit 1
}

common=${GIT_DIR:-.git}
if [ ! -d "$common" ] || [ -e "$common/commondir" ]; then
    common=$(git rev-parse --git-common-dir) || exit 1
fi

# What was here before us ($kept) goes first, with the same arguments: it may change what is committed.
case $hook in
pre-commit)
    if [ -x "$kept" ]; then "$kept" "$@" || exit; fi
    tree=$(git write-tree) || {
        say 'the index holds conflicts, or cannot be read: no commit'
        exit 1
    }
    if [ -z "${VERIFYD_SKIP-}" ] && is_ready "$tree" HEAD HEAD; then exit 0; fi
    ask "$tree"
    ;;
commit-msg)
    if [ -x "$kept" ]; then "$kept" "$@" || exit; fi
    [ -n "${VERIFYD_SKIP-}" ] || exit 0
    reason=$(printf '%s' "$VERIFYD_SKIP" | tr '\n\r' '  ')
    git interpret-trailers --in-place --if-exists addIfDifferent --trailer "Verifyd-Skip: $reason" "$1"
    ;;
pre-push)
    # pre-commit and prek have read what git says, and tell it in a variable.
    if [ -n "${PRE_COMMIT_TO_REF-}" ]; then pushed="- $PRE_COMMIT_TO_REF - -"; else pushed=$(cat); fi
    if [ -x "$kept" ]; then printf '%s\n' "$pushed" | "$kept" "$@" || exit; fi
    open=${VERIFYD_SKIP:+yes}
    while read -r _ commit _ _; do
        case $commit in *[!0]*) ;; *) continue ;; esac
        tree=$(git rev-parse --verify --quiet "$commit^{tree}") || continue
        is_ready "$tree" "$commit^" "$commit" || open=yes
    done <<PUSHED
$pushed
PUSHED
    [ -n "$open" ] || exit 0
    ask "$@" <<PUSHED
$pushed
PUSHED
    ;;
esac
