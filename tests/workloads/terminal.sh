# SPDX-License-Identifier: Apache-2.0
# terminal.sh: process.terminal, by a user in tmux: size and resize, job control,
# Ctrl-C, Ctrl-Z, Ctrl-D, and his own terminal afterwards, after a crash too.
. tests/lib.sh
make_root "$T/b/rootfs"
make_bundle "$T/b" sh
sed -i 's/"terminal": false/"terminal": true/' "$T/b/config.json"
tm() { tmux -L "kuni-test-$$" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; rm -rf "$T"' EXIT
screen() { tm capture-pane -p -t t 2>&1 | sed 's/[[:space:]]*$//'; }
see() { # WHAT PATTERN: until the screen shows it
	[ -z "${VERBOSE:-}" ] || echo "see $1" >&2
	checks=$((checks + 1))
	for ((i = 0; i < 600; i++)); do
		screen | grep -q -- "$2" && return 0
		sleep 0.1
	done
	fail "$1: '$2' not on the screen:"$'\n'"$(screen)"
	finish # what follows would be typed to somebody else
}
keys() { tm send-keys -t t "$@"; }
tm new-session -d -s t -x 90 -y 30 sh
start() {
	keys 'clear; PS1=outside:' Enter
	see 'the shell outside' '^outside:$'
	keys "$KUNI --root $T/state ${KUNI_OPTS:-} run $T/b; echo status=\$?" Enter
	see 'a prompt' '/ #'
}
start
keys 'stty size; tty' Enter
see 'the size' '^30 90'
see 'the name' '^/dev/pts/0'
keys 'ps -o pid,tty,args' Enter
see 'the controlling terminal' '^ *1 136,0 *sh'
keys 'echo go1; sleep 1000' Enter
see 'a job' '^go1'
keys C-c
keys 'echo int=$?' Enter
see 'Ctrl-C' '^int=130'
keys 'clear; (echo go2; exec sleep 1001)' Enter
see 'another job' '^go2'
keys C-z
see 'Ctrl-Z' 'Stopped.*sleep 1001'
keys 'clear; fg' Enter
see 'the job again' '^(echo go2'
sleep 2 # it says so before the job has the terminal
keys C-c
keys 'clear; echo go3; cat' Enter
see 'cat' '^go3'
keys 'a lune' BSpace BSpace 'ne' Enter C-d
see 'a line that was edited' '^a lune$'
keys 'echo erased' Enter
see 'Ctrl-D ends cat' '^erased'
tm resize-window -t t -x 100 -y 40
keys 'clear; stty size' Enter
see 'the new size' '^40 100'
keys 'vi /tmp/x' Enter
see 'vi' '^~$'
keys 'ihello from vi'
see 'insert mode' '^I /tmp/x'
see 'the text' '^hello from vi'
keys Escape
see 'command mode' '^- /tmp/x .Modified'
keys ':wq' Enter
see 'the shell after vi' '^/ #'
keys 'clear; cat /tmp/x' Enter
see 'what vi wrote' '^hello from vi'
keys 'top -n 1' Enter
see 'top' 'PID.*COMMAND'
keys 'exit 5' Enter
see 'the exit status' '^status=5'
keys 'clear; stty -a | grep -o "[-]*icanon"' Enter
see 'the terminal is as it was' '^icanon'
start
keys 'clear; seq 3000; exit 6' Enter
see 'all output comes before the end' '^3000'
see 'the status' '^status=6'
start
monitors() { # not the guard of the terminal, which has the same arguments
	local p
	for p in $(pgrep -f -- "--root $T/state .*run $T/b"); do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" != kuni ] || echo "$p"
	done
}
# shellcheck disable=SC2046
kill -9 $(monitors) || fail 'no monitor to kill'
see 'the shell outside is back' 'outside:$'
keys 'clear; stty -a | grep -o "[-]*icanon"' Enter
see 'the terminal after a crash' '^icanon'
clients() { pgrep -f -- "--root $T/state .*run $T/b" | wc -l; }
start
tm kill-server
for ((i = 0; i < 300 && $(clients); i++)); do sleep 0.1; done
same 'a terminal that hangs up ends the shell' 0 "$(clients)"
finish
