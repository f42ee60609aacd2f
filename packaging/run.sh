#!/usr/bin/env bash
# Shows the program: with a screen the window on the sample study, without one its self-test.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python

has_screen() {
    case "${QT_QPA_PLATFORM:-}" in offscreen | minimal | vnc*) return 1 ;; esac
    [ "$(uname -s)" != Darwin ] || return 0
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || return 1
    # A display may be named and not be reachable; Qt then ends the whole process.
    "$python" -c 'from PySide6.QtGui import QGuiApplication; QGuiApplication([])' >/dev/null 2>&1
}

if has_screen; then
    exec "$python" -m brainsr_desktop resources/sample
fi

echo "There is no screen here: running the self-test of the window instead; its pictures and report go to ./out" >&2
if command -v xvfb-run >/dev/null && command -v xauth >/dev/null && [ -z "${QT_QPA_PLATFORM:-}" ]; then
    exec xvfb-run -a -s "-screen 0 1600x1000x24" "$python" -m brainsr_desktop --smoke-test out
fi
QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} exec "$python" -m brainsr_desktop --smoke-test out
