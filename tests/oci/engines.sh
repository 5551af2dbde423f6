# SPDX-License-Identifier: Apache-2.0
# engines.sh: config.json as docker, podman, ctr and CRI write it, run: with a
# root of ours, and sources of binds below $T in place of the engine's.
. tests/lib.sh
make_root "$T/b/rootfs"
mkdir "$T/source"
echo bound >"$T/file"
adapt() { # FIXTURE: paths of this machine, a program that looks around
	python3 - "$1" "$T" <<'PY'
import json, os, sys
fixture, t = sys.argv[1:]
c = json.load(open(fixture))
c['root']['path'] = 'rootfs'
n = 0
for m in c['mounts']:
    if m.get('type') == 'bind' or {'bind', 'rbind'} & set(m.get('options', [])):
        n += 1
        name = os.path.basename(m['destination'])
        file = '.' in name or name in ('hosts', 'hostname')
        m['source'] = t + ('/file' if file else '/source')
c['process']['args'] = ['sh', '-c', 'echo started; id -u; pwd; for f in null zero full random urandom tty ptmx fd; do test -e /dev/$f || echo no /dev/$f; done; '
    'test -d /dev/shm && echo shm; test -e /etc/resolv.conf && cat /etc/resolv.conf; exit 3']
json.dump(c, open(t + '/b/config.json', 'w'))
print(c['process'].get('user', {}).get('uid', 0), c['process']['cwd'], any(m['destination'] == '/etc/resolv.conf' for m in c['mounts']))
PY
}
for f in tests/oci/fixtures/*.json; do
	name=$(basename "$f" .json)
	read -r uid cwd resolv < <(adapt "$f")
	rm -f "$T/b/rootfs/etc/resolv.conf"
	timeout 100 "$KUNI" --root "$T/state" --memory 256M ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" 2>"$T/err"
	same "$name: status" 3 $?
	want=$'started\n'$uid$'\n'$cwd$'\nshm'
	[ "$resolv" = False ] || want+=$'\nbound'
	same "$name: what it sees" "$want" "$(<"$T/out")"
	same "$name: only warnings on stderr" '' "$(grep -v '^kuni: warning: ' "$T/err")"
done
finish
