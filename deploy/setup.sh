#!/usr/bin/env bash
# Install all that Teleconsult needs on a Debian 12 machine: system packages, .venv, the built front end.
# `--tests` adds what the tests need. Run again at will: each part is skipped when its inputs have not changed.
#
# TELECONSULT_TORCH_INDEX  a package index or a folder of wheels that has the CPU build of torch
# TELECONSULT_TORCH=cuda   take torch's default build (several GB) on purpose
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
. deploy/messages.sh

with_tests=false
[ "${1:-}" != "--tests" ] || with_tests=true

# Two `make up` at once: the second waits. The lock is on this file, so nothing is left behind.
exec 9<deploy/setup.sh
flock -n 9 || { say "Another set-up is running; waiting for it." "另一个安装过程正在进行，请稍候。"; flock 9; }

stamps=.venv/stamps
up_to_date() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
hash_of() { cat "$@" | sha256sum | cut -c1-64; }

# --- system packages ---------------------------------------------------------------------------

needs_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# Debian starts a freshly installed server by itself, and again at every boot. Ours are children of our own
# supervisor, so the package's service is kept from starting; one that was there before is left alone.
apt_install() {
    local policy=/usr/sbin/policy-rc.d made_policy=false status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | needs_root tee "$policy" >/dev/null
        needs_root chmod 755 "$policy"
        made_policy=true
    fi
    needs_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@" || status=$?
    if $made_policy; then needs_root rm -f "$policy"; fi
    return "$status"
}

keep_off_at_boot() { # SERVICE
    if command -v systemctl >/dev/null; then
        needs_root systemctl disable "$1" >/dev/null 2>&1 || true
    elif command -v update-rc.d >/dev/null; then
        needs_root update-rc.d "$1" disable >/dev/null 2>&1 || true
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# What must be there, and for a machine without apt the program by which it is recognised.
packages=(orthanc orthanc-dicomweb redis-server fonts-droid-fallback fonts-dejavu-core tzdata)
programs=(Orthanc redis-server)
if $with_tests; then
    packages+=(chromium fonts-noto-cjk dcmtk dicom3tools openssl espeak-ng)
    packages+=(postgresql rabbitmq-server ceph-mon ceph-osd radosgw janus coturn) # the tests start their own, in folders of their own
    packages+=(prometheus) # of it only promtool
    packages+=(rsyslog rsyslog-gnutls rsyslog-openssl) # a hospital's receiver of audit entries
    packages+=(poppler-utils qpdf) # they read the signed report as its receivers' programs do
fi
# With a secret of somebody else's, the TURN server is somebody else's too.
if [ -n "${TELECONSULT_TURN_URLS:-}" ] && [ -z "${TELECONSULT_TURN_SECRET_FILE:-}" ]; then
    packages+=(coturn)
    programs+=(turnserver)
fi
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
# What compiles the relay's hot path.
command -v cc >/dev/null || packages+=(gcc)
[ -e /usr/include/stdio.h ] || packages+=(libc6-dev)
python3 -c 'import os, sysconfig as s, sys; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' 2>/dev/null ||
    packages+=(python3-dev)

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    missing=()
    for package in "${packages[@]}"; do installed "$package" || missing+=("$package"); done
    if [ "${#missing[@]}" -gt 0 ]; then
        [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || stop \
            "These system packages are missing: ${missing[*]}. Installing them needs root or sudo; run 'make setup' as root once." \
            "缺少系统软件包：${missing[*]}。安装需要 root 或 sudo 权限，请以 root 身份运行一次 make setup。"
        say "Installing system packages: ${missing[*]}" "正在安装系统软件包：${missing[*]}"
        # The package lists of a fresh machine are empty or old: the first failure is answered by fetching them.
        apt_install "${missing[@]}" >/dev/null 2>&1 || {
            patiently needs_root apt-get update -o Acquire::Retries=3 || stop \
                "The package lists could not be fetched (apt-get update). Check the network and /etc/apt, then run this again." \
                "无法获取软件包列表（apt-get update）。请检查网络和 /etc/apt 后重试。"
            patiently apt_install "${missing[@]}" || stop \
                "The system packages could not be installed: ${missing[*]}." \
                "系统软件包安装失败：${missing[*]}。"
        }
        for service in orthanc redis-server postgresql rabbitmq-server janus coturn prometheus rsyslog; do
            case " ${missing[*]} " in *" $service "*) keep_off_at_boot "$service" ;; esac
        done
        # Of Ceph's services this is the one that would run without a cluster.
        case " ${missing[*]} " in *" ceph-mon "*) keep_off_at_boot ceph-crash ;; esac
    fi
