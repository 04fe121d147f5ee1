#!/bin/sh
# Moves the data of this stack from volumes without a name to volumes with one. Read it before you run it.
#
#   sh @SCRIPT@ --dry-run    # what it would do
#   sh @SCRIPT@              # do it, then: docker compose up -d
#
# Until it has run, `docker compose up` stops before it changes anything, and says that a volume whose name ends in
# @SCRIPT@ is not found. That volume is empty: it is the mark that the data arrived, and is made last.
#
# For each volume below: the container that has the old one is stopped, all is copied with owners, modes, times, links,
# attributes and holes, both sides are listed and their checksums compared, and only then the mark is made. What is
# copied from is mounted read-only and never removed. After a failure the container is started again as it was; after a
# kill, or a second time, just run it again. It asks the engine that `docker` talks to, and pulls nothing.
#
#   --dry-run           write nothing, stop nothing
#   --new               where there is nothing to copy, start with an empty volume: for a host where it never ran
#   --from VOLUME=OLD   take the data of VOLUME (last column) from the volume OLD: after `docker compose down`
#   --image IMAGE       copy with the programs of this image; by default that of the container
#   -p PROJECT          the project's name; by default the one that Docker Compose gives it
#
# Exit status: 0 when all volumes are ready, 1 when one is not, 2 when it could not be tried.

set -u
LC_ALL=C
export LC_ALL

volumes='
@ROWS@
' # service, path in its container, volume

script=@SCRIPT@
mark_of() { echo "${project}_$1.run-$script"; }

# --- what runs in the helper, as root without a network: /from is what there was, /to is new ----------------------

# shellcheck disable=SC2016 # for the shell in the container
copy='
set -eu
cp -a --preserve=xattr --sparse=auto /from/. /to/
listed() {
    cd "$1"
    find . -type d -exec stat -c "%F %a %u %g %Y %n" {} +
    find . ! -type d -exec stat -c "%F %a %u %g %Y %s %h %N" {} +
}
summed() { cd "$1" && find . -type f -exec sha256sum {} +; }
attributes() {
    cd "$1"
    find . -exec getfattr -h -d -m - -e hex {} + | while read -r line; do
        case $line in "# file: "*) name=$line ;; ?*) echo "$name $line" ;; esac
    done
}
equal() {
    left=$("$1" /from | sort | sha256sum)
    right=$("$1" /to | sort | sha256sum)
    [ "$left" = "$right" ] || { echo "the copy differs in $2" >&2; exit 1; }
}
equal listed "its files, their owners, modes, times, sizes or links"
equal summed "the content of files"
if command -v getfattr >/dev/null; then equal attributes "extended attributes"; fi
sync
echo "$(find /to ! -type d | wc -l) files, $(du -sk /to | cut -f1) KiB"
'
# shellcheck disable=SC2016 # for the shell in the container
tools='
for tool in find stat sort sha256sum du wc cut sync; do command -v "$tool" || exit 1; done
cp -a --preserve=xattr --sparse=auto /etc/passwd /tmp/
'

# --- small things -------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
fail() { say "$*" >&2; bad=1; }
give_up() { say "$script: $*" >&2; exit 2; }
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "./$script"; }
is_volume() { docker volume inspect "$1" >/dev/null 2>&1; }
label_of() { docker volume inspect --format "{{with .Labels}}{{index . \"$2\"}}{{end}}" "$1"; }
name_of() { docker inspect --format '{{.Name}}' "$1" | sed 's|^/||'; }
is_running() { [ "$(docker inspect --format '{{.State.Running}}' "$1")" = true ]; }
mounted_in() { # container, path: the volume there, or the kind of mount in brackets; nothing where none is
    docker inspect --format "{{range .Mounts}}{{if eq .Destination \"$2\"}}{{if eq .Type \"volume\"}}{{.Name}}{{else}}[{{.Type}}]{{end}}{{end}}{{end}}" "$1"
}
containers_of() {
    docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False
}
count() { printf '%s\n' "$1" | grep -c .; }

# --- the helper ---------------------------------------------------------------------------------------------------

