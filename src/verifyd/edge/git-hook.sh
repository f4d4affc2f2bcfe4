# shellcheck shell=sh
# A tree with a ready verdict is answered here, by git and sh alone: the verdict's file holds the tree, what it rests on, and
# a seal made with a key that only you can read (docs: adr/0018). All else is the program's to answer. Nothing here changes a
# file. A verdict that is older than a tool, another approval, another PATH, another base, another repository: ask.

say() {
    printf 'verifyd: %s\n' "$@" >&2
}

# (Everything here is done without starting a process where that can be: each takes as long as all the rest.)

# git that believes of a commit what the commit says itself: what is pushed is that, and neither what refs/replace puts in its place
# nor what files beside the objects tell of its parents.
plain_git() {
    GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null git -c core.commitGraph=false "$@"
}

# When a file was last written, in seconds since 1970 (GNU and busybox, else BSD and macOS).
date_of() {
    stat -c %Y "$1" 2>/dev/null || stat -f %m "$1" 2>/dev/null
}

# Whether the tree $1 has a ready verdict that holds for a commit on top of $2.
is_ready() {
    file=$common/verifyd/verdicts/$1
    [ -n "$1" ] && [ -f "$file" ] && [ ! -L "$file" ] && [ -r "$key_file" ] || return 1
    # The seal covers PATH too, without what git has put before it for this hook, and the variables that the run had of those
    # that tell tools to do otherwise.
    search=$PATH
    [ -z "${GIT_EXEC_PATH-}" ] || search=${search#"$GIT_EXEC_PATH:"}
    told="environment
PATH=$search"
    text='' schema='' tree='' readiness='' base='' base_name='' approved='' approval='' repository='' dated='' seal=''
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
        'dated '*) dated=${line#* } ;;
        'variable '*)
            name=${line#* }
            case $name in *[!A-Za-z0-9_]* | [0-9]* | '') return 1 ;; esac
            eval "value=\${$name-}"
            told="$told
$name=$value"
            ;;
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
    [ "$schema" = 'verifyd.verdict/2' ] && [ "$tree" = "$1" ] && [ "$readiness" = ready ] || return 1
    [ -f "$approval" ] && [ "$repository" -ef "$common" ] || return 1
    read -r key <"$key_file" || return 1
    [ "${#key}" -eq 64 ] || return 1
    # (The file's own date, that of the run, is sealed as well: who dates it later makes nothing younger than it.)
    made=$(
        git hash-object --no-filters --stdin "$approval" <<SEALED && date_of "$file"
$key
$text$told
$key
SEALED
    ) || return 1
    date=${made##*[!0-9]}
    [ "$made" = "$seal
$approved
$date" ] || return 1
    [ "$date" -le "$dated" ] || return 1
    case $base in
    -) ;;
    *)
        if [ "$base_name" = auto ]; then
            now=$(plain_git rev-parse --verify --quiet "$2^{commit}") || now=none
        else
            now=$(plain_git merge-base "$base_name" "$3") || return 1
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
    # pre-commit and prek have read what git says, and tell it in variables; of a whole history only the branch's name.
    if [ -n "${PRE_COMMIT_TO_REF-}" ]; then
        pushed="- $PRE_COMMIT_TO_REF - -"
    elif [ -n "${PRE_COMMIT_LOCAL_BRANCH-}" ]; then
        pushed="- $(plain_git rev-parse --verify "$PRE_COMMIT_LOCAL_BRANCH^{commit}") - -" || exit 1
    else
        pushed=$(cat)
    fi
    if [ -x "$kept" ]; then printf '%s\n' "$pushed" | "$kept" "$@" || exit; fi
    # Nothing is new, or a runner did not hand on what git says: then HEAD is judged, unless some remote has it already.
    if [ -z "$pushed" ] && [ -z "$(plain_git for-each-ref --count=1 --contains HEAD refs/remotes)" ]; then
        pushed="- $(git rev-parse --verify --quiet HEAD) - -"
    fi
    open=${VERIFYD_SKIP:+yes}
    while read -r _ commit _ _; do
        case $commit in *[!0]*) ;; *) continue ;; esac
        tree=$(plain_git rev-parse --verify --quiet "$commit^{tree}") || continue
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