else
    for program in "${programs[@]}"; do
        PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || stop \
            "This machine has no apt, so $program cannot be installed here. Use containers instead: docker compose up" \
            "本机没有 apt，无法安装 $program。请改用容器方式：docker compose up"
    done
fi

# --- Python ------------------------------------------------------------------------------------

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || stop \
    "Python 3.11 or newer is needed; this is $(python3 --version 2>&1 || echo none)." \
    "需要 Python 3.11 或更新版本；当前为 $(python3 --version 2>&1 || echo 无)。"

# Ours, complete, and made at this very place: a copied .venv has scripts that point to where it came from.
venv_is_sound() {
    [ "$(.venv/bin/python -c 'import sys; print(sys.prefix, sys.version_info >= (3, 11))' 2>/dev/null)" = "$root/.venv True" ] &&
        [ ! -e "$stamps/installing" ] && head -n 1 .venv/bin/pip 2>/dev/null | grep -q "^#!$root/.venv/bin/python"
}

make_venv() {
    say "Making .venv" "正在创建 .venv"
    rm -rf .venv
    quietly python3 -m venv .venv || stop "The virtual environment could not be made." "无法创建虚拟环境。"
    mkdir -p "$stamps"
}

pip_install() { .venv/bin/python -m pip install --disable-pip-version-check --no-input --retries 5 "$@"; }

torch_lines() { awk '/^torch==/ {on = 1; print; next} on && /^ / {print; next} {on = 0}' "$1"; }

# Torch comes first and alone: whether its CPU build can be had decides which lock is followed.
choose_torch() {
    torch_lock=requirements.lock
    torch_from=()
    if [ "${TELECONSULT_TORCH:-cpu}" = cuda ]; then torch_lock=requirements-cuda.lock; return; fi
    if [ -n "${TELECONSULT_TORCH_INDEX:-}" ]; then
        if [ -d "$TELECONSULT_TORCH_INDEX" ]; then torch_from=(--find-links "$TELECONSULT_TORCH_INDEX"); else
            torch_from=(--extra-index-url "$TELECONSULT_TORCH_INDEX"); fi
    fi
    local log
    log=$(mktemp)
    torch_lines requirements.lock >"$log.wanted"
    if ! pip_install --no-deps --require-hashes "${torch_from[@]}" -r "$log.wanted" >"$log" 2>&1; then
        if grep -q 'No matching distribution found for torch' "$log"; then
            torch_lock=requirements-cuda.lock
            say "The CPU build of torch is not in pip's indexes: taking the default build (several GB). To avoid it, set TELECONSULT_TORCH_INDEX; see docs/install.md." \
                "pip 的软件源中没有 torch 的 CPU 版本：改用默认版本（数 GB）。如需避免，请设置 TELECONSULT_TORCH_INDEX，见 docs/install.md。"
        else
            tail -n 5 "$log" >&2 # the whole install below tries again
        fi
    fi
    rm -f "$log" "$log.wanted"
}

