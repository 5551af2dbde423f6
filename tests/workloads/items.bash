# SPDX-License-Identifier: Apache-2.0
# items.bash: what debian.sh, compile.sh, python.sh and langs.sh share; sourced after
# roots.bash and lib.sh.  They are lists of items, shell text that says what it
# saw: all of a list is run natively (in_root) and in one guest, and each item
# must print the same and end alike.
#
#   item NAME <<'SH'     adds one; run by bash, in its own directory, in order
#   run_items CPUS       runs them and compares
#   ROOT                 name and packages of the root (debian)
#   SECONDS_GUEST        how long the guest may take (300)
#   ASLR=1               with addresses as they come: QEMU 7.2's TCG translates
#                        code anew for each address that it is found at, which
#                        makes an exec five times as long; off by default
#   LOGS=DIR             keeps what both said
ROOT=(debian "${DEBIAN[@]}")
items=0
mkdir -p "$T/items"

item() {
	items=$((items + 1))
	echo "$1" >"$T/items/$items.name"
	cat >"$T/items/$items.item"
}

run_items() {
	local i run=() log=${LOGS:+$LOGS/$(basename "$0" .sh)} side
	debian_root "${ROOT[@]}" || exit
	use_root "${ROOT[0]}" "$T/native"
	use_root "${ROOT[0]}" "$T/b/rootfs"
	cat >"$T/items/all" <<-'SH'
		for i in $(seq "$1"); do
			mkdir -p /root/$i && cd /root/$i || exit
			start=$(date +%s%N)
			bash /items/$i.item </dev/null >/items/$i.out 2>&1
			echo "status $?" >>/items/$i.out
			echo $((($(date +%s%N) - start) / 1000000)) >/items/$i.ms
		done
	SH
	for side in native b/rootfs; do cp -r "$T/items" "$T/$side/items"; done
	[ -n "${ASLR:-}" ] || run=(setarch -R)
	in_root "$T/native" "${run[@]}" bash /items/all $items </dev/null
	make_counted "$T/b" "${run[@]}" bash /items/all $items
	timeout -k 5 "${SECONDS_GUEST:-300}" "$KUNI" --root "$T/state" ${KUNI_OPTS:-} --cpus "$1" --memory 2G run "$T/b" </dev/null
	same 'the guest ends well' 0 $?
	for ((i = 1; i <= items; i++)); do
		echo "$(<"$T/items/$i.name"): native $(cat "$T/native/items/$i.ms") ms, guest $(cat "$T/b/rootfs/items/$i.ms") ms"
		[ -z "$log" ] || { mkdir -p "$log" && cp "$T/native/items/$i.out" "$log/$i.native" && cp "$T/b/rootfs/items/$i.out" "$log/$i.guest"; }
		check "$(<"$T/items/$i.name")" diff -a --label native --label guest "$T/native/items/$i.out" "$T/b/rootfs/items/$i.out" >&2
	done
}
