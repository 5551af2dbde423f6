# SPDX-License-Identifier: Apache-2.0
# boot.bash: lab_boot SECONDS COMMAND...: runs COMMAND in the lab.  Where the lab
# itself stands still or dies (README), it is booted again, twice at most, and said.
lab_boot() {
	local limit=$1 try rc
	shift
	[ -e build/lab/root.erofs ] || tests/lab/lab setup || return 1
	for try in 1 2 3; do
		tests/lab/lab run --smp 2 --mem 3072 --timeout "$limit" --share "$PWD" -- "$@"
		rc=$?
		((rc == 124 || rc == 125)) || return $rc
		echo "the lab stood still, boot $try, status $rc"
	done
	return 1
}
