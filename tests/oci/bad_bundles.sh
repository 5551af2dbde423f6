# SPDX-License-Identifier: Apache-2.0
# bad_bundles.sh: what is wrong with a bundle or a command line: one line that
# names it, the exit status, and nothing left behind.  No VM is started.
. tests/lib.sh
b=$T/b
head='"ociVersion":"1.0.2","root":{"path":"rootfs"}'
ok="{$head,\"process\":{\"args\":[\"true\"],\"cwd\":\"/\",\"env\":[\"PATH=/bin:/sbin\"]}}"

fresh() { # CONFIG: a bundle with a root and that config.json
	rm -rf "$b"
	mkdir -p "$b/rootfs/bin"
	printf '#!/bin/true\n' >"$b/rootfs/bin/true"
	chmod 755 "$b/rootfs/bin/true"
	printf '%s' "$1" >"$b/config.json"
}
says() { # STATUS LINE ARG...: kuni ARG... ends so, with that line alone
	local want=$1 line=$2 rc left
	shift 2
	timeout 10 "$KUNI" --root "$T/state" "$@" </dev/null >"$T/out" 2>"$T/err"
	rc=$?
	same "kuni $*: status" "$want" "$rc"
	same "kuni $*: line" "$line" "$(<"$T/err")"
	same "kuni $*: nothing on stdout" '' "$(<"$T/out")"
	left=$(ls -A "$T/state" 2>/dev/null)
	same "kuni $*: no state is left" '' "$left"
}
bad() { # STATUS LINE CONFIG: the message about a config.json, after its path
	fresh "$3"
	says "$1" "kuni: error: $b/config.json$2" run "$b"
}
with() { # FIELDS: a config.json with these members of process
	printf '{%s,"process":{"args":["true"],"cwd":"/",%s}}' "$head" "$1"
}
prog() { # PROGRAM [MOUNTS]
	printf '{%s,"process":{"args":["%s"],"cwd":"/","env":["PATH=/bin:/sbin"]}%s}' "$head" "$1" "${2:+,\"mounts\":[$2]}"
}

# the directory
says 1 "kuni: error: bundle $T/none: No such file or directory" run "$T/none"
says 1 "kuni: error: bundle $T/none: No such file or directory" run --bundle "$T/none" id
fresh "$ok"
rm "$b/config.json"
says 1 "kuni: error: $b/config.json: No such file or directory" run "$b"
mkdir "$b/config.json"
says 1 "kuni: error: $b/config.json: not a regular file" run "$b"
rmdir "$b/config.json"
mkfifo "$b/config.json"
says 1 "kuni: error: $b/config.json: not a regular file" run "$b"
rm "$b/config.json"
truncate -s 8388609 "$b/config.json"
says 1 "kuni: error: $b/config.json: 8388609 bytes, more than the limit of 8388608" run "$b"

# JSON: line and column
bad 1 ':1:0: unexpected token near end of file' ''
bad 1 ":3:1: string or '}' expected near '}'" $'{\n "a": 1,\n}'
bad 1 ":2:3: duplicate object key near '\"a\"'" $'{"a": 1,\n"a": 2}'
bad 1 ': expected an object, got []' '[]'
bad 1 ':1:33: nested more than 32 levels deep' "$(printf '[%.0s' {1..100000})"
fresh "$ok"
printf '{"a":"\xff"}' >"$b/config.json"
timeout 10 "$KUNI" run "$b" 2>"$T/err"
same 'bad UTF-8: status' 1 $?
same 'bad UTF-8: line' "kuni: error: $b/config.json:1:6: unable to decode byte 0xff" "$(sed 's/ near.*//' "$T/err")"

# types and values
bad 1 ': ociVersion: missing, expected a string' '{}'
bad 1 ': root: missing, expected an object' '{"ociVersion":"1.0.2","process":{"args":["a"],"cwd":"/"}}'
bad 1 ': process: missing, expected an object' "{$head}"
bad 1 ': process.args: expected an array of strings, got "sh"' "{$head,\"process\":{\"args\":\"sh\",\"cwd\":\"/\"}}"
bad 1 ': process.args: expected at least one string, got []' "{$head,\"process\":{\"args\":[],\"cwd\":\"/\"}}"
bad 1 ': process.cwd: expected an absolute path, got "tmp"' "{$head,\"process\":{\"args\":[\"a\"],\"cwd\":\"tmp\"}}"
bad 1 ': process.user.uid: expected an integer from 0 to 4294967295, got "root"' "$(with '"user":{"uid":"root"}')"
bad 1 ': process.env[1]: expected a string, got 7' "$(with '"env":["A=b",7]')"
bad 1 ': mounts[0].destination: expected an absolute path, got "proc"' "$(prog true '{"destination":"proc","type":"proc"}')"
bad 1 ': linux.resources.cpu.cpus: expected CPUs below 1024, as "0-3,7", got "0-"' "${ok%\}},\"linux\":{\"resources\":{\"cpu\":{\"cpus\":\"0-\"}}}}"
bad 1 ': linux.resources.memory.limit: expected an integer, got "64M"' "${ok%\}},\"linux\":{\"resources\":{\"memory\":{\"limit\":\"64M\"}}}}"
# a name cannot make a second line
bad 1 ': annotations.a?b: expected a string, got 1' "${ok%\}},\"annotations\":{\"a\\nb\":1}}"