helper() { # image, script, further options: runs with nothing but what is mounted
    docker run --rm --pull never --network none --read-only --tmpfs /tmp --user 0:0 --entrypoint /bin/sh \
        --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add FSETID --cap-add MKNOD \
        --cap-add SETFCAP --security-opt no-new-privileges --label "$helper_label" "$@"
}
is_fit() { helper "$1" -c "$tools" >/dev/null 2>&1; }
remove_helpers() { # with the volumes that their image declares: those with a name are not touched by this
    left=$(docker ps --all --quiet --filter "label=$helper_label")
    # shellcheck disable=SC2086 # identifiers
    [ -z "$left" ] || docker rm --force --volumes $left >/dev/null
}
choose_image() { # container: its own image, else another of the project, that is there and has the programs
    images=$image
    [ -n "$images" ] || images=$(
        [ -z "$1" ] || docker inspect --format '{{.Image}}' "$1"
        docker ps --all --quiet --filter "label=com.docker.compose.project=$project" |
            while read -r other; do docker inspect --format '{{.Image}}' "$other"; done
        ask_compose --images 2>/dev/null
    )
    for chosen in $(printf '%s\n' "$images" | awk '!seen[$0]++'); do
        ! is_fit "$chosen" || return 0
    done
    return 1
}

# --- one volume ---------------------------------------------------------------------------------------------------

migrate() { # service, path, volume
    new=${project}_$3 mark=$(mark_of "$3")
    containers=$(containers_of "$service")
    if [ "$(count "$containers")" -gt 1 ]; then
        fail "$service: it has $(count "$containers") containers, each with data of its own; scale it to one before"
        return
    fi
    old=''
    [ -z "$containers" ] || old=$(mounted_in "$containers" "$path")
    if is_volume "$mark"; then
        done_before
        return
    fi
    given=$(printf '%s\n' "$from" | sed -n "s/^$3=//p")
    if [ -n "$given" ]; then
        is_volume "$given" || { fail "$new: there is no volume $given"; return; }
        old=$given
    fi
    case $old in
    '') nothing_there "$3" ;;
    "[tmpfs]") nothing_there "$3" ;;
    "["*) fail "$service: on $path it has a mount of the host, not a volume; change $script or the Compose file" ;;
    "$new") make_mark "$service: $new is what it has mounted already" ;;
    *) move ;;
    esac
}

done_before() {
    if [ -n "$old" ] && [ "$old" != "$new" ] && is_running "$containers"; then
        fail "$service: it runs on its old volume $old, although that was copied to $new before. What it wrote since is" \
            "in the old one only. To copy again: docker volume rm $mark, and run this again"
        return
    fi
    say "$service: $new is ready"
}

nothing_there() {
    if [ "$new_stack" = 1 ]; then
        if is_volume "$new" && ! is_empty_or_ours; then
            fail "$service: there is nothing to copy, but $new is there and holds something; remove it, or take it" \
                "as it is with: docker volume create $mark"
            return
        fi
        make_mark "$service: there is nothing to copy; $new starts empty"
        return
    fi
    fail "$service: nothing to migrate for $new was found in the project $project." \
        "If it never ran here: $script --new. If it ran and was taken down, find its volume and say:" \
        "$script --from $1=VOLUME"
    docker volume ls --quiet --filter dangling=true | grep -E '^[0-9a-f]{64}$' | head -n 200 |
        while read -r lost; do docker volume inspect --format '    {{.CreatedAt}} {{.Name}}' "$lost"; done |
        sort -r | head -n 10 >&2
}

is_empty_or_ours() {
    [ -z "$(label_of "$new" "$source_label")" ] || return 0
    choose_image "$containers" || return 1
    [ -z "$(helper --volume "$new:/to:ro" "$chosen" -c 'find /to -mindepth 1 | head -n 1')" ]
}

move() {
    if ! choose_image "$containers"; then
        fail "$service: no image of the project has what it takes to copy (cp, find and stat of GNU coreutils);" \
            "name one that is here already: $script --image IMAGE"
        return
    fi
    say "$service: $old on $path goes to $new, with the programs of $(docker image inspect --format \
        '{{with .RepoTags}}{{index . 0}}{{else}}an image without a name{{end}}' "$chosen")"
    users=$(docker ps --quiet --no-trunc --filter "volume=$old")
    for user in $users; do
        [ "$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project"}}' "$user")" = "$project" ] ||
            { fail "$service: the container $(name_of "$user") of something else uses $old; stop it before"; return; }
    done
    if [ "$dry" = 1 ]; then
        for user in $users; do say "    would stop $(name_of "$user")"; done
        return
    fi
    empty_volume || return
    for user in $users; do
        seconds=$(docker inspect --format '{{with .Config.StopTimeout}}{{.}}{{else}}60{{end}}' "$user")
        stopped="$stopped $user"
        docker stop --time "$seconds" "$user" >/dev/null || { fail "$service: $(name_of "$user") does not stop"; return; }
        if [ "$(docker inspect --format '{{.State.ExitCode}}' "$user")" = 137 ]; then
            say "    $(name_of "$user") did not stop within $seconds s and was killed: its data is as after a power cut"
        else
            say "    $(name_of "$user") is stopped"
        fi
    done
    if result=$(helper --volume "$old:/from:ro" --volume "$new:/to" "$chosen" -c "$copy"); then
        make_mark "    copied and compared: $result"
        # Once copied it must not write to its old volume any more, were the host to start again before the next `up`.
        [ -z "$containers" ] || keep_stopped "$containers"
        stopped=''
        olds="$olds $old"
    else
        fail "$service: not copied; $old is as it was"
        docker volume rm "$new" >/dev/null # to give back the room it takes
        start_again
    fi
}

