# SPDX-License-Identifier: Apache-2.0
# tidy.sh: clang-tidy has nothing to say (.clang-tidy says about what).
. tests/lib.sh
checks=1
make -k -j"$(nproc)" tidy >"$T/out" 2>&1 || fail "clang-tidy:"$'\n'"$(grep -v '^make' "$T/out")"
finish
