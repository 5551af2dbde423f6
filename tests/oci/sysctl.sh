# SPDX-License-Identifier: Apache-2.0
# sysctl.sh: linux.sysctl: values are there before the program runs, whatever is
# read-only or not mounted then; what cannot be set is an error by name.
. tests/lib.sh
make_root "$T/b/rootfs"
run() { # SYSCTLS-JSON ARG...: its output and status
	local sysctls=$1
	shift
	LINUX=",\"sysctl\":{$sysctls}" make_bundle "$T/b" "$@"
	timeout 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null 2>"$T/err"
	echo "status $?"
}
refused() { # NAME SYSCTLS-JSON WORDS: status 1 and one line with all of these words
	local w
	same "$1: status" 'status 1' "$(run "$2" true)"
	same "$1: lines" 1 "$(wc -l <"$T/err")"
	for w in $3; do grep -qF -- "$w" "$T/err" || fail "$1: no '$w' in: $(<"$T/err")"; done
}
s=/proc/sys
same 'values' $'0\n0\t2147483647\n7\n60\nexample.org\n11\nstatus 0' "$(run \
	'"net.ipv4.ip_unprivileged_port_start":"0","net.ipv4.ping_group_range":"0 2147483647","net.core.somaxconn":"7",
	"net.ipv4.tcp_keepalive_time":"60","kernel.domainname":"example.org","fs/mqueue/queues_max":"11"' \
	cat $s/net/ipv4/ip_unprivileged_port_start $s/net/ipv4/ping_group_range $s/net/core/somaxconn \
	$s/net/ipv4/tcp_keepalive_time $s/kernel/domainname $s/fs/mqueue/queues_max)"
same 'nothing is said of it' '' "$(<"$T/err")"
# as docker sets it: a port below 1024 for anybody
listen='su -s /bin/sh nobody -c "timeout 1 nc -l -p 80 127.0.0.1"; echo $?'
grep -q ^nobody: "$T/b/rootfs/etc/passwd" || echo 'nobody:x:65534:65534:::/bin/sh' >>"$T/b/rootfs/etc/passwd"
low=$(run '"net.ipv4.ip_unprivileged_port_start":"80"' sh -c "$listen 2>/dev/null")
high=$(run '"net.ipv4.ip_unprivileged_port_start":"81"' sh -c "$listen 2>/dev/null")
same 'port 80 for nobody, from 80' $'143\nstatus 0' "$low"
same 'port 80 for nobody, from 81' $'1\nstatus 0' "$high"
refused 'a name that is not there' '"net.ipv4.frob":"1"' 'linux.sysctl net/ipv4/frob directory'
refused 'a folder' '"net.ipv4":"1"' 'linux.sysctl net/ipv4 directory'
refused 'below a file' '"kernel.ostype.x":"1"' 'linux.sysctl kernel/ostype/x'
refused 'a constant' '"kernel.ostype":"BSD"' 'linux.sysctl kernel/ostype denied'
refused 'a bad value' '"net.core.somaxconn":"many"' 'linux.sysctl net/core/somaxconn Invalid'
refused 'a value out of range' '"net.ipv4.ip_unprivileged_port_start":"65536"' 'linux.sysctl ip_unprivileged_port_start Invalid'
refused 'the name of the host' '"kernel.hostname":"x"' 'linux.sysctl kernel.hostname hostname'
refused 'twice' '"net.core.somaxconn":"7","net/core/somaxconn":"8"' 'linux.sysctl net/core/somaxconn second'
refused 'no string' '"net.core.somaxconn":7' 'linux.sysctl string'
finish