empty_volume() { # the new volume, without what an interrupted run left in it
    if is_volume "$new"; then
        if ! is_empty_or_ours; then
            fail "$service: $new is there already and holds something that was not copied by this; it is left alone"
            return 1
        fi
        docker volume rm "$new" >/dev/null || { fail "$service: $new is in use; remove the container that has it"; return 1; }
    fi
    docker volume create --label "$source_label=$old" --label "com.docker.compose.project=$project" \
        --label "com.docker.compose.volume=${new#"${project}_"}" "$new" >/dev/null
}

make_mark() { # what to say
    [ "$dry" = 1 ] || docker volume create --label "$source_label=${old:-}" "$mark" >/dev/null || { bad=1; return; }
    say "$1"
}

keep_stopped() { # container
    case $(docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' "$1") in '' | no) return ;; esac
    docker update --restart no "$1" >/dev/null
    say "    $(name_of "$1") does not restart by itself until the next docker compose up"
}

start_again() { # never a service of which a part was copied: it would write where nobody looks any more
    if none_is_ready "$service"; then
        for user in $stopped; do docker start "$user" >/dev/null && say "    $(name_of "$user") is started again" >&2; done
    elif [ -n "$stopped" ]; then
        say "    $service stays stopped, as another volume of it was copied; mend the cause and run this again" >&2
    fi
    stopped=''
}

none_is_ready() { # service: none of its volumes was copied yet
    while read -r one _ volume; do
        if [ "$one" = "$1" ] && is_volume "$(mark_of "$volume")"; then return 1; fi
    done <<END
$volumes
END
}

# --- start --------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2329 # by the trap below
interrupted() {
    trap '' HUP INT TERM
    remove_helpers
    start_again
    rm -rf "$lock"
    exit 1
}

take_lock() {
    until mkdir "$lock" 2>/dev/null; do
        owner=$(cat "$lock/pid" 2>/dev/null) || owner=''
        if [ -n "$owner" ] && kill -0 "$owner" 2>/dev/null; then
            give_up "it is running already as process $owner; if that is something else, remove $lock"
        fi
        rm -rf "$lock" || give_up "$lock is in the way"
    done
    echo "$$" >"$lock/pid"
}

ask_compose() { # options of `config`
    # shellcheck disable=SC2086 # words
    $compose @FILES@config "$@"
}

cd "$(dirname "$0")" || exit 2
project='' dry=0 new_stack=0 from='' image='' bad=0 stopped='' olds='' service=''
source_label=dev.composeharden.copy-of
while [ $# -gt 0 ]; do
    case $1 in
    --dry-run) dry=1 ;;
    --new) new_stack=1 ;;
    --from | --image | -p)
        [ $# -gt 1 ] || give_up "$1 needs a value"
        case $1 in
        --from) from="$from
$2" ;;
        --image) image=$2 ;;
        -p) project=$2 ;;
        esac
        shift
        ;;
    -h | --help) usage && exit 0 ;;
    *) give_up "$1 is not known; see --help" ;;
    esac
    shift
done
docker version --format '{{.Server.Version}}' >/dev/null || give_up "the engine does not answer"
compose='docker compose'
$compose version >/dev/null 2>&1 || compose=docker-compose
[ -n "$project" ] || project=$(ask_compose | sed -n 's/^name: //p' | head -n 1)
[ -n "$project" ] || give_up "Docker Compose does not tell the name of the project; mend what it says above, or give it with -p"
helper_label=dev.composeharden.migration=$project
if [ "$dry" = 0 ]; then
    lock=${TMPDIR:-/tmp}/composeharden-$project.lock
    take_lock
    trap interrupted HUP INT TERM
    remove_helpers
fi
while read -r service path volume; do
    [ -z "$service" ] || migrate "$service" "$path" "$volume"
done <<END
$volumes
END
[ "$dry" = 1 ] || rm -rf "$lock"
if [ "$bad" = 1 ]; then
    say "not everything is ready; until it is, docker compose up refuses to start" >&2
    exit 1
fi
[ "$dry" = 1 ] || say "all volumes are ready; next: docker compose up -d"
[ -z "$olds" ] || say "when all is well, the old volumes can go: docker volume rm$olds"
exit 0
