# SPDX-License-Identifier: Apache-2.0
# boot.bash: lab_boot SECONDS COMMAND...: runs COMMAND in the lab.  Where the lab
# itself stands still or its kernel dies (README), it is booted again, twice at
# most, for what LAB_DONE does not have yet, and what fails inside is run again,
# twice at most; both are said.
lab_boot() {
	local limit=$1 try rc boots=3
	shift
	[ -e build/lab/root.erofs ] || tests/lab/lab setup || return 1
	export LAB_TRIES=${LAB_TRIES:-3} LAB_DONE=$PWD/build/lab-done NATIVE=$PWD/build/abi-native
	export LAB_ENV='LAB_TRIES LAB_DONE LIMIT NATIVE ROUNDS MODULES MODULE_LIMIT PROGRAMS'
	: >"$LAB_DONE"
	for ((try = 1; try <= boots; try++)); do
		tests/lab/lab run --smp 2 --mem "${LAB_MEM:-3072}" --timeout "$limit" --share "$PWD" -- "$@"
		rc=$?
		((rc == 124 || rc == 125)) || return $rc
		echo "again: the lab died or stood still: boot $try, status $rc"
	done
	return 1
}
