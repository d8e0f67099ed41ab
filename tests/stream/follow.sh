#!/bin/sh
# Follows a stream to its end with curl and awk alone: prints every whole block, and comes back with
# the last id until the service says 204. Half a block counts for nothing, nor does its id.
#   follow.sh URL FOLDER    (two notes are kept in FOLDER: the last id and the last status)
set -eu
url=$1 last=$2/last status=$2/status
echo 0 >"$last"
while :; do
    # No line is trusted for ever: two seconds here, in the world perhaps ten minutes.
    curl --silent --no-buffer --max-time 2 \
        --header "Accept: text/event-stream" --header "Last-Event-ID: $(cat "$last")" \
        --write-out '%{stderr}%{http_code}' "$url" 2>"$status" |
        awk -v last="$last" '
            { block = block $0 "\n" }
            /^id: / { id = substr($0, 5) }
            $0 == "" {
                printf "%s", block
                if (id != "") { print id >last; close(last) }
                block = id = ""
            }'
    [ "$(cat "$status")" != 204 ] || exit 0
done
