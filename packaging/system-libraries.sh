#!/usr/bin/env bash
# Installs the system libraries that Qt's xcb platform needs, and a font; does nothing where they are there.
# Debian and Ubuntu only: as root or with password-less sudo by itself, otherwise it prints the line to type.
set -euo pipefail

[ "$(uname -s)" = Linux ] || exit 0

# Debian package and the shared library that tells whether it is there.
libraries=(
    libegl1:libEGL.so.1 libgl1:libGL.so.1 libxkbcommon0:libxkbcommon.so.0 libxkbcommon-x11-0:libxkbcommon-x11.so.0
    libdbus-1-3:libdbus-1.so.3 libxcb-cursor0:libxcb-cursor.so.0 libxcb-icccm4:libxcb-icccm.so.4
    libxcb-keysyms1:libxcb-keysyms.so.1 libxcb-shape0:libxcb-shape.so.0 libxcb-image0:libxcb-image.so.0
    libxcb-render-util0:libxcb-render-util.so.0 libfontconfig1:libfontconfig.so.1
)

missing=()
known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p)
for entry in "${libraries[@]}"; do
    grep -qF "${entry#*:} " <<<"$known" || missing+=("${entry%%:*}")
done
# Without any font every label is blank.
fonts=$(find /usr/share/fonts /usr/local/share/fonts "${HOME:-/nonexistent}/.fonts" \
    "${HOME:-/nonexistent}/.local/share/fonts" \( -name '*.ttf' -o -name '*.otf' -o -name '*.ttc' \) -print -quit 2>/dev/null || true)
[ -n "$fonts" ] || missing+=(fonts-dejavu-core)

[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Qt needs the system libraries that Debian calls: ${missing[*]}. Please install them." >&2
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
else
    echo "Qt needs system libraries that are not there. Please type:" >&2
    echo "    sudo apt-get install ${missing[*]}" >&2
    exit 0
fi
echo "Installing system libraries for Qt: ${missing[*]}" >&2
install=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
"${install[@]}" >&2 || { "${as_root[@]}" apt-get update -q >&2; "${install[@]}" >&2; }
