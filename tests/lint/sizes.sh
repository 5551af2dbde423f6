# SPDX-License-Identifier: Apache-2.0
# sizes.sh: file and Makefile lengths, SPDX lines (STYLE: sizes).
. tests/lib.sh
checks=1
while read -r n f; do
	[ "$f" = total ] || ((n <= 1000)) || fail "$f has $n lines, 1000 is too much"
done < <(git ls-files '*.c' '*.h' '*.S' '*.sh' '*.py' | xargs wc -l)
((($(wc -l <Makefile)) <= 200)) || fail 'Makefile has over 200 lines'
for f in $(git ls-files '*.c' '*.h' '*.S' '*.sh' '*.awk' '*.lds' '*.mk' '*.py' Makefile tools tests/run tests/lab .ci | sort -u); do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || [[ $f = *.json || $f = *.md || $f = *.list || $f = */README* || $f = *.expected ]] ||
		fail "$f: no SPDX line"
done
finish