# not honoured
fresh "${ok%\}},\"frob\":1,\"hooks\":{\"poststop\":[{\"path\":\"/x\"}],\"poststart\":[]}}"
says 1 "kuni: warning: not honoured path=frob reason=unknown-field
kuni: warning: not honoured path=hooks.poststop
kuni: error: $b/config.json: --strict: not honoured: frob reason=unknown-field, hooks.poststop" run --strict "$b"

# the root
fresh "$ok"
rm -r "$b/rootfs"
says 1 "kuni: error: $b/config.json: root.path: $b/rootfs: No such file or directory" run "$b"
touch "$b/rootfs"
says 1 "kuni: error: $b/config.json: root.path: $b/rootfs: Not a directory" run "$b"

# the program
fresh "$(prog nothing)"
says 127 'kuni: error: exec: "nothing": executable file not found in $PATH' run "$b"
fresh "$(prog '')"
says 127 'kuni: error: exec: "": executable file not found in $PATH' run "$b"
fresh "$(prog /bin/nothing)"
says 127 'kuni: error: exec: "/bin/nothing": stat /bin/nothing: No such file or directory' run "$b"
fresh "$(prog /bin/true/x)"
says 127 'kuni: error: exec: "/bin/true/x": stat /bin/true/x: No such file or directory' run "$b"
fresh "$(prog true)"
chmod 644 "$b/rootfs/bin/true"
says 127 'kuni: error: exec: "true": executable file not found in $PATH' run "$b"
fresh "$(prog /bin/true)"
chmod 644 "$b/rootfs/bin/true"
says 126 'kuni: error: exec: "/bin/true": Permission denied' run "$b"
fresh "$(prog /bin)"
says 126 'kuni: error: exec: "/bin": Permission denied' run "$b"
# a link that leads out of the root ends inside it: this is no /usr/bin/env
fresh "$(prog /bin/out/bin/env)"
mkdir "$b/rootfs/usr"
ln -s /usr "$b/rootfs/bin/out"
says 127 'kuni: error: exec: "/bin/out/bin/env": stat /bin/out/bin/env: No such file or directory' run "$b"
fresh "$(prog /bin/out/bin/env)"
mkdir "$b/rootfs/usr"
ln -s ../../../../../../../../../usr "$b/rootfs/bin/out"
says 127 'kuni: error: exec: "/bin/out/bin/env": stat /bin/out/bin/env: No such file or directory' run "$b"

# the command line
fresh "$ok"
says 1 'kuni: error: expected a command (see kuni --help)'
says 1 'kuni: error: unknown command "frob" (see kuni --help)' frob
says 1 'kuni: error: unknown option --frob (see kuni --help)' run --frob "$b"
says 1 'kuni: error: unknown option -x (see kuni --help)' -x run "$b"
says 1 "kuni: error: expected the bundle's directory" run
says 1 'kuni: error: unexpected argument "c"' run "$b" a c
says 1 'kuni: error: unexpected argument "a"' run --bundle "$b" id a
says 1 'kuni: error: --memory: expected a size from 64M to 64G, got "63M"' run --memory 63M "$b"
says 1 'kuni: error: --memory: expected a size from 64M to 64G, got "1T"' run --memory=1T "$b"
says 1 'kuni: error: --cpus: expected a number from 1 to 64, got "0"' --cpus 0 run "$b"
says 1 'kuni: error: --hypervisor: expected auto, kvm or qemu, got "xen"' --hypervisor xen run "$b"
says 1 'kuni: error: --timeline: expected json, got "xml"' --timeline=xml run "$b"
says 1 'kuni: error: --log-format: expected text or json, got "xml"' --log-format xml run "$b"
says 1 'kuni: error: --strict takes no value, got "1"' run --strict=1 "$b"
says 1 'kuni: error: --log: expected FILE' run "$b" --log
says 1 'kuni: error: --root means nothing to kuni check' check
says 1 "kuni: error: --log $T/none/log: No such file or directory" --log "$T/none/log" run "$b"
for id in . .. a/b 'a b' "$(printf 'a%.0s' {1..256})"; do
	says 1 "kuni: error: container ID \"${id:0:80}\": expected 1 to 255 letters, digits, or any of _ + - ." run "$b" "$id"
done

# the log: once on standard error, and as JSON in the file
"$KUNI" --log "$T/log" --log-format json run "$T/none" 2>"$T/err"
same 'with --log: status' 1 $?
same 'with --log: standard error' "kuni: error: bundle $T/none: No such file or directory" "$(<"$T/err")"
same 'with --log: the file' "{\"level\":\"error\",\"msg\":\"bundle $T/none: No such file or directory\",\"time\":\"T\"}" \
	"$(sed 's/"time":"20[0-9-]*T[0-9:]*Z"/"time":"T"/' "$T/log")"

# an ID that is in use, and a directory that a killed kuni left
fresh "$ok"
mkdir -p "$T/state/held"
exec 9<"$T/state/held"
flock -n 9
"$KUNI" --root "$T/state" run "$b" held 2>"$T/err"
same 'an ID in use: status' 1 $?
same 'an ID in use: line' "kuni: error: container with ID \"held\" exists already in $T/state" "$(<"$T/err")"
exec 9<&-
finish
