# Sourced by the other scripts: one line for each step, noise only when something fails.

chinese() { case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in zh*) return 0 ;; *) return 1 ;; esac; }

# say ENGLISH CHINESE: one line of progress, in the language of the terminal.
say() { if chinese; then printf '» %s\n' "$2"; else printf '» %s\n' "$1"; fi; }

# stop ENGLISH CHINESE: say what is in the way, and end.
stop() {
    if chinese; then printf '\n✗ %s\n' "$2" >&2; else printf '\n✗ %s\n' "$1" >&2; fi
    exit 1
}

# quietly COMMAND...: run it; show its first and last lines only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        if [ "$(wc -l <"$log")" -le 30 ]; then cat "$log" >&2; else { head -n 10 "$log"; echo "  [...]"; tail -n 20 "$log"; } >&2; fi
    fi
    rm -f "$log"
    return "$status"
}

# patiently COMMAND...: up to three tries, for downloads over a poor line.
patiently() {
    local try
    for try in 1 2 3; do
        if quietly "$@"; then return 0; fi
        [ "$try" -eq 3 ] || { say "That did not work; trying again ($((try + 1)) of 3)." "未成功，正在重试（第 $((try + 1)) 次，共 3 次）。"; sleep $((try * 2)); }
    done
    return 1
}
