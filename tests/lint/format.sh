# SPDX-License-Identifier: Apache-2.0
# format.sh: clang-format has nothing to change.
. tests/lib.sh
bad=$(git ls-files '*.c' '*.h' | xargs clang-format --dry-run 2>&1 | sed -n 's/:[0-9]*:[0-9]*: .*//p' | sort | uniq -c | sort -rn)
same 'clang-format (make fmt)' '' "$bad"
finish
