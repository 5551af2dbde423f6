# SPDX-License-Identifier: Apache-2.0
# programs.sh: the C programs of c/, static, with musl and with glibc: natively
# first, then in a guest of four CPUs; they print what they saw, and must print
# the same and end alike.  BUILD_ONLY: for the lab, where there is no compiler.
. tests/lib.sh
mkdir -p build/workloads
programs=()
for c in tests/workloads/c/*.c; do
	for cc in musl-gcc gcc; do
		n=$(basename "$c" .c).$cc
		[ "build/workloads/$n" -nt "$c" ] || $cc -O2 -g -static -D_GNU_SOURCE -pthread -Wall -Werror -o "build/workloads/$n" "$c" ||
			{ fail "$c does not compile with $cc"; continue; }
		programs+=("$n")
	done
done
[ -z "${BUILD_ONLY:-}" ] || exit $((failures > 0))
r=$T/b/rootfs
make_root "$r"
mkdir -p "$T/native" "$r/w"
for n in "${programs[@]}"; do
	cp "build/workloads/$n" "$r/bin/"
	(cd "$T/native" && timeout 120 "$OLDPWD/build/workloads/$n"; echo "status $?") >"$T/$n.native" 2>&1
	check "$n ends well natively" grep -qx 'status 0' "$T/$n.native"
	make_counted "$T/b" sh -c "cd /w && exec $n"
	{ timeout 180 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} --cpus 4 run "$T/b" </dev/null; echo "status $?"; } >"$T/$n.guest" 2>&1
	same "$n" "$(<"$T/$n.native")" "$(<"$T/$n.guest")"
done
same 'the sparse files are gone' '' "$(ls -A "$r/w")"
finish