install_python_packages() { # LOCK...
    touch "$stamps/installing"
    choose_torch
    local lock requirements=()
    for lock in "$@"; do
        if [ "$torch_lock" = requirements-cuda.lock ]; then
            case $lock in requirements.lock) lock=requirements-cuda.lock ;; esac
        fi
        requirements+=(-r "$lock")
    done
    patiently pip_install --require-hashes "${torch_from[@]}" "${requirements[@]}" || return 1
    patiently pip_install --no-deps --no-build-isolation -e . || return 1
    rm -f "$stamps/installing"
}

torch_wanted=${TELECONSULT_TORCH:-cpu}
locks=(requirements.lock)
if $with_tests; then locks+=(requirements-dev.lock); fi
to_run=$(hash_of requirements.lock pyproject.toml <(echo "$torch_wanted"))
to_test=$(hash_of requirements.lock requirements-dev.lock pyproject.toml <(echo "$torch_wanted"))
python_is_ready() {
    [ -x .venv/bin/teleconsult ] && up_to_date python "$to_run" && { ! $with_tests || up_to_date python-tests "$to_test"; }
}

venv_is_sound || make_venv
mkdir -p "$stamps"
if ! python_is_ready; then
    say "Installing Python packages (one to three minutes the first time)" "正在安装 Python 软件包（首次约需一至三分钟）"
    install_python_packages "${locks[@]}" || {
        say "Starting again with a fresh .venv." "正在以全新的 .venv 重新安装。"
        make_venv
        install_python_packages "${locks[@]}" || stop \
            "The Python packages could not be installed. Check the network, then run this again." \
            "Python 软件包安装失败。请检查网络后重试。"
    }
    echo "$to_run" >"$stamps/python"
    if $with_tests; then echo "$to_test" >"$stamps/python-tests"; fi
fi

# Without a compiler the relay forwards in Python: dearer, and the same otherwise.
wanted=$(hash_of signaling/relay/packet_core.h signaling/relay/packet_core.c signaling/relay/c_core_build.py <(.venv/bin/python -V))
if ! up_to_date packet-core "$wanted" || ! .venv/bin/python -c 'from signaling.relay.c_core import load; load()' 2>/dev/null; then
    say "Compiling the relay's hot path" "正在编译媒体中继的核心"
    if quietly .venv/bin/python -m signaling.relay.c_core_build; then
        echo "$wanted" >"$stamps/packet-core"
    else
        say "It could not be compiled; the relay runs in Python, which takes more of the processor." \
            "编译失败；媒体中继将以 Python 运行，占用更多处理器。"
    fi
fi

# --- front end ---------------------------------------------------------------------------------

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    stop "Node.js 20 with npm is needed to build the front end; it is not installed." \
        "构建前端需要 Node.js 20 和 npm，但本机尚未安装。"
fi
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || stop \
    "Node.js 20.19 or newer is needed; this is $(node --version)." "需要 Node.js 20.19 或更新版本；当前为 $(node --version)。"

wanted=$(hash_of web/package.json web/package-lock.json <(node --version))
if ! up_to_date node-modules "$wanted" || [ ! -e web/node_modules/.package-lock.json ]; then
    say "Installing front-end packages" "正在安装前端依赖"
    rm -f "$stamps/node-modules"
    patiently npm --prefix web ci --no-audit --no-fund || stop \
        "The front-end packages could not be installed. Check the network, then run this again." \
        "前端依赖安装失败。请检查网络后重试。"
    echo "$wanted" >"$stamps/node-modules"
fi

front_end_files() {
    find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -name '*.tsbuildinfo' -print0 | LC_ALL=C sort -z
}
wanted=$(front_end_files | xargs -0 sha256sum | sha256sum | cut -c1-64)
if ! up_to_date front-end "$wanted" || [ ! -e web/dist/index.html ]; then
    say "Building the front end" "正在构建前端"
    rm -f "$stamps/front-end"
    quietly npm --prefix web run build || stop "The front end could not be built." "前端构建失败。"
    echo "$wanted" >"$stamps/front-end"
fi
