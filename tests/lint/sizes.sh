# SPDX-License-Identifier: Apache-2.0
# sizes.sh: file and Makefile lengths, SPDX lines (STYLE: sizes).
. tests/lib.sh
checks=1
while read -r n f; do
	[ "$f" = total ] || ((n <= 1000)) || fail "$f has $n lines, 1000 is too much"
done < <(git ls-files '*.c' '*.h' '*.S' '*.sh' '*.py' | xargs wc -l)
((($(wc -l <Makefile)) <= 200)) || fail 'Makefile has over 200 lines'
bad=$(git ls-files '*.c' '*.h' '*.S' '*.sh' '*.awk' '*.lds' '*.mk' '*.py' Makefile tools tests/run tests/lab .ci |
	grep -vE '\.(json|md|list|expected)$|README' | sort -u |
	xargs awk 'FNR == 1 { if (f && !ok) print f; f = FILENAME; ok = 0 }
		FNR <= 3 && /SPDX-License-Identifier: Apache-2.0/ { ok = 1 }
		END { if (f && !ok) print f }')
same 'files without an SPDX line' '' "$bad"
finish
